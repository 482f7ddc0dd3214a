import Glibc

/// The regularised incomplete gamma functions P(a, x) and Q(a, x) (DLMF 8.2.4).
///
/// Near x = a for large a: Temme's uniform expansion (1979, doi:10.1137/0510071). Else the series of P for x <= a (DLMF
/// 8.7.1), Legendre's continued fraction of Q for x > a (8.9.2), and for small a and x the expansion of Q that does not
/// subtract from 1 (8.7.3). Their common prefix x^a e^-x / Gamma(a + 1) is formed as Loader's saddle point, so that large
/// terms never cancel.
package enum IncompleteGamma {
    /// x^a e^-x / Gamma(a + 1), a > 0, x > 0; `difference` is x - a where the caller has it better.
    package static func prefix(_ a: Double, _ x: Double, difference: Double? = nil) -> Scaled {
        if a < 1 { return Scaled(exponent: a * log(x) - x - LogGamma.logGamma1p(a)) }
        let u = (difference ?? (x - a)) / a
        return Scaled(
            exponent: -a * LogGamma.excess(u, ratio: x / a) - LogGamma.stirlingRemainder(a),
            factor: 1 / (LogGamma.rootTwoPi * a.squareRoot()))
    }

    /// P as the lower tail and Q as the upper one, a > 0, x >= 0.
    package static func tails(_ a: Double, _ x: Double, difference: Double? = nil) -> Tails {
        guard a > 0, x >= 0 else { return .nan }
        if x == 0 { return .before }
        if x == .infinity { return .beyond }
        let d = difference ?? (x - a)
        if a > 200, abs(d) < 0.4 * a { return expansion(a, d) }
        let prefix = prefix(a, x, difference: d)
        if x <= a || x < 1.5 {
            let lower = prefix.times(series(a, x))
            let value = lower.value
            guard value > 0.5, x < 1.5 else { return Tails(lower: lower) }
            return Tails(lower: value, upper: smallUpper(a, x))
        }
        return Tails(upper: prefix.times(a * fraction(a, x)))
    }

    /// 1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ...
    private static func series(_ a: Double, _ x: Double) -> Double {
        var sum = 1.0
        var term = 1.0
        var n = 1.0
        while n < 5000 {
            term *= x / (a + n)
            sum += term
            if term < sum * 0x1p-54 { break }
            n += 1
        }
        return sum
    }

    /// 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...))), by Lentz's method.
    private static func fraction(_ a: Double, _ x: Double) -> Double {
        var b = x + 1 - a
        var c = Double.infinity
        var d = 1 / b
        var value = d
        var n = 1.0
        while n < 5000 {
            let an = -n * (n - a)
            b += 2
            d = 1 / (an * d + b)
            c = b + (c.isFinite ? an / c : 0)
            let step = c * d
            value *= step
            if abs(step - 1) < 0x1p-53 { break }
            n += 1
        }
        return value
    }

    /// Q for x < 1.5 and P > 1/2.
    private static func smallUpper(_ a: Double, _ x: Double) -> Double {
        let logarithm = a * log(x) - LogGamma.logGamma1p(a)
        var sum = 0.0
        var power = 1.0
        for n in 1...40 {
            power *= -x / Double(n)
            let term = power * a / (a + Double(n))
            sum += term
            if abs(term) < abs(sum) * 0x1p-54 { break }
        }
        return -expm1(logarithm) - exp(logarithm) * sum
    }

    // MARK: Temme's expansion

    private static func expansion(_ a: Double, _ difference: Double) -> Tails {
        let u = difference / a
        let half = LogGamma.excess(u)
        let y = (a * half).squareRoot()
        let eta = (u < 0 ? -1 : 1) * (2 * half).squareRoot()
        var sum = 0.0
        for row in coefficients.reversed() {
            var value = 0.0
            for c in row.reversed() { value = value * eta + c }
            sum = sum / a + value
        }
        let rest = sum / (LogGamma.rootTwoPi * a.squareRoot())
        let tail = 0.5 * ErrorFunction.scaledComplement(y)
        return u < 0
            ? Tails(lower: Scaled(exponent: -a * half, factor: tail - rest))
            : Tails(upper: Scaled(exponent: -a * half, factor: tail + rest))
    }

    /// Of eta^n a^-k, made in 60 digits from DLMF 8.12.11 and 8.12.12; enough for a > 200 and |x / a - 1| < 0.4.
    private static let coefficients: [[Double]] = [
        [
            -0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073,
            0.0003527336860670194, -0.0001787551440329218, 3.919263178522438e-05, -2.185448510679992e-06,
            -1.85406221071516e-06, 8.296711340953087e-07, -1.7665952736826078e-07, 6.707853543401498e-09,
            1.0261809784240309e-08, -4.382036018453353e-09, 9.14769958223679e-10, -2.5514193994946248e-11,
            -5.830772132550426e-11, 2.4361948020667415e-11, -5.0276692801141755e-12,
        ],
        [
            -0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
            0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.64916091608111e-06,
            -1.6120900894563446e-06, 4.647127802807434e-09, 1.378633446915721e-07, -5.752545603517705e-08,
            1.1951628599778148e-08, -1.7543241719747647e-11, -1.0091543710600413e-09, 4.162792991842583e-10,
            -8.56390702649298e-11,
        ],
        [
            0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
            -0.0001073665322636516, 5.2923448829120125e-05, -1.2760635188618728e-05, 3.423578734096138e-08,
            1.3721957309062934e-06, -6.298992138380055e-07, 1.4280614206064242e-07, -2.0477098421990866e-10,
            -1.409252991086752e-08, 6.228974084922022e-09, -1.3670488396617114e-09,
        ],
        [
            0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
            -7.561801671883977e-05, -2.396505113867297e-07, 1.1082654115347302e-05, -5.6749528269915965e-06,
            1.4230900732435883e-06, -2.7861080291528143e-11, -1.6958404091930278e-07, 8.099464905388083e-08,
        ],
        [
            -0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902, -1.4638452578843418e-06,
            6.641498215465122e-05, -3.968365047179435e-05, 1.1375726970678419e-05, 2.507497226237533e-10,
            -1.6954149536558305e-06,
        ],
        [
            -0.00033679855336635813, -6.972813758365857e-05, 0.0002772753244959392, -0.00019932570516188847,
            6.797780477937208e-05,
        ],
        [
            0.0005313079364639922, -0.0005921664373536939,
        ],
    ]
}
