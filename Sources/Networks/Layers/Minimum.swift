import Core

/// The smallest of two or more inputs, element by element.
enum Minimum {
    static let entry = Merging.entry("Minimum", .smallest, "smallest of two or more inputs")
}
