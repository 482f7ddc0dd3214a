import Core
import Glibc

/// (1 - p)^(k - 1) p, k = 1, 2, ...: trials up to the first success.
package struct GeometricDistribution: WholeNumberDistribution {
    package static let kind = "geometric"
    package static let doc = "Geometric: trials up to the first success."
    package static let specs = [
        ParameterSpec("p", .real(from: 0, to: 1), default: nil, "The probability of success, above 0.")
    ]
    private let p: Double

    package init(_ parameters: Parameters) throws(ApusError) {
        p = parameters.real("p")
        guard p > 0 else { throw .parameter("p", of: Self.kind, mustBe: "a number in (0, 1]", got: "0") }
    }

    func mass(_ k: Double) -> Scaled {
        Scaled(exponent: k == 1 ? 0 : (k - 1) * log1p(-p), factor: p)
    }
    func wholeTails(_ k: Double) -> Tails {
        let exponent = k * log1p(-p)
        return exponent > -0.7
            ? Tails(lower: -expm1(exponent), upper: exp(exponent)) : Tails(upper: Scaled(exponent: exponent))
    }
    package var support: (Double, Double) { (1, .infinity) }
    package var moments: DistributionMoments {
        DistributionMoments(
            mean: 1 / p, variance: (1 - p) / p / p, skewness: (2 - p) / (1 - p).squareRoot(),
            kurtosis: 6 + p * p / (1 - p))
    }
    package func draw(_ source: inout RandomSource) -> Double {
        p == 1 ? 1 : max((log(source.small()) / log1p(-p)).rounded(.up), 1)
    }
}
