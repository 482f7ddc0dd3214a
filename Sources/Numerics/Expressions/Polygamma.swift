import Glibc

/// The first two derivatives of the logarithm of the gamma function: recurrence up to 10, then the asymptotic series
/// (Abramowitz and Stegun 6.3.18, 6.4.12); reflection below 1/2.
enum Polygamma {
    static func digamma(_ x: Double) -> Double {
        if x.isNaN || x == .infinity { return x }
        if x <= 0, x == x.rounded(.down) { return .nan }
        if x < 0.5 { return digamma(1 - x) - .pi / tan(.pi * (x - x.rounded())) }
        var z = x
        var shift = 0.0
        while z < 10 {
            shift -= 1 / z
            z += 1
        }
        let w = 1 / (z * z)
        let tail = w * (1.0 / 240 - w * (1.0 / 132 - w * (691.0 / 32760 - w / 12)))
        return shift + log(z) - 0.5 / z - w * (1.0 / 12 - w * (1.0 / 120 - w * (1.0 / 252 - tail)))
    }

    static func trigamma(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x == .infinity { return 0 }
        if x <= 0, x == x.rounded(.down) { return .infinity }
        if x < 0.5 {
            let s = sin(.pi * (x - x.rounded()))
            return .pi / s * (.pi / s) - trigamma(1 - x)
        }
        var z = x
        var shift = 0.0
        while z < 10 {
            shift += 1 / (z * z)
            z += 1
        }
        let w = 1 / (z * z)
        let tail = w * (1.0 / 30 - w * (5.0 / 66 - w * (691.0 / 2730 - w * 7 / 6)))
        return shift + 1 / z + 0.5 * w + w / z * (1.0 / 6 - w * (1.0 / 30 - w * (1.0 / 42 - tail)))
    }
}
