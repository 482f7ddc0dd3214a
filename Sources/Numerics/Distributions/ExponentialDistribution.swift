import Core
import Glibc

/// exp(-x / scale) / scale, x >= 0.
package struct ExponentialDistribution: Distribution {
    package static let kind = "exponential"
    package static let doc = "Exponential with mean scale."
    package static let specs = [
        ParameterSpec("scale", .real(from: 0, to: .infinity, open: true), default: .integer(1), "The mean: 1 / rate.")
    ]
    package static let isDiscrete = false
    private let scale: Double

    package init(_ parameters: Parameters) { scale = parameters.real("scale") }

    package func density(_ x: Double) -> Double { x >= 0 ? exp(-x / scale) / scale : 0 }
    package func logDensity(_ x: Double) -> Double { x >= 0 ? -x / scale - log(scale) : -.infinity }
    package func tails(_ x: Double) -> Tails {
        if x <= 0 { return .before }
        let z = x / scale
        return z < 1
            ? Tails(lower: -expm1(-z), upper: exp(-z)) : Tails(upper: Scaled(exponent: -z))
    }
    package func quantile(_ p: Double) -> Double { -log1p(-p) * scale }
    package func inverseSurvival(_ q: Double) -> Double { -log(q) * scale }
    package var support: (Double, Double) { (0, .infinity) }
    package var moments: DistributionMoments {
        DistributionMoments(mean: scale, variance: scale * scale, skewness: 2, kurtosis: 6)
    }
    package func draw(_ source: inout RandomSource) -> Double { source.exponential() * scale }
}
