// Comparisons and logic: 0 or 1, with the derivative 0.

/// Whether a equals b.
enum EqualRule: ConstantRule {
    static let name = "equal"
    static func value(_ a: Double, _ b: Double) -> Double { a == b ? 1 : 0 }
}

/// Whether a differs from b.
enum NotEqualRule: ConstantRule {
    static let name = "not_equal"
    static func value(_ a: Double, _ b: Double) -> Double { a != b ? 1 : 0 }
}

/// Whether a < b.
enum LessRule: ConstantRule {
    static let name = "less"
    static func value(_ a: Double, _ b: Double) -> Double { a < b ? 1 : 0 }
}

/// Whether a <= b.
enum LessEqualRule: ConstantRule {
    static let name = "less_equal"
    static func value(_ a: Double, _ b: Double) -> Double { a <= b ? 1 : 0 }
}

/// Whether a > b.
enum GreaterRule: ConstantRule {
    static let name = "greater"
    static func value(_ a: Double, _ b: Double) -> Double { a > b ? 1 : 0 }
}

/// Whether a >= b.
enum GreaterEqualRule: ConstantRule {
    static let name = "greater_equal"
    static func value(_ a: Double, _ b: Double) -> Double { a >= b ? 1 : 0 }
}

/// Whether both are not 0.
enum LogicalAndRule: ConstantRule {
    static let name = "logical_and"
    static func value(_ a: Double, _ b: Double) -> Double { a != 0 && b != 0 ? 1 : 0 }
}

/// Whether either is not 0.
enum LogicalOrRule: ConstantRule {
    static let name = "logical_or"
    static func value(_ a: Double, _ b: Double) -> Double { a != 0 || b != 0 ? 1 : 0 }
}

/// Whether just one is not 0.
enum LogicalXorRule: ConstantRule {
    static let name = "logical_xor"
    static func value(_ a: Double, _ b: Double) -> Double { (a != 0) != (b != 0) ? 1 : 0 }
}
