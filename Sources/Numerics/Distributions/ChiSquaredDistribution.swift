import Core

/// Chi-squared: gamma with shape df / 2 and scale 2.
package struct ChiSquaredDistribution: Distribution {
    package static let kind = "chi2"
    package static let doc = "Chi-squared."
    package static let specs = [
        ParameterSpec("df", .real(from: 0, to: .infinity, open: true), default: nil, "Degrees of freedom.")
    ]
    package static let isDiscrete = false
    private let gamma: GammaDistribution

    package init(_ parameters: Parameters) { gamma = GammaDistribution(a: parameters.real("df") / 2, scale: 2) }

    package func density(_ x: Double) -> Double { gamma.density(x) }
    package func logDensity(_ x: Double) -> Double { gamma.logDensity(x) }
    package func tails(_ x: Double) -> Tails { gamma.tails(x) }
    package func quantile(_ p: Double) -> Double { gamma.quantile(p) }
    package func inverseSurvival(_ q: Double) -> Double { gamma.inverseSurvival(q) }
    package var support: (Double, Double) { gamma.support }
    package var moments: DistributionMoments { gamma.moments }
    package func draw(_ source: inout RandomSource) -> Double { gamma.draw(&source) }
}
