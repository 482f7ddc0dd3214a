import Core

/// The product of two or more inputs, element by element.
enum Multiply {
    static let entry = Merging.entry("Multiply", .product, "product of two or more inputs")
}
