import Core
import Glibc

/// A distribution on whole numbers: quantiles by a search around the normal approximation, with SciPy's conventions.
protocol WholeNumberDistribution: Distribution {
    /// The probability of a whole number of the support.
    func mass(_ k: Double) -> Scaled
    /// The tails at a whole number of the support that is not its last.
    func wholeTails(_ k: Double) -> Tails
}

extension WholeNumberDistribution {
    package static var isDiscrete: Bool { true }

    private func isSupported(_ x: Double) -> Bool {
        let (low, high) = support
        return x >= low && x <= high && x == x.rounded(.down) && x.isFinite
    }

    package func density(_ x: Double) -> Double { isSupported(x) ? mass(x).value : 0 }
    package func logDensity(_ x: Double) -> Double { isSupported(x) ? mass(x).log : -.infinity }

    package func tails(_ x: Double) -> Tails {
        let (low, high) = support
        if x < low { return .before }
        if x >= high { return .beyond }
        return wholeTails(x.rounded(.down))
    }

    package func quantile(_ p: Double) -> Double { search(z: NormalQuantile.lower(p)) { tails($0).lower >= p } }
    package func inverseSurvival(_ q: Double) -> Double { search(z: -NormalQuantile.lower(q)) { tails($0).upper <= q } }

    private func search(z: Double, _ reaches: (Double) -> Bool) -> Double {
        let (low, high) = support
        let moments = moments
        // Only a geometric distribution's variance overflows; its deviation is then its mean, to rounding.
        let deviation = moments.variance.isFinite ? moments.variance.squareRoot() : moments.mean
        // Cornish and Fisher's first term
        let skewed = moments.skewness.isFinite ? moments.skewness * (z * z - 1) / 6 : 0
        return QuantileSearch.least(
            from: low, to: high, near: moments.mean + deviation * (z + skewed), step: deviation / 64, reaches)
    }
}
