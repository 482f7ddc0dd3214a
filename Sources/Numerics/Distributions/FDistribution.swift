import Core
import Glibc

/// Fisher's F: the ratio of two chi-squared variates, each divided by its degrees of freedom.
package struct FDistribution: Distribution {
    package static let kind = "f"
    package static let doc = "Fisher's F."
    package static let specs = [
        ParameterSpec(
            "dfn", .real(from: 0, to: .infinity, open: true), default: nil, "Degrees of freedom of the numerator."),
        ParameterSpec(
            "dfd", .real(from: 0, to: .infinity, open: true), default: nil, "Degrees of freedom of the denominator."),
    ]
    package static let isDiscrete = false
    private let a: Double
    private let b: Double

    package init(_ parameters: Parameters) {
        a = parameters.real("dfn") / 2
        b = parameters.real("dfd") / 2
    }

    /// The beta variate a x / (a x + b), its complement, and delta = a y - b x without cancellation.
    private func beta(_ x: Double) -> (Double, Double, Double) {
        let ratio = a / b * x
        if ratio < 1 {
            let y = 1 / (1 + ratio)
            return (ratio * y, y, a * y * (1 - x))
        }
        let inverse = 1 / ratio
        let share = 1 / (1 + inverse)
        return (share, inverse * share, a * (inverse * share) * (1 - x))
    }

    private func scaledDensity(_ x: Double) -> Scaled {
        let ratio = a / b * x
        if ratio < 1e-5, a < 10, b * ratio < 1 {
            // The power of x as it is: the prefix would take a logarithm of x off again.
            let constant = a * log(a / b) - LogGamma.logGamma1p(a) + LogGamma.ratio(a, b)
            return Scaled(exponent: (a - 1) * log(x) + constant - (a + b) * log1p(ratio), factor: a)
        }
        let (u, v, delta) = beta(x)
        guard u > 0, v > 0 else { return Scaled(exponent: -.infinity) }
        return IncompleteBeta.prefix(a, b, u, v, delta: delta).divided(by: x)
    }

    private func atZero() -> Double { a < 1 ? .infinity : a == 1 ? 1 : 0 }

    package func density(_ x: Double) -> Double {
        if x <= 0 || x == .infinity { return x == 0 ? atZero() : 0 }
        return scaledDensity(x).value
    }
    package func logDensity(_ x: Double) -> Double {
        if x <= 0 || x == .infinity { return x == 0 ? log(atZero()) : -.infinity }
        return scaledDensity(x).log
    }
    package func tails(_ x: Double) -> Tails {
        if x <= 0 { return .before }
        if x == .infinity { return .beyond }
        let ratio = a / b * x
        if ratio < 1e-290, b * ratio < 0x1p-60 {
            // The first term is all there is, and the beta variate itself would underflow.
            let logarithm = a * (log(x) + log(a / b)) - LogGamma.logGamma1p(a) + LogGamma.ratio(a, b)
            return logarithm > -1
                ? Tails(lower: exp(logarithm), upper: -expm1(min(logarithm, 0)))
                : Tails(lower: Scaled(exponent: logarithm))
        }
        let (u, v, delta) = beta(x)
        return IncompleteBeta.tails(a, b, u, v, delta: delta)
    }
    package func quantile(_ p: Double) -> Double { solve(p, 1 - p) }
    package func inverseSurvival(_ q: Double) -> Double { solve(1 - q, q) }

    private func solve(_ p: Double, _ q: Double) -> Double {
        QuantileSearch.solve(
            lower: p, upper: q, start: 1, tails: { tails($0) }, logDensity: { logDensity($0) })
    }

    package var support: (Double, Double) { (0, .infinity) }
    package var moments: DistributionMoments {
        let m = 2 * a
        let n = 2 * b
        let mean = n > 2 ? n / (n - 2) : .infinity
        let variance = n > 4 ? 2 * mean * mean * (m + n - 2) / (m * (n - 4)) : .infinity
        let skewness =
            n > 6 ? (2 * m + n - 2) * (8 * (n - 4)).squareRoot() / ((n - 6) * (m * (m + n - 2)).squareRoot()) : .nan
        let top = m * (5 * n - 22) * (m + n - 2) + (n - 4) * (n - 2) * (n - 2)
        let kurtosis = n > 8 ? 12 * top / (m * (n - 6) * (n - 8) * (m + n - 2)) : .nan
        return DistributionMoments(mean: mean, variance: variance, skewness: skewness, kurtosis: kurtosis)
    }
    package func draw(_ source: inout RandomSource) -> Double {
        let top = source.logGamma(a) - log(a)
        return exp(top - (source.logGamma(b) - log(b)))
    }
}
