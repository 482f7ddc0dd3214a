import Glibc

// Signs, powers and roots.

/// -x
enum NegativeRule: UnaryRule {
    static let name = "negative"
    static func value(_ x: Double) -> Double { -x }
    static func first(_ x: Double, _ y: Double) -> Double { -1 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// |x|; the derivative at 0 is 0.
enum AbsoluteRule: UnaryRule {
    static let name = "absolute"
    static func value(_ x: Double) -> Double { x.magnitude }
    static func first(_ x: Double, _ y: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// -1, 0 or 1; the derivative is 0.
enum SignRule: UnaryRule {
    static let name = "sign"
    static func value(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// x^2
enum SquareRule: UnaryRule {
    static let name = "square"
    static func value(_ x: Double) -> Double { x * x }
    static func first(_ x: Double, _ y: Double) -> Double { 2 * x }
    static func second(_ x: Double, _ y: Double) -> Double { 2 }
}

/// The square root; the derivative at 0 is infinite.
enum SqrtRule: UnaryRule {
    static let name = "sqrt"
    static func value(_ x: Double) -> Double { x.squareRoot() }
    static func first(_ x: Double, _ y: Double) -> Double { 0.5 / y }
    static func second(_ x: Double, _ y: Double) -> Double { -0.25 / (x * y) }
}

/// The cube root; the derivative at 0 is infinite.
enum CbrtRule: UnaryRule {
    static let name = "cbrt"
    static func value(_ x: Double) -> Double { cbrt(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / (3 * y * y) }
    static func second(_ x: Double, _ y: Double) -> Double { -2 / (9 * x * y * y) }
}

/// 1 / x
enum ReciprocalRule: UnaryRule {
    static let name = "reciprocal"
    static func value(_ x: Double) -> Double { 1 / x }
    static func first(_ x: Double, _ y: Double) -> Double { -y * y }
    static func second(_ x: Double, _ y: Double) -> Double { 2 * y * y * y }
}
