import Core
import Glibc

/// exp(-z^2 / 2) / (scale sqrt(2 pi)), z = (x - loc) / scale.
package struct NormalDistribution: Distribution {
    package static let kind = "normal"
    package static let doc = "Normal (Gaussian)."
    package static let specs = [
        ParameterSpec("loc", .real(from: -.infinity, to: .infinity), default: .integer(0), "The mean."),
        ParameterSpec("scale", .real(from: 0, to: .infinity, open: true), default: .integer(1), "The deviation."),
    ]
    package static let isDiscrete = false
    private let loc: Double
    private let scale: Double

    package init(_ parameters: Parameters) {
        loc = parameters.real("loc")
        scale = parameters.real("scale")
    }

    package func density(_ x: Double) -> Double { StandardNormal.density((x - loc) / scale) / scale }
    package func logDensity(_ x: Double) -> Double {
        let z = (x - loc) / scale
        return -0.5 * z * z - LogGamma.halfLogTwoPi - log(scale)
    }
    package func tails(_ x: Double) -> Tails { StandardNormal.tails((x - loc) / scale) }
    package func quantile(_ p: Double) -> Double { loc + scale * NormalQuantile.lower(p) }
    package func inverseSurvival(_ q: Double) -> Double { loc - scale * NormalQuantile.lower(q) }
    package var support: (Double, Double) { (-.infinity, .infinity) }
    package var moments: DistributionMoments {
        DistributionMoments(mean: loc, variance: scale * scale, skewness: 0, kurtosis: 0)
    }
    package func draw(_ source: inout RandomSource) -> Double { loc + scale * source.normal() }
}

/// The normal distribution of mean 0 and deviation 1.
package enum StandardNormal {
    /// The square of z is taken exactly, so that far tails keep their digits.
    package static func density(_ z: Double) -> Double {
        let square = z * z
        guard square < 2000 else { return z.isNaN ? .nan : 0 }
        let rest = (-square).addingProduct(z, z)
        return exp(-0.5 * square) * (1 - 0.5 * rest) * 0.3989422804014326779399460599343818684759
    }

    package static func tails(_ z: Double) -> Tails {
        if z.isNaN { return .nan }
        let upper = z > 0
        let tail = self.upper(abs(z))
        return upper ? Tails(upper: tail) : Tails(upper: tail).swapped
    }

    /// P(Z > z), z >= 0.
    private static func upper(_ z: Double) -> Scaled {
        let root = 0.7071067811865475244008443621048490392848
        let y = z * root
        if y < 26 {
            // z / sqrt 2 rounds, which erfc would multiply by 2 y^2.
            let rest = (-y).addingProduct(z, root) + z * -4.833646656726457e-17
            let slope = y + (y * y + 2).squareRoot()
            return Scaled(exponent: 0, factor: 0.5 * erfc(y) * (1 - slope * rest))
        }
        return Scaled(exponent: -0.5 * z * z, factor: 0.5 * ErrorFunction.scaledComplement(y))
    }
}
