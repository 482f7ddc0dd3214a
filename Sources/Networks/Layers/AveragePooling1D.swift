import Core

/// The mean of windows of steps.
enum AveragePooling1D {
    static let entry = Pooling.entry(
        "AveragePooling1D", alias: "AvgPool1D", .mean, rank: 1, "mean of windows of steps, channels last")
}
