import Core
import Glibc

/// x^(a - 1) (1 - x)^(b - 1) / B(a, b), 0 <= x <= 1.
package struct BetaDistribution: Distribution {
    package static let kind = "beta"
    package static let doc = "Beta with shapes a and b."
    package static let specs = [
        ParameterSpec("a", .real(from: 0, to: .infinity, open: true), default: nil, "The shape at 0."),
        ParameterSpec("b", .real(from: 0, to: .infinity, open: true), default: nil, "The shape at 1."),
    ]
    package static let isDiscrete = false
    private let a: Double
    private let b: Double

    package init(_ parameters: Parameters) { self.init(a: parameters.real("a"), b: parameters.real("b")) }

    package init(a: Double, b: Double) {
        self.a = a
        self.b = b
    }

    private func atEnd(_ own: Double, _ other: Double) -> Double { own < 1 ? .infinity : own == 1 ? other : 0 }

    /// The density at 0, at 1 and outside; nil inside.
    private func atEdges(_ x: Double) -> Double? {
        if x > 0 && x < 1 { return nil }
        return x == 0 ? atEnd(a, b) : x == 1 ? atEnd(b, a) : 0
    }

    private func scaledDensity(_ x: Double) -> Scaled {
        let y = 1 - x
        if x < 1e-5, a < 10, b * x < 1 {
            // The power of x as it is: the prefix would take a logarithm of x off again.
            return Scaled(
                exponent: (a - 1) * log(x) + (b - 1) * log1p(-x) - LogGamma.logGamma1p(a) + LogGamma.ratio(a, b),
                factor: a)
        }
        return IncompleteBeta.prefix(a, b, x, y, delta: IncompleteBeta.delta(a, b, x)).divided(by: x).divided(by: y)
    }

    package func density(_ x: Double) -> Double { atEdges(x) ?? scaledDensity(x).value }
    package func logDensity(_ x: Double) -> Double { atEdges(x).map { log($0) } ?? scaledDensity(x).log }
    package func tails(_ x: Double) -> Tails {
        if x <= 0 { return .before }
        if x >= 1 { return .beyond }
        return IncompleteBeta.tails(a, b, x, 1 - x)
    }
    package func quantile(_ p: Double) -> Double { solve(p, 1 - p) }
    package func inverseSurvival(_ q: Double) -> Double { solve(1 - q, q) }

    private func solve(_ p: Double, _ q: Double) -> Double {
        // The smaller of x and 1 - x is found, since it has the digits.
        let half = tails(0.5)
        let isBelow = p <= q ? p <= half.lower : q >= half.upper
        let own = isBelow ? self : BetaDistribution(a: b, b: a)
        let x = own.solveBelow(isBelow ? p : q, isBelow ? q : p)
        return isBelow ? x : 1 - x
    }

    private func solveBelow(_ p: Double, _ q: Double) -> Double {
        // The leading term of the series where it is small, the normal approximation of the mean elsewhere.
        let mean = a / (a + b)
        let deviation = (mean * (b / (a + b)) / (a + b + 1)).squareRoot()
        let z = p < q ? NormalQuantile.lower(p) : -NormalQuantile.lower(q)
        var start = mean + z * deviation
        let small = exp((log(p) + LogGamma.logGamma1p(a) - LogGamma.ratio(a, b)) / a)
        if !(start > 0.2 * mean && start < 0.9) { start = small > 0 && small < 0.5 ? small : min(mean, 0.4) }
        return QuantileSearch.solve(
            lower: p, upper: q, start: start, end: 1, tails: { tails($0) }, logDensity: { logDensity($0) })
    }

    package var support: (Double, Double) { (0, 1) }
    package var moments: DistributionMoments {
        let sum = a + b
        let mean = a / sum
        return DistributionMoments(
            mean: mean, variance: mean * (b / sum) / (sum + 1),
            skewness: 2 * (b - a) * (sum + 1).squareRoot() / ((sum + 2) * a.squareRoot() * b.squareRoot()),
            kurtosis: 6 * ((a - b) * (a - b) * (sum + 1) / (a * b) - (sum + 2)) / ((sum + 2) * (sum + 3)))
    }
    package func draw(_ source: inout RandomSource) -> Double {
        let x = source.logGamma(a)
        let y = source.logGamma(b)
        return x < y ? exp(x - y) / (1 + exp(x - y)) : 1 / (1 + exp(y - x))
    }
}
