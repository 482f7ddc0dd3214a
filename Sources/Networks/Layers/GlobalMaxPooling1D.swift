import Core

/// The largest element of each channel of a sequence.
enum GlobalMaxPooling1D {
    static let entry = GlobalPooling.entry("GlobalMaxPooling1D", alias: "GlobalMaxPool1D", .largest, rank: 1, "largest element of each channel of a sequence")
}
