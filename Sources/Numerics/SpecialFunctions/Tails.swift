import Glibc

/// A number as e^exponent x factor, for what would underflow.
package struct Scaled: Sendable {
    package var exponent: Double
    package var factor: Double

    @inline(__always)
    package init(exponent: Double, factor: Double = 1) {
        self.exponent = exponent
        self.factor = factor
    }

    package var value: Double {
        if exponent > -700 { return exp(exponent) * factor }
        let half = exp(exponent / 2)
        return half * factor * half
    }

    package var log: Double { exponent + Glibc.log(factor) }

    package func times(_ other: Double) -> Scaled { Scaled(exponent: exponent, factor: factor * other) }

    /// A quotient that does not overflow.
    package func divided(by other: Double) -> Scaled {
        let quotient = factor / other
        return quotient.isFinite
            ? Scaled(exponent: exponent, factor: quotient)
            : Scaled(exponent: exponent - Glibc.log(other), factor: factor)
    }
}

/// Both tails of a distribution at a point: P(X <= x) and P(X > x), the smaller one with its full relative accuracy, and
/// their logarithms.
package struct Tails: Sendable {
    package let lower: Double
    package let upper: Double
    /// The tail that was computed itself, where it may underflow.
    private let direct: Scaled?
    private let isLower: Bool

    /// From the lower tail.
    package init(lower: Scaled) {
        let value = lower.value
        self.lower = min(value, 1)
        upper = max(1 - value, 0)
        direct = lower
        isLower = true
    }

    /// From the upper tail.
    package init(upper: Scaled) {
        let value = upper.value
        self.upper = min(value, 1)
        lower = max(1 - value, 0)
        direct = upper
        isLower = false
    }

    /// From both.
    package init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
        direct = nil
        isLower = true
    }

    private init(lower: Double, upper: Double, direct: Scaled?, isLower: Bool) {
        self.lower = lower
        self.upper = upper
        self.direct = direct
        self.isLower = isLower
    }

    package static let nan = Tails(lower: .nan, upper: .nan)

    /// All mass above, or below, the point.
    package static let before = Tails(lower: 0, upper: 1)
    package static let beyond = Tails(lower: 1, upper: 0)

    /// The tails with their names changed, as of -X.
    package var swapped: Tails { Tails(lower: upper, upper: lower, direct: direct, isLower: !isLower) }

    package var logLower: Double { logarithm(lower, upper, isDirect: isLower) }
    package var logUpper: Double { logarithm(upper, lower, isDirect: !isLower) }

    private func logarithm(_ value: Double, _ other: Double, isDirect: Bool) -> Double {
        if isDirect, value < 1e-290, let direct { return direct.log }
        return value < 0.5 ? log(value) : log1p(-other)
    }
}

extension Tails {
    /// The upper half of a symmetric distribution, from the mass inside of [-x, x] and that of both tails.
    package init(halving both: Tails) {
        let upper = both.upper / 2
        self.init(
            lower: 1 - upper, upper: upper,
            direct: both.isLower ? nil : both.direct?.times(0.5), isLower: false)
    }
}
