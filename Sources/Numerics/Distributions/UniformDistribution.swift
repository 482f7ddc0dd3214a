import Core
import Glibc

/// 1 / scale on [loc, loc + scale].
package struct UniformDistribution: Distribution {
    package static let kind = "uniform"
    package static let doc = "Uniform on [loc, loc + scale]."
    package static let specs = [
        ParameterSpec("loc", .real(from: -.infinity, to: .infinity), default: .integer(0), "The least value."),
        ParameterSpec("scale", .real(from: 0, to: .infinity, open: true), default: .integer(1), "The length."),
    ]
    package static let isDiscrete = false
    private let loc: Double
    private let scale: Double

    package init(_ parameters: Parameters) {
        loc = parameters.real("loc")
        scale = parameters.real("scale")
    }

    package func density(_ x: Double) -> Double { x >= loc && x <= loc + scale ? 1 / scale : 0 }
    package func logDensity(_ x: Double) -> Double { x >= loc && x <= loc + scale ? -log(scale) : -.infinity }
    package func tails(_ x: Double) -> Tails {
        if x <= loc { return .before }
        if x >= loc + scale { return .beyond }
        let z = (x - loc) / scale
        return Tails(lower: z, upper: z < 0.5 ? 1 - z : ((loc - x) + scale) / scale)
    }
    package func quantile(_ p: Double) -> Double { loc + scale * p }
    package func inverseSurvival(_ q: Double) -> Double { loc + scale * (1 - q) }
    package var support: (Double, Double) { (loc, loc + scale) }
    package var moments: DistributionMoments {
        DistributionMoments(mean: loc + scale / 2, variance: scale * scale / 12, skewness: 0, kurtosis: -1.2)
    }
    package func draw(_ source: inout RandomSource) -> Double { loc + scale * source.uniform() }
}
