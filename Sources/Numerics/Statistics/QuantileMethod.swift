import Glibc

/// How a quantile between two order statistics is made: NumPy's thirteen methods, the first nine of them those of Hyndman
/// and Fan (1996), "Sample quantiles in statistical packages", doi:10.1080/00031305.1996.10473566.
package enum QuantileMethod: String, CaseIterable, Sendable {
    case invertedCDF = "inverted_cdf"
    case averagedInvertedCDF = "averaged_inverted_cdf"
    case closestObservation = "closest_observation"
    case interpolatedInvertedCDF = "interpolated_inverted_cdf"
    case hazen
    case weibull
    case linear
    case medianUnbiased = "median_unbiased"
    case normalUnbiased = "normal_unbiased"
    case lower
    case higher
    case midpoint
    case nearest

    /// Where quantile q of n values lies: two neighbouring places counted from 0, and how far towards the second.
    package func position(_ q: Double, _ n: Int) -> (Int, Int, Double) {
        let count = Double(n)
        switch self {
        case .invertedCDF:
            let at = place((count * q).rounded(.up) - 1, n)
            return (at, at, 0)
        case .averagedInvertedCDF:
            let exact = count * q
            let at = exact.rounded(.up) - 1
            return exact == exact.rounded(.down) ? (place(at, n), place(at + 1, n), 0.5) : (place(at, n), place(at, n), 0)
        case .closestObservation:
            let at = place((count * q).rounded(.toNearestOrEven) - 1, n)
            return (at, at, 0)
        case .interpolatedInvertedCDF: return between(count * q - 1, n)
        case .hazen: return between(count * q - 0.5, n)
        case .weibull: return between((count + 1) * q - 1, n)
        case .linear: return between((count - 1) * q, n)
        case .medianUnbiased: return between((count + 1.0 / 3) * q - 2.0 / 3, n)
        case .normalUnbiased: return between((count + 0.25) * q - 0.625, n)
        case .lower:
            let at = place(((count - 1) * q).rounded(.down), n)
            return (at, at, 0)
        case .higher:
            let at = place(((count - 1) * q).rounded(.up), n)
            return (at, at, 0)
        case .midpoint:
            let exact = (count - 1) * q
            return (place(exact.rounded(.down), n), place(exact.rounded(.up), n), 0.5)
        case .nearest:
            let at = place(((count - 1) * q).rounded(.toNearestOrEven), n)
            return (at, at, 0)
        }
    }

    private func place(_ position: Double, _ n: Int) -> Int { max(0, min(Int(position), n - 1)) }

    private func between(_ position: Double, _ n: Int) -> (Int, Int, Double) {
        let floor = position.rounded(.down)
        let first = place(floor, n)
        let second = place(floor + 1, n)
        return (first, second, first == second ? 0 : position - floor)
    }

    /// The value a fraction of the way from one order statistic to the next, monotone in the fraction and without
    /// overflow.
    package static func between(_ a: Double, _ b: Double, _ fraction: Double) -> Double {
        if a == b || fraction == 0 { return a }
        let distance = b - a
        guard distance.isFinite else {
            // Of infinite or far-apart values.
            return fraction == 1 ? b : a * (1 - fraction) + b * fraction
        }
        return fraction < 0.5 ? a + distance * fraction : b - distance * (1 - fraction)
    }
}
