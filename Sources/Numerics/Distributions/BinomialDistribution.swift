import Core
import Glibc

/// n! / (k! (n - k)!) p^k (1 - p)^(n - k), k = 0, ..., n.
package struct BinomialDistribution: WholeNumberDistribution {
    package static let kind = "binomial"
    package static let doc = "Binomial: successes of n trials."
    package static let specs = [
        ParameterSpec("n", .integer(0...1 << 52), default: nil, "How many trials."),
        ParameterSpec("p", .real(from: 0, to: 1), default: nil, "The probability of success."),
    ]
    private let n: Double
    private let p: Double
    private var q: Double { 1 - p }

    package init(_ parameters: Parameters) { self.init(n: parameters.real("n"), p: parameters.real("p")) }

    package init(n: Double, p: Double) {
        self.n = n
        self.p = p
    }

    /// Loader's saddle point: the binomial's prefix with its deviance and Stirling's remainders.
    func mass(_ k: Double) -> Scaled {
        if p == 0 || p == 1 { return Scaled(exponent: k == (p == 0 ? 0 : n) ? 0 : -.infinity) }
        if k == 0 { return Scaled(exponent: n * log1p(-p)) }
        if k == n { return Scaled(exponent: n * (p > 0.5 ? log1p(-q) : log(p))) }
        let rest = n - k
        // n p - k, exactly: of the deviances k excess(n p / k - 1) and (n - k) excess(n q / (n - k) - 1).
        let difference = (-k).addingProduct(n, p)
        let deviance =
            k * LogGamma.excess(difference / k, ratio: n / k * p)
            + rest * LogGamma.excess(-difference / rest, ratio: n / rest * q)
        let remainder =
            LogGamma.stirlingRemainder(n) - LogGamma.stirlingRemainder(k) - LogGamma.stirlingRemainder(rest)
        return Scaled(
            exponent: remainder - deviance, factor: (n / k / rest).squareRoot() / LogGamma.rootTwoPi)
    }

    /// P(X > k) = I_p(k + 1, n - k).
    func wholeTails(_ k: Double) -> Tails {
        if p == 0 || p == 1 { return p == 0 ? .beyond : .before }
        let a = k + 1
        let b = n - k
        // a q - b p
        let delta = a.addingProduct(-(n + 1), p)
        return IncompleteBeta.tails(a, b, p, q, delta: delta).swapped
    }

    package var support: (Double, Double) { (0, n) }
    package var moments: DistributionMoments {
        let variance = n * p * q
        return DistributionMoments(
            mean: n * p, variance: variance, skewness: (q - p) / variance.squareRoot(),
            kurtosis: (1 - 6 * p * q) / variance)
    }

    package func draw(_ source: inout RandomSource) -> Double {
        if p > 0.5 { return n - BinomialDistribution(n: n, p: q).draw(&source) }
        if p == 0 || n == 0 { return 0 }
        return n * p < 10 ? drawByInversion(&source) : drawByRejection(&source)
    }

    private func drawByInversion(_ source: inout RandomSource) -> Double {
        let odds = p / q
        var mass = exp(n * log1p(-p))
        var rest = source.small()
        var k = 0.0
        while rest > mass, k < n, k < 400 {
            rest -= mass
            mass *= odds * ((n - k) / (k + 1))
            k += 1
        }
        return k
    }

    /// Transformed rejection with squeeze (Hormann 1993, "The generation of binomial random variates",
    /// doi:10.1080/00949659308811496), algorithm BTRS.
    private func drawByRejection(_ source: inout RandomSource) -> Double {
        let deviation = (n * p * q).squareRoot()
        let b = 1.15 + 2.53 * deviation
        let a = -0.0873 + 0.0248 * b + 0.01 * p
        let c = n * p + 0.5
        let squeeze = 0.92 - 4.2 / b
        let alpha = (2.83 + 5.1 / b) * deviation
        let mode = mass(((n + 1) * p).rounded(.down)).log
        for _ in 0..<1000 {
            let u = source.uniform() - 0.5
            let v = source.small()
            let us = 0.5 - abs(u)
            let k = ((2 * a / us + b) * u + c).rounded(.down)
            if us >= 0.07, v <= squeeze { return k }
            if k < 0 || k > n { continue }
            if log(v * alpha / (a / (us * us) + b)) <= mass(k).log - mode { return k }
        }
        return (n * p).rounded()
    }
}

/// 1 with probability p, else 0.
package struct BernoulliDistribution: WholeNumberDistribution {
    package static let kind = "bernoulli"
    package static let doc = "One trial."
    package static let specs = [
        ParameterSpec("p", .real(from: 0, to: 1), default: nil, "The probability of success.")
    ]
    private let p: Double

    package init(_ parameters: Parameters) { p = parameters.real("p") }

    func mass(_ k: Double) -> Scaled {
        k == 0 ? Scaled(exponent: log1p(-p)) : Scaled(exponent: 0, factor: p)
    }
    package func density(_ x: Double) -> Double { x == 0 ? 1 - p : x == 1 ? p : 0 }
    func wholeTails(_ k: Double) -> Tails { Tails(lower: 1 - p, upper: p) }
    package var support: (Double, Double) { (0, 1) }
    package var moments: DistributionMoments { BinomialDistribution(n: 1, p: p).moments }
    package func draw(_ source: inout RandomSource) -> Double { source.uniform() < p ? 1 : 0 }
}
