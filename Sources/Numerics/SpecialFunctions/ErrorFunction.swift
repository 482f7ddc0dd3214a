import Glibc

/// The error function's family. erf and erfc are the C library's (errors below 1 ulp each).
package enum ErrorFunction {
    /// e^(y^2) erfc(y), y >= 0.
    package static func scaledComplement(_ y: Double) -> Double {
        if y < 26 {
            let square = y * y
            let rest = square.isFinite ? (-square).addingProduct(y, y) : 0
            return exp(square) * (1 + rest) * erfc(y)
        }
        // DLMF 7.12.1
        let inverse = 1 / (2 * y * y)
        var sum = 0.0
        for k in [9.0, 7, 5, 3, 1] { sum = -k * inverse * (1 + sum) }
        return (1 + sum) * 0.5641895835477562869480794515607725858440506 / y
    }

    /// erf^-1(x): infinite at -1 and 1, NaN beyond.
    package static func inverse(_ x: Double) -> Double {
        if abs(x) == 1 { return x * .infinity }
        guard abs(x) < 1 else { return .nan }
        return NormalQuantile.centered(x / 2) * 0.7071067811865475244008443621048490392848
    }

    /// erfc^-1(x), 0 <= x <= 2.
    package static func inverseComplement(_ x: Double) -> Double {
        -NormalQuantile.lower(x / 2) * 0.7071067811865475244008443621048490392848
    }
}

/// The standard normal's quantile: the rational approximations of Wichura (1988), "Algorithm AS 241", doi:10.2307/2347330.
package enum NormalQuantile {
    private static let a: [Double] = [
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
    ]
    private static let b: [Double] = [
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
        3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
    ]
    private static let c: [Double] = [
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ]
    private static let d: [Double] = [
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
        1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ]
    private static let e: [Double] = [
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ]
    private static let f: [Double] = [
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
        1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ]

    @inline(__always)
    private static func ratio(_ top: [Double], _ bottom: [Double], _ x: Double) -> Double {
        var p = 0.0
        var q = 0.0
        var index = 7
        while index >= 0 {
            p = p * x + top[index]
            q = q * x + bottom[index]
            index -= 1
        }
        return p / q
    }

    /// Quantile of 1/2 + q, |q| <= 1/2.
    package static func centered(_ q: Double) -> Double {
        if abs(q) <= 0.425 { return q * ratio(a, b, 0.180625 - q * q) }
        return q < 0 ? lower(0.5 + q) : -lower(0.5 - q)
    }

    /// Quantile of p.
    package static func lower(_ p: Double) -> Double {
        guard p >= 0, p <= 1 else { return .nan }
        let q = p - 0.5
        if abs(q) <= 0.425 { return q * ratio(a, b, 0.180625 - q * q) }
        if p == 0 { return -.infinity }
        if p == 1 { return .infinity }
        let r = (-log(min(p, 1 - p))).squareRoot()
        let value = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5)
        return q < 0 ? -value : value
    }
}
