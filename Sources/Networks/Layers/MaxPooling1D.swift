import Core

/// The largest element of windows of steps.
enum MaxPooling1D {
    static let entry = Pooling.entry(
        "MaxPooling1D", alias: "MaxPool1D", .largest, rank: 1, "largest element of windows of steps, channels last")
}
