import Core

/// The largest of two or more inputs, element by element.
enum Maximum {
    static let entry = Merging.entry("Maximum", .largest, "largest of two or more inputs")
}
