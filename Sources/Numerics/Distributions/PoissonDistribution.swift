import Core
import Glibc

/// mu^k e^-mu / k!, k = 0, 1, ...
package struct PoissonDistribution: WholeNumberDistribution {
    package static let kind = "poisson"
    package static let doc = "Poisson."
    package static let specs = [
        ParameterSpec("mu", .real(from: 0, to: .infinity), default: nil, "The mean.")
    ]
    private let mu: Double

    package init(_ parameters: Parameters) { mu = parameters.real("mu") }

    func mass(_ k: Double) -> Scaled {
        if mu == 0 { return Scaled(exponent: k == 0 ? 0 : -.infinity) }
        if k == 0 { return Scaled(exponent: -mu) }
        return IncompleteGamma.prefix(k, mu)
    }

    /// P(X <= k) = Q(k + 1, mu).
    func wholeTails(_ k: Double) -> Tails { mu == 0 ? .beyond : IncompleteGamma.tails(k + 1, mu).swapped }

    package var support: (Double, Double) { (0, .infinity) }
    package var moments: DistributionMoments {
        DistributionMoments(mean: mu, variance: mu, skewness: 1 / mu.squareRoot(), kurtosis: 1 / mu)
    }

    package func draw(_ source: inout RandomSource) -> Double {
        if mu == 0 { return 0 }
        return mu < 10 ? drawByInversion(&source) : drawByRejection(&source)
    }

    private func drawByInversion(_ source: inout RandomSource) -> Double {
        var mass = exp(-mu)
        var rest = source.small()
        var k = 0.0
        while rest > mass, k < 400 {
            rest -= mass
            k += 1
            mass *= mu / k
        }
        return k
    }

    /// Transformed rejection with squeeze (Hormann 1993, "The transformed rejection method for generating Poisson random
    /// variables", doi:10.1016/0167-6687(93)90997-4), algorithm PTRS.
    private func drawByRejection(_ source: inout RandomSource) -> Double {
        let b = 0.931 + 2.53 * mu.squareRoot()
        let a = -0.059 + 0.02483 * b
        let inverse = 1.1239 + 1.1328 / (b - 3.4)
        let squeeze = 0.9277 - 3.6224 / (b - 2)
        for _ in 0..<1000 {
            let u = source.uniform() - 0.5
            let v = source.small()
            let us = 0.5 - abs(u)
            let k = ((2 * a / us + b) * u + mu + 0.43).rounded(.down)
            if us >= 0.07, v <= squeeze { return k }
            if k < 0 || (us < 0.013 && v > us) { continue }
            if log(v * inverse / (a / (us * us) + b)) <= mass(k).log { return k }
        }
        return mu.rounded()
    }
}
