import Core

/// The largest element of windows of a picture.
enum MaxPooling2D {
    static let entry = Pooling.entry(
        "MaxPooling2D", alias: "MaxPool2D", .largest, rank: 2, "largest element of windows of a picture, channels last")
}
