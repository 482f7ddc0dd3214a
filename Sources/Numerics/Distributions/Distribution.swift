import Core
import Glibc

/// A distribution of one number with its parameters. Everything is defined for every argument; NaN gives NaN.
package protocol Distribution: Sendable {
    /// The name in the catalog.
    static var kind: String { get }
    static var doc: String { get }
    static var specs: [ParameterSpec] { get }
    static var isDiscrete: Bool { get }

    /// From parameters that meet the specs. Throws `invalidArgument` for what the specs cannot say.
    init(_ parameters: Parameters) throws(ApusError)

    /// Density or probability at x, and its logarithm; 0 outside of the support.
    func density(_ x: Double) -> Double
    func logDensity(_ x: Double) -> Double
    /// P(X <= x) and P(X > x).
    func tails(_ x: Double) -> Tails
    /// The least x with P(X <= x) >= p, 0 < p < 1.
    func quantile(_ p: Double) -> Double
    /// The least x with P(X > x) <= q, 0 < q < 1.
    func inverseSurvival(_ q: Double) -> Double
    /// Least and greatest value.
    var support: (Double, Double) { get }
    /// Mean, variance, skewness, excess kurtosis; NaN where undefined.
    var moments: DistributionMoments { get }
    /// One draw.
    func draw(_ source: inout RandomSource) -> Double
}

package struct DistributionMoments: Sendable {
    package let mean: Double
    package let variance: Double
    package let skewness: Double
    package let kurtosis: Double
}

/// What can be asked of a distribution at a point.
package enum DistributionFunction: String, CaseIterable, Sendable {
    case pdf
    case pmf
    case logpdf
    case logpmf
    case cdf
    case logcdf
    case sf
    case logsf
    case ppf
    case isf

    /// The value at x, for one function of one distribution.
    package func value<D: Distribution>(_ distribution: D, _ x: Double) -> Double {
        if x.isNaN { return .nan }
        switch self {
        case .pdf, .pmf: return distribution.density(x)
        case .logpdf, .logpmf: return distribution.logDensity(x)
        case .cdf: return distribution.tails(x).lower
        case .logcdf: return distribution.tails(x).logLower
        case .sf: return distribution.tails(x).upper
        case .logsf: return distribution.tails(x).logUpper
        case .ppf:
            guard x > 0, x < 1 else { return end(distribution, isLow: x == 0, isHigh: x == 1) }
            return distribution.quantile(x)
        case .isf:
            guard x > 0, x < 1 else { return end(distribution, isLow: x == 1, isHigh: x == 0) }
            return distribution.inverseSurvival(x)
        }
    }

    /// At probability 0 a discrete quantile is one below the support, as SciPy has it.
    private func end<D: Distribution>(_ distribution: D, isLow: Bool, isHigh: Bool) -> Double {
        let (low, high) = distribution.support
        return isLow ? (D.isDiscrete ? low - 1 : low) : isHigh ? high : .nan
    }
}

extension Distribution {
    /// Elements made as one slice.
    private static var chunk: Int { 512 }

    /// out[i] = a function of x[i], both dense. Throws `interrupted`.
    package func evaluate(
        _ function: DistributionFunction, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int,
        in context: Context
    ) throws(ApusError) {
        context.parallel(over: count, by: Self.chunk) { range in
            if context.isInterrupted { return }
            for index in range { out[index] = function.value(self, x[index]) }
        }
        try context.checkInterrupt()
    }

    /// Draws `count` values; the i-th depends on the stream and i alone. Throws `interrupted`.
    package func draw(_ out: UnsafeMutablePointer<Double>, _ count: Int, from stream: Philox, in context: Context)
        throws(ApusError)
    {
        context.parallel(over: count, by: 4096) { range in
            if context.isInterrupted { return }
            for index in range {
                var source = RandomSource(stream, element: index)
                out[index] = draw(&source)
            }
        }
        try context.checkInterrupt()
    }
}
