import Core

/// The mean of two or more inputs, element by element.
enum Average {
    static let entry = Merging.entry("Average", .mean, "mean of two or more inputs")
}
