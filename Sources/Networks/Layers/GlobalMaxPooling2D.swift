import Core

/// The largest element of each channel of a picture.
enum GlobalMaxPooling2D {
    static let entry = GlobalPooling.entry("GlobalMaxPooling2D", alias: "GlobalMaxPool2D", .largest, rank: 2, "largest element of each channel of a picture")
}
