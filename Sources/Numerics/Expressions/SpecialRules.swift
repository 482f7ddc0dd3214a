import Glibc

// The error function and the logarithm of the gamma function.

/// The error function.
enum ErfRule: UnaryRule {
    static let name = "erf"
    static func value(_ x: Double) -> Double { erf(x) }
    static func first(_ x: Double, _ y: Double) -> Double { M_2_SQRTPI * exp(-x * x) }
    static func second(_ x: Double, _ y: Double) -> Double { -2 * x * (M_2_SQRTPI * exp(-x * x)) }
}

/// 1 - erf(x)
enum ErfcRule: UnaryRule {
    static let name = "erfc"
    static func value(_ x: Double) -> Double { erfc(x) }
    static func first(_ x: Double, _ y: Double) -> Double { -M_2_SQRTPI * exp(-x * x) }
    static func second(_ x: Double, _ y: Double) -> Double { 2 * x * (M_2_SQRTPI * exp(-x * x)) }
}

/// The logarithm of the magnitude of the gamma function.
enum GammalnRule: UnaryRule {
    static let name = "gammaln"
    static func value(_ x: Double) -> Double { logGamma(x) }
    static func first(_ x: Double, _ y: Double) -> Double { Polygamma.digamma(x) }
    static func second(_ x: Double, _ y: Double) -> Double { Polygamma.trigamma(x) }
}

private func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}
