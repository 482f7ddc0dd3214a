import Core
import Glibc

/// exp(-log(x / scale)^2 / (2 s^2)) / (s x sqrt(2 pi)), x > 0.
package struct LognormalDistribution: Distribution {
    package static let kind = "lognormal"
    package static let doc = "Lognormal: scale times e to a normal variate of deviation s."
    package static let specs = [
        ParameterSpec("s", .real(from: 0, to: .infinity, open: true), default: nil, "The deviation of the logarithm."),
        ParameterSpec("scale", .real(from: 0, to: .infinity, open: true), default: .integer(1), "The median."),
    ]
    package static let isDiscrete = false
    private let s: Double
    private let scale: Double

    package init(_ parameters: Parameters) {
        s = parameters.real("s")
        scale = parameters.real("scale")
    }

    private func standard(_ x: Double) -> Double {
        let ratio = x / scale
        // Near the median the logarithm is small: its digits come from the difference.
        return (abs(ratio - 1) < 0.25 ? log1p((x - scale) / scale) : log(ratio)) / s
    }

    package func density(_ x: Double) -> Double {
        x > 0 && x < .infinity ? StandardNormal.density(standard(x)) / s / x : 0
    }
    package func logDensity(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return -.infinity }
        let z = standard(x)
        return -0.5 * z * z - LogGamma.halfLogTwoPi - log(s) - log(x)
    }
    package func tails(_ x: Double) -> Tails { x <= 0 ? .before : StandardNormal.tails(standard(x)) }
    package func quantile(_ p: Double) -> Double { scale * exp(s * NormalQuantile.lower(p)) }
    package func inverseSurvival(_ q: Double) -> Double { scale * exp(-s * NormalQuantile.lower(q)) }
    package var support: (Double, Double) { (0, .infinity) }
    package var moments: DistributionMoments {
        let square = s * s
        let w = exp(square)
        let excess = expm1(square)
        return DistributionMoments(
            mean: scale * exp(square / 2), variance: scale * scale * w * excess,
            skewness: (w + 2) * excess.squareRoot(),
            kurtosis: expm1(4 * square) + 2 * expm1(3 * square) + 3 * expm1(2 * square))
    }
    package func draw(_ source: inout RandomSource) -> Double { scale * exp(s * source.normal()) }
}
