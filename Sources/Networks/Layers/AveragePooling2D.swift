import Core

/// The mean of windows of a picture.
enum AveragePooling2D {
    static let entry = Pooling.entry(
        "AveragePooling2D", alias: "AvgPool2D", .mean, rank: 2, "mean of windows of a picture, channels last")
}
