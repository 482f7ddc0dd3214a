import Glibc

/// The regularised incomplete beta function I_x(a, b) (DLMF 8.17.2) and its complement.
///
/// A power series for small b x, the continued fraction of Didonato and Morris (1992, "Algorithm 708",
/// doi:10.1145/131766.131776) for the tails, their asymptotic expansion near the mean for large a and b. The prefix is
/// formed as Loader's saddle point from delta = a y - b x, which callers give in a form without cancellation.
package struct IncompleteBeta {
    private let a: Double
    private let b: Double
    private let x: Double
    private let y: Double
    /// a y - b x: 0 at the mean, positive below it.
    private let delta: Double

    private init(_ a: Double, _ b: Double, _ x: Double, _ y: Double, _ delta: Double) {
        self.a = a
        self.b = b
        self.x = x
        self.y = y
        self.delta = delta
    }

    /// x^a y^b / B(a, b), y = 1 - x.
    package static func prefix(_ a: Double, _ b: Double, _ x: Double, _ y: Double, delta: Double) -> Scaled {
        let sum = a + b
        let exponent =
            a * LogGamma.excess(-delta / a, ratio: x * (sum / a)) + b * LogGamma.excess(delta / b, ratio: y * (sum / b))
        let remainder =
            LogGamma.stirlingRemainder(a) + LogGamma.stirlingRemainder(b) - LogGamma.stirlingRemainder(sum)
        return Scaled(
            exponent: -exponent - remainder,
            factor: (max(a, b) / sum).squareRoot() * min(a, b).squareRoot() / LogGamma.rootTwoPi)
    }

    /// delta of x alone.
    package static func delta(_ a: Double, _ b: Double, _ x: Double) -> Double {
        // a - (a + b) x, the sum with its rounding error.
        let sum = a + b
        let big = max(a, b)
        let error = min(a, b) - (sum - big)
        return a.addingProduct(-sum, x) - error * x
    }

    /// I_x as the lower tail, a, b > 0, 0 <= x <= 1, y = 1 - x.
    package static func tails(_ a: Double, _ b: Double, _ x: Double, _ y: Double, delta: Double? = nil) -> Tails {
        guard a > 0, b > 0, x >= 0, y >= 0 else { return .nan }
        if x == 0 { return .before }
        if y == 0 { return .beyond }
        let d = delta ?? IncompleteBeta.delta(a, b, x)
        return d >= 0
            ? IncompleteBeta(a, b, x, y, d).tailsBelowMean() : IncompleteBeta(b, a, y, x, -d).tailsBelowMean().swapped
    }

    /// For x below the mean a / (a + b).
    private func tailsBelowMean() -> Tails {
        if b * x <= 1.5, x <= 0.7 { return series() }
        if a * y <= 1.5, y <= 0.7 { return IncompleteBeta(b, a, y, x, -delta).series().swapped }
        let least = min(a, b)
        if least > 100, delta <= 0.03 * least { return expansion() }
        return Tails(lower: IncompleteBeta.prefix(a, b, x, y, delta: delta).times(1 / fraction()))
    }

    /// x^a / (a B(a, b)) (1 + a sum (1 - b)_n x^n / (n! (a + n))), DLMF 8.17.7; also its complement without subtraction
    /// where it is the smaller one.
    private func series() -> Tails {
        var sum = 0.0
        var power = 1.0
        var n = 1.0
        while n < 2000 {
            power *= (n - b) / n * x
            let term = power * (a / (a + n))
            sum += term
            if abs(term) <= abs(1 + sum) * 0x1p-54 || abs(term) < 1e-30 && abs(term) <= abs(sum) * 0x1p-54 { break }
            n += 1
        }
        var lower = IncompleteBeta.prefix(a, b, x, y, delta: delta).times((1 + sum) / a)
        lower.exponent -= b * log1p(-x)
        let value = lower.value
        guard value > 0.5, a <= 2 else { return Tails(lower: lower) }
        let logarithm = a * log(x) - LogGamma.logGamma1p(a) + LogGamma.ratio(a, b)
        return Tails(lower: value, upper: -expm1(logarithm) - exp(logarithm) * sum)
    }

    /// The continued fraction: I = prefix / this.
    private func fraction() -> Double {
        let first = a * (delta + 1) / (a + 1)
        var value = first
        var c = first
        var d = 0.0
        var n = 1.0
        while n < 20_000 {
            let even = a + 2 * n - 1
            let pole = n * (b - n) * x / even
            let an = (a + n - 1) / even * (a + b + n - 1) * pole * x
            let bn = n + pole + (a + n) / (a + 2 * n + 1) * (delta + 1 + n * (1 + y))
            d = 1 / (bn + an * d)
            c = bn + an / c
            let step = c * d
            value *= step
            if abs(step - 1) < 0x1p-53 { break }
            n += 1
        }
        return value
    }

    /// The expansion for large a and b and x near the mean (Didonato and Morris 1992, section 9).
    private func expansion() -> Tails {
        let h = min(a, b) / max(a, b)
        let share = 1 / (1 + h)
        // (b - a) / max(a, b)
        let skew = (b - a) / max(a, b)
        var scale = 1 / (min(a, b) * (1 + h)).squareRoot()
        let step = scale
        let f = a * LogGamma.excess(-delta / a) + b * LogGamma.excess(delta / b)
        let z0 = f.squareRoot()
        let rootEighth = 0.3535533905932737622004221810524245196424
        let z = z0 / rootEighth * 0.5
        let z2 = f + f
        let count = 22
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 4 * count) { memory in
            guard let base = memory.baseAddress else { return .nan }
            base.initialize(repeating: 0, count: 4 * count)
            let a0 = base
            let b0 = base + count
            let c = base + 2 * count
            let d = base + 3 * count
            a0[0] = 2.0 / 3 * skew
            c[0] = -0.5 * a0[0]
            d[0] = -c[0]
            var j0 = 0.4431134627263790097 * ErrorFunction.scaledComplement(z0)
            var j1 = rootEighth
            var sum = j0 + d[0] * step * j1
            var s = 1.0
            let h2 = h * h
            var hn = 1.0
            var odd = z
            var even = z2
            var n = 2
            while n <= 20 {
                hn *= h2
                a0[n - 1] = 2 * share * (1 + h * hn) / Double(n + 2)
                s += hn
                a0[n] = 2 * skew * s / Double(n + 3)
                for i in n...n + 1 {
                    let r = -0.5 * Double(i + 1)
                    b0[0] = r * a0[0]
                    for m in 2...i {
                        var part = 0.0
                        for j in 1..<m { part += (Double(j) * r - Double(m - j)) * a0[j - 1] * b0[m - j - 1] }
                        b0[m - 1] = r * a0[m - 1] + part / Double(m)
                    }
                    c[i - 1] = b0[i - 1] / Double(i + 1)
                    var part = 0.0
                    for j in 1..<i { part += d[i - j - 1] * c[j - 1] }
                    d[i - 1] = -(part + c[i - 1])
                }
                j0 = rootEighth * odd + Double(n - 1) * j0
                j1 = rootEighth * even + Double(n) * j1
                odd *= z2
                even *= z2
                scale *= step
                let t0 = d[n - 1] * scale * j0
                scale *= step
                let t1 = d[n] * scale * j1
                sum += t0 + t1
                if abs(t0) + abs(t1) <= 0x1p-56 * abs(sum) { break }
                n += 2
            }
            let correction =
                LogGamma.stirlingRemainder(a) + LogGamma.stirlingRemainder(b) - LogGamma.stirlingRemainder(a + b)
            // 2 / sqrt(pi)
            return Tails(lower: Scaled(exponent: -f - correction, factor: 1.128379167095512573896158903121545171688 * sum))
        }
    }
}
