import Glibc

/// The logarithm of the gamma function and what keeps digits that its differences would lose.
package enum LogGamma {
    /// log |Gamma(x)|, the C library's, without its global sign.
    package static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }

    static let halfLogTwoPi = 0.918938533204672741780329736405617639861397
    static let rootTwoPi = 2.506628274631000502415765284811045253006987

    /// Stirling's series beyond its first terms: c_k x^-(2k-1), DLMF 5.11.1.
    private static let series: [Double] = [
        1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400,
        43867.0 / 244188,
    ]

    /// log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), x > 0 (Loader 2000, "Fast and accurate computation of
    /// binomial probabilities"). Absolute error about 2e-16.
    package static func stirlingRemainder(_ x: Double) -> Double {
        if x >= 10 {
            let inverse = 1 / x
            let square = inverse * inverse
            var sum = 0.0
            for c in series.reversed() { sum = sum * square + c }
            return sum * inverse
        }
        if x < 1e-5 { return logGamma1p(x) - (x + 0.5) * log(x) + x - halfLogTwoPi }
        return log(tgamma(x) * exp(x) / (pow(x, x - 0.5) * rootTwoPi))
    }

    /// zeta(k) - 1, k = 2, 3, ...
    private static let zeta: [Double] = [
        0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
        0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
        0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-05, 3.058823630702049e-05,
        1.528225940865187e-05, 7.637197637899763e-06, 3.81729326499984e-06, 1.908212716553939e-06,
        9.539620338727962e-07, 4.769329867878064e-07, 2.38450502727733e-07, 1.1921992596531106e-07,
        5.960818905125948e-08, 2.980350351465228e-08,
    ]

    /// log Gamma(1 + a), a > -1, with its relative accuracy near 0: -log(1 + a) + a (1 - gamma) + sum (-1)^k (zeta(k) - 1)
    /// a^k / k (DLMF 5.7.3).
    package static func logGamma1p(_ a: Double) -> Double {
        guard abs(a) < 0.5 else { return logGamma(1 + a) }
        var sum = 0.0
        var index = zeta.count - 1
        while index >= 0 {
            let k = Double(index + 2)
            sum = (index & 1 == 0 ? zeta[index] : -zeta[index]) / k + a * sum
            index -= 1
        }
        return -log1p(a) + a * 0.422784335098467139393487909917597568957841 + a * a * sum
    }

    /// log Gamma(a + b) - log Gamma(b), 0 < a, b, with relative accuracy for small a.
    package static func ratio(_ a: Double, _ b: Double) -> Double {
        var shifted = b
        var result = 0.0
        while shifted < 10 {
            result -= log1p(a / shifted)
            shifted += 1
        }
        let step = log1p(a / shifted)
        var remainder = 0.0
        var power = 1 / shifted
        var k = 1.0
        for c in series {
            remainder += c * power * expm1(-k * step)
            power /= shifted * shifted
            k += 2
        }
        return result + (shifted + a - 0.5) * step + a * log(shifted) - a + remainder
    }

    /// u - log(1 + u) >= 0, u > -1; `ratio` is 1 + u where the caller has it better. Zero has all its digits.
    package static func excess(_ u: Double, ratio: Double? = nil) -> Double {
        guard u > -0.4, u < 0.6 else { return u - log(ratio ?? (1 + u)) }
        // log(1 + u) = 2 artanh v with v = u / (2 + u), and u - 2 v = u v.
        let v = u / (2 + u)
        let square = v * v
        var sum = 0.0
        var k = 31.0
        while k >= 3 {
            sum = sum * square + 1 / k
            k -= 2
        }
        return u * v - 2 * v * square * sum
    }
}
