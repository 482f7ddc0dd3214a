import Core
import Glibc

/// x^(a - 1) exp(-x) / Gamma(a) of x / scale, x >= 0.
package struct GammaDistribution: Distribution {
    package static let kind = "gamma"
    package static let doc = "Gamma with shape a."
    package static let specs = [
        ParameterSpec("a", .real(from: 0, to: .infinity, open: true), default: nil, "The shape."),
        ParameterSpec("scale", .real(from: 0, to: .infinity, open: true), default: .integer(1), "The scale: 1 / rate."),
    ]
    package static let isDiscrete = false
    private let a: Double
    private let scale: Double

    package init(_ parameters: Parameters) {
        self.init(a: parameters.real("a"), scale: parameters.real("scale"))
    }

    package init(a: Double, scale: Double) {
        self.a = a
        self.scale = scale
    }

    /// x / scale, and that less a with the remainder of the division.
    private func standard(_ x: Double) -> (Double, Double) {
        let z = x / scale
        if scale == 1 || !z.isFinite { return (z, z - a) }
        let rest = x.addingProduct(-z, scale) / scale
        return (z, (z - a) + (rest.isFinite ? rest : 0))
    }

    /// The density, scaled; x > 0.
    private func scaledDensity(_ x: Double) -> Scaled {
        let (z, difference) = standard(x)
        if a < 10, z < 0.5 {
            // The power of x as it is: the prefix would take a logarithm of x off again.
            return Scaled(exponent: (a - 1) * log(z) - z - LogGamma.logGamma1p(a), factor: a / scale)
        }
        return IncompleteGamma.prefix(a, z, difference: difference).times(a).divided(by: x)
    }

    private func atZero() -> Double { a < 1 ? .infinity : a == 1 ? 1 / scale : 0 }

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
        let (z, difference) = standard(x)
        return IncompleteGamma.tails(a, z, difference: difference)
    }
    package func quantile(_ p: Double) -> Double { solve(p, 1 - p) }
    package func inverseSurvival(_ q: Double) -> Double { solve(1 - q, q) }

    private func solve(_ p: Double, _ q: Double) -> Double {
        // Wilson and Hilferty (1931) in the middle, the leading term of the series for small x.
        let z = p < q ? NormalQuantile.lower(p) : -NormalQuantile.lower(q)
        let root = 1 - 1 / (9 * a) + z / (3 * a.squareRoot())
        var start = a * root * root * root
        if a < 1 || !(root > 0.3) {
            let small = exp((log(p) + LogGamma.logGamma1p(a)) / a)
            if small < 1 || !(start > 0) { start = small }
        }
        let standard = GammaDistribution(a: a, scale: 1)
        return scale
            * QuantileSearch.solve(
                lower: p, upper: q, start: start, tails: { standard.tails($0) },
                logDensity: { standard.logDensity($0) })
    }

    package var support: (Double, Double) { (0, .infinity) }
    package var moments: DistributionMoments {
        DistributionMoments(
            mean: a * scale, variance: a * scale * scale, skewness: 2 / a.squareRoot(), kurtosis: 6 / a)
    }
    package func draw(_ source: inout RandomSource) -> Double { source.gamma(a) * scale }
}
