import Core
import Glibc

/// How many equal bins suit a sample, as NumPy's rules say.
package enum HistogramRule: String, CaseIterable, Sendable {
    /// The narrower bins of "fd" (but at least half as wide as of "sqrt") and "sturges".
    case auto
    case fd
    case doane
    case scott
    case rice
    case sturges
    case sqrt

    /// At least 1. Throws `invalidArgument` for a sample that is not finite.
    package func bins(for a: ArrayView, in context: Context) throws(ApusError) -> Int {
        let runs = try Runs(a, name: "a", axes: nil, in: context)
        if runs.length == 0 { return 1 }
        let (low, high) = try Histogram.range(runs, in: context)
        guard low.isFinite, high.isFinite else {
            throw .invalid("a must be finite, found the range \(low) to \(high).")
        }
        var width = try self.width(runs, high - low, in: context)
        if a.dtype.isInteger, width > 0, width < 1 { width = 1 }
        guard width > 0, width.isFinite else { return 1 }
        let count = ((high - low) / width).rounded(.up)
        guard count < 0x1p53 else { throw .limit("The rule \(rawValue) asks for \(count) bins.") }
        return max(Int(count), 1)
    }

    /// The width of a bin; 0 when all values are equal (or nearly).
    private func width(_ runs: Runs, _ range: Double, in context: Context) throws(ApusError) -> Double {
        let n = Double(runs.length)
        let moments = MomentStatistics(runs: runs, weights: nil, context: context)
        switch self {
        case .sqrt: return range / n.squareRoot()
        case .sturges: return range / (log2(n) + 1)
        case .rice: return range / (2 * cbrt(n))
        case .scott:
            var deviation = 0.0
            try moments.variance(&deviation, by: .freedom(0), root: true)
            return cbrt(24 * Double.pi.squareRoot() / n) * deviation
        case .doane:
            var skewness = 0.0
            guard n > 2 else { return 0 }
            try moments.shape(&skewness, fourth: false)
            guard skewness.isFinite else { return 0 }
            let error = (6 * (n - 2) / ((n + 1) * (n + 3))).squareRoot()
            return range / (1 + log2(n) + log2(1 + abs(skewness) / error))
        case .fd:
            var quartiles = 0.0
            try Quantiles(runs: runs, context: context).interquartileRange(&quartiles)
            return 2 * quartiles / cbrt(n)
        case .auto:
            let fine = try HistogramRule.fd.width(runs, range, in: context)
            let least = try HistogramRule.sqrt.width(runs, range, in: context) / 2
            return min(max(fine, least), try HistogramRule.sturges.width(runs, range, in: context))
        }
    }
}
