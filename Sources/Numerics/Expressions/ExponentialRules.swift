import Glibc

// Exponentials and logarithms.

/// e^x
enum ExpRule: UnaryRule {
    static let name = "exp"
    static func value(_ x: Double) -> Double { exp(x) }
    static func first(_ x: Double, _ y: Double) -> Double { y }
    static func second(_ x: Double, _ y: Double) -> Double { y }
}

/// 2^x
enum Exp2Rule: UnaryRule {
    static let name = "exp2"
    static func value(_ x: Double) -> Double { exp2(x) }
    static func first(_ x: Double, _ y: Double) -> Double { y * M_LN2 }
    static func second(_ x: Double, _ y: Double) -> Double { y * (M_LN2 * M_LN2) }
}

/// e^x - 1
enum Expm1Rule: UnaryRule {
    static let name = "expm1"
    static func value(_ x: Double) -> Double { expm1(x) }
    static func first(_ x: Double, _ y: Double) -> Double { exp(x) }
    static func second(_ x: Double, _ y: Double) -> Double { exp(x) }
}

/// The natural logarithm.
enum LogRule: UnaryRule {
    static let name = "log"
    static func value(_ x: Double) -> Double { log(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / x }
    static func second(_ x: Double, _ y: Double) -> Double { -1 / (x * x) }
}

/// The logarithm to base 2.
enum Log2Rule: UnaryRule {
    static let name = "log2"
    static func value(_ x: Double) -> Double { log2(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / (x * M_LN2) }
    static func second(_ x: Double, _ y: Double) -> Double { -1 / (x * x * M_LN2) }
}

/// The logarithm to base 10.
enum Log10Rule: UnaryRule {
    static let name = "log10"
    static func value(_ x: Double) -> Double { log10(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / (x * M_LN10) }
    static func second(_ x: Double, _ y: Double) -> Double { -1 / (x * x * M_LN10) }
}

/// log(1 + x)
enum Log1pRule: UnaryRule {
    static let name = "log1p"
    static func value(_ x: Double) -> Double { log1p(x) }
    static func first(_ x: Double, _ y: Double) -> Double { 1 / (1 + x) }
    static func second(_ x: Double, _ y: Double) -> Double { -1 / ((1 + x) * (1 + x)) }
}

/// 1 / (1 + e^-x), without overflow and with all digits for large negative x.
enum SigmoidRule: UnaryRule {
    static let name = "sigmoid"
    static func value(_ x: Double) -> Double { Sigmoid.value(x) }
    static func first(_ x: Double, _ y: Double) -> Double { Sigmoid.first(x) }
    static func second(_ x: Double, _ y: Double) -> Double { Sigmoid.first(x) * -tanh(x / 2) }
}

/// log(1 + e^x), without overflow.
enum SoftplusRule: UnaryRule {
    static let name = "softplus"
    static func value(_ x: Double) -> Double { max(x, 0) + log1p(exp(-x.magnitude)) }
    static func first(_ x: Double, _ y: Double) -> Double { Sigmoid.value(x) }
    static func second(_ x: Double, _ y: Double) -> Double { Sigmoid.first(x) }
}

/// The logistic function, shared by the rules that need it.
enum Sigmoid {
    static func value(_ x: Double) -> Double {
        let decay = exp(-x.magnitude)
        return x >= 0 ? 1 / (1 + decay) : decay / (1 + decay)
    }

    /// s (1 - s), without cancellation.
    static func first(_ x: Double) -> Double {
        let decay = exp(-x.magnitude)
        return decay / ((1 + decay) * (1 + decay))
    }
}
