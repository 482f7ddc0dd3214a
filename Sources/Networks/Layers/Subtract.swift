import Core

/// The difference of two inputs, element by element.
enum Subtract {
    static let entry = Merging.entry("Subtract", .difference, "difference of two inputs")
}
