// Functions of steps, whose derivative is 0 (at the steps too), and the ramp.

/// The largest whole number not above x.
enum FloorRule: UnaryRule {
    static let name = "floor"
    static func value(_ x: Double) -> Double { x.rounded(.down) }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// The smallest whole number not below x.
enum CeilRule: UnaryRule {
    static let name = "ceil"
    static func value(_ x: Double) -> Double { x.rounded(.up) }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// x without its fraction.
enum TruncRule: UnaryRule {
    static let name = "trunc"
    static func value(_ x: Double) -> Double { x.rounded(.towardZero) }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// The nearest whole number, halves to even.
enum RintRule: UnaryRule {
    static let name = "rint"
    static func value(_ x: Double) -> Double { x.rounded(.toNearestOrEven) }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// Whether x is 0.
enum LogicalNotRule: UnaryRule {
    static let name = "logical_not"
    static func value(_ x: Double) -> Double { x == 0 ? 1 : 0 }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// Whether x is NaN.
enum IsNaNRule: UnaryRule {
    static let name = "isnan"
    static func value(_ x: Double) -> Double { x.isNaN ? 1 : 0 }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// Whether x is infinite.
enum IsInfRule: UnaryRule {
    static let name = "isinf"
    static func value(_ x: Double) -> Double { x.isInfinite ? 1 : 0 }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// Whether x is neither infinite nor NaN.
enum IsFiniteRule: UnaryRule {
    static let name = "isfinite"
    static func value(_ x: Double) -> Double { x.isFinite ? 1 : 0 }
    static func first(_ x: Double, _ y: Double) -> Double { 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}

/// max(x, 0); the derivative at 0 is 0.
enum ReluRule: UnaryRule {
    static let name = "relu"
    static func value(_ x: Double) -> Double { x > 0 ? x : x.isNaN ? x : 0 }
    static func first(_ x: Double, _ y: Double) -> Double { x > 0 ? 1 : x.isNaN ? x : 0 }
    static func second(_ x: Double, _ y: Double) -> Double { 0 }
}
