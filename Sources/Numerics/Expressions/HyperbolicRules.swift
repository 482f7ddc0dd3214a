import Glibc

// Hyperbolic functions and their inverses.

/// The hyperbolic sine.
enum SinhRule: UnaryRule {
    static let name = "sinh"
    static func value(_ x: Double) -> Double { sinh(x) }
    static func first(_ x: Double, _ y: Double) -> Double { cosh(x) }
    static func second(_ x: Double, _ y: Double) -> Double { y }
}

/// The hyperbolic cosine.
enum CoshRule: UnaryRule {
    static let name = "cosh"
    static func value(_ x: Double) -> Double { cosh(x) }
    static func first(_ x: Double, _ y: Double) -> Double { sinh(x) }
    static func second(_ x: Double, _ y: Double) -> Double { y }
}

/// The hyperbolic tangent; its derivative is 1 / cosh^2, which keeps its digits for large x.
enum TanhRule: UnaryRule {
    static let name = "tanh"
    static func value(_ x: Double) -> Double { tanh(x) }
    static func first(_ x: Double, _ y: Double) -> Double { Sigmoid.first(2 * x) * 4 }
    static func second(_ x: Double, _ y: Double) -> Double { -2 * y * (Sigmoid.first(2 * x) * 4) }
}

/// The inverse of sinh.
enum ArcsinhRule: UnaryRule {
    static let name = "arcsinh"
    static func value(_ x: Double) -> Double { asinh(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / hypot(1, x) }
    static func second(_ x: Double, _ y: Double) -> Double { -(x / hypot(1, x)) / hypot(1, x) / hypot(1, x) }
}

/// The inverse of cosh.
enum ArccoshRule: UnaryRule {
    static let name = "arccosh"
    static func value(_ x: Double) -> Double { acosh(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / ((x - 1).squareRoot() * (x + 1).squareRoot()) }
    static func second(_ x: Double, _ y: Double) -> Double { -x / ((x - 1) * (x + 1) * (x - 1).squareRoot() * (x + 1).squareRoot()) }
}

/// The inverse of tanh.
enum ArctanhRule: UnaryRule {
    static let name = "arctanh"
    static func value(_ x: Double) -> Double { atanh(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / ((1 - x) * (1 + x)) }
    static func second(_ x: Double, _ y: Double) -> Double { 2 * x / ((1 - x) * (1 + x) * (1 - x) * (1 + x)) }
}
