import Core

/// The mean of each channel of a picture.
enum GlobalAveragePooling2D {
    static let entry = GlobalPooling.entry("GlobalAveragePooling2D", alias: "GlobalAvgPool2D", .mean, rank: 2, "mean of each channel of a picture")
}
