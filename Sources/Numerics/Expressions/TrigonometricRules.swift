import Glibc

// Circular functions and their inverses.

/// The sine of radians.
enum SinRule: UnaryRule {
    static let name = "sin"
    static func value(_ x: Double) -> Double { sin(x) }
    static func first(_ x: Double, _ y: Double) -> Double { cos(x) }
    static func second(_ x: Double, _ y: Double) -> Double { -y }
}

/// The cosine of radians.
enum CosRule: UnaryRule {
    static let name = "cos"
    static func value(_ x: Double) -> Double { cos(x) }
    static func first(_ x: Double, _ y: Double) -> Double { -sin(x) }
    static func second(_ x: Double, _ y: Double) -> Double { -y }
}

/// The tangent of radians.
enum TanRule: UnaryRule {
    static let name = "tan"
    static func value(_ x: Double) -> Double { tan(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 + y * y }
    static func second(_ x: Double, _ y: Double) -> Double { 2 * y * (1 + y * y) }
}

/// The inverse of the sine.
enum ArcsinRule: UnaryRule {
    static let name = "arcsin"
    static func value(_ x: Double) -> Double { asin(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / ((1 - x) * (1 + x)).squareRoot() }
    static func second(_ x: Double, _ y: Double) -> Double { x / ((1 - x) * (1 + x) * ((1 - x) * (1 + x)).squareRoot()) }
}

/// The inverse of the cosine.
enum ArccosRule: UnaryRule {
    static let name = "arccos"
    static func value(_ x: Double) -> Double { acos(x) }
    static func first(_ x: Double, _ y: Double) -> Double { -1 / ((1 - x) * (1 + x)).squareRoot() }
    static func second(_ x: Double, _ y: Double) -> Double { -x / ((1 - x) * (1 + x) * ((1 - x) * (1 + x)).squareRoot()) }
}

/// The inverse of the tangent.
enum ArctanRule: UnaryRule {
    static let name = "arctan"
    static func value(_ x: Double) -> Double { atan(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / (1 + x * x) }
    static func second(_ x: Double, _ y: Double) -> Double { -2 * (x / (1 + x * x)) / (1 + x * x) }
}
