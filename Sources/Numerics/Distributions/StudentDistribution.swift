import Core
import Glibc

/// (1 + x^2 / df)^(-(df + 1) / 2) / (sqrt(df) B(df / 2, 1 / 2)).
package struct StudentDistribution: Distribution {
    package static let kind = "student_t"
    package static let doc = "Student's t."
    package static let specs = [
        ParameterSpec("df", .real(from: 0, to: .infinity, open: true), default: nil, "Degrees of freedom.")
    ]
    package static let isDiscrete = false
    private let df: Double

    package init(_ parameters: Parameters) { df = parameters.real("df") }

    private func scaledDensity(_ x: Double) -> Scaled {
        let half = df / 2
        let t = abs(x)
        // log(1 + t^2 / df), for t whose square does not fit too
        let logarithm = t < 1e150 ? log1p(t / df * t) : 2 * (log(t) - 0.5 * log(df))
        let exponent = -(half + 0.5) * logarithm
        // Gamma(half + 1/2) / Gamma(half), by its logarithm
        return Scaled(exponent: exponent + LogGamma.ratio(0.5, half) - 0.5 * log(df), factor: 0.5641895835477562869)
    }

    package func density(_ x: Double) -> Double { x.isInfinite ? 0 : scaledDensity(x).value }
    package func logDensity(_ x: Double) -> Double { x.isInfinite ? -.infinity : scaledDensity(x).log }

    /// Central mass P(|X| <= t) and both tails together, t > 0.
    private func folded(_ t: Double) -> Tails {
        let square = t * t
        // The leading terms where the square is no number: 2 t f(0), and y^b / (b B(1/2, b)) with y = df / t^2.
        if square < 1e-290 { return Tails(lower: scaledDensity(0).times(2 * t)) }
        if square > 1e290 {
            let half = df / 2
            let exponent = half * (log(df) - 2 * log(t)) + LogGamma.ratio(0.5, half) - log(half)
            return Tails(upper: Scaled(exponent: exponent, factor: 0.5641895835477562869))
        }
        let sum = df + square
        return IncompleteBeta.tails(
            0.5, df / 2, square / sum, df / sum, delta: 0.5 * (df / sum) * (1 - square))
    }

    package func tails(_ x: Double) -> Tails {
        if x == 0 { return Tails(lower: 0.5, upper: 0.5) }
        if x.isInfinite { return x < 0 ? .before : .beyond }
        let both = folded(abs(x))
        // P(X > |x|) is half of both tails.
        let outer =
            both.upper > 0.4
            ? Tails(lower: 0.5 + both.lower / 2, upper: 0.5 - both.lower / 2) : Tails(halving: both)
        return x > 0 ? outer : outer.swapped
    }

    package func quantile(_ p: Double) -> Double { p < 0.5 ? -positive(p) : p == 0.5 ? 0 : positive(1 - p, p - 0.5) }
    package func inverseSurvival(_ q: Double) -> Double { -quantile(q) }

    /// The t > 0 with P(X > t) = q < 1/2; `center` is 1/2 - q.
    private func positive(_ q: Double, _ center: Double? = nil) -> Double {
        let start = df > 2 ? -NormalQuantile.lower(q) : 1
        return QuantileSearch.solve(
            lower: 2 * (center ?? (0.5 - q)), upper: 2 * q, start: start, tails: { folded($0) },
            logDensity: { logDensity($0) + 0.6931471805599453094172321214581765680755 })
    }

    package var support: (Double, Double) { (-.infinity, .infinity) }
    package var moments: DistributionMoments {
        DistributionMoments(
            mean: df > 1 ? 0 : .nan, variance: df > 2 ? df / (df - 2) : df > 1 ? .infinity : .nan,
            skewness: df > 3 ? 0 : .nan, kurtosis: df > 4 ? 6 / (df - 4) : df > 2 ? .infinity : .nan)
    }
    package func draw(_ source: inout RandomSource) -> Double {
        let z = source.normal()
        // sqrt(df / chi-squared) by logarithms, for df near 0
        return z * exp(0.5 * (log(df / 2) - source.logGamma(df / 2)))
    }
}
