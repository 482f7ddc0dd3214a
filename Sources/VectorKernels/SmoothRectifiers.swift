import CVector

// Functions x s(x) whose s falls off exponentially on the left. There the result is a product of a normal number and an
// exponential that leaves the normal numbers sooner: exponentials are kept 2^64 times too large until the last product.

/// 2^-64.
private let unscale: Float = 0x1p-64

/// `x^2 / 2` as a sum of two floats, times -1; for `x` whose square is a normal number.
@inline(__always) private func minusHalfSquare(_ x: Lanes) -> (Lanes, Lanes) {
    if apus_fma_rounds_once() != 0 {
        let half = splat(-0.5) * x
        let product = half * x
        return (product, fma(half, x, splat(0) - product))
    }
    let (low, high) = (apus_f16_low_doubles(x), apus_f16_high_doubles(x))
    let half = apus_d8_set(-0.5)
    return split(
        apus_d8_multiply(apus_d8_multiply(low, low), half), apus_d8_multiply(apus_d8_multiply(high, high), half))
}

/// Sixteen doubles as sums of two floats.
@inline(__always) private func split(_ low: apus_d8, _ high: apus_d8) -> (Lanes, Lanes) {
    let first = apus_f16_from_doubles(low, high)
    let rest = apus_f16_from_doubles(
        apus_d8_subtract(low, apus_f16_low_doubles(first)), apus_d8_subtract(high, apus_f16_high_doubles(first)))
    return (first, rest)
}

/// `a exp(a^2 / 2)` times the normal distribution function at `-a`, for `1/2 <= a <= 16`: a minimax fit, relative error
/// 2^-26, in `(a - 3) / (a + 3)`. It goes from 0.17 to 0.4, so nothing cancels.
@inline(__always) private func scaledTail(_ a: Lanes) -> Lanes {
    let u = apus_f16_quotient(a - splat(3), a + splat(3))
    var p = fma(u, splat(-4.016_120_9e-05), splat(-0.000_526_277_87))
    p = fma(p, u, splat(-1.392_941_4e-06))
    p = fma(p, u, splat(0.003_949_271_5))
    p = fma(p, u, splat(-0.001_749_649_6))
    p = fma(p, u, splat(-0.028_854_271))
    p = fma(p, u, splat(0.091_378_026))
    p = fma(p, u, splat(-0.139_657_66))
    p = fma(p, u, splat(0.109_875_83))
    return fma(p, u, splat(0.364_541_86))
}

/// `(Phi(x) - 1/2) / x` for `|x| <= 0.6`, relative error 2^-31.
@inline(__always) private func centralSlope(_ x: Lanes) -> Lanes {
    let z = x * x
    var p = fma(z, splat(0.000_107_261_77), splat(-0.001_184_782_1))
    p = fma(p, z, splat(0.009_973_231))
    p = fma(p, z, splat(-0.066_490_37))
    return fma(p, z, splat(0.398_942_3))
}

/// `a Phi(-a)` for `1/2 <= a`, results below the normal numbers rounded once.
@inline(__always) private func weightedTail(_ magnitude: Lanes) -> Lanes {
    let a = atMost(15.75, magnitude)
    let (h, rest) = minusHalfSquare(a)
    return exponential(h, rest: rest, times: scaledTail(a))
}

/// `x Phi(x)` with the normal distribution function `Phi`, within 3 ulp; -0 at minus infinity.
@inline(__always) func gelu(_ x: Lanes) -> Lanes {
    let magnitude = apus_f16_abs(x)
    let right = apus_f16_max(splat(-0.0), x)
    guard hasPermutations else {
        let center = x * fma(x, centralSlope(x), splat(0.5))
        return whereLess(magnitude, splat(0.6), center, right - weightedTail(magnitude))
    }
    let a = atMost(5.5, magnitude)
    let y = apus_f16_fnma(a, apus_f16_normal_tail_on_interval(a), right)
    let far = apus_f16_less(x, splat(-5.5))
    return apus_i16_any(far) == 0 ? y : apus_f16_select(far, apus_f16_negate(weightedTail(magnitude)), y)
}

/// `Phi(x) + x phi(x)`, `phi(x) = exp(-x^2 / 2) / sqrt(2 pi)`.
@inline(__always) func geluSlope(_ x: Lanes) -> Lanes {
    let a = atMost(15.75, apus_f16_abs(x))
    let (h, rest) = minusHalfSquare(a)
    let e = scaledExponential(h, rest: rest)
    let center = fma(x, fma(e, splat(0.398_942_28 * unscale), centralSlope(x)), splat(0.5))
    let bounded = atLeast(0.5, a)
    let tail = apus_f16_quotient(scaledTail(bounded), bounded)
    let left = fma(a, splat(-0.398_942_28), tail) * e * splat(unscale)
    return whereLess(a, splat(0.5), center, whereLess(x, splat(0), left, splat(1) - left))
}

/// `-2 sqrt(2 / pi) (a + 0.044715 a^3)` as a sum of two floats, for `0 <= a <= 16`.
@inline(__always) private func geluTanhExponent(_ a: Lanes) -> (Lanes, Lanes) {
    @inline(__always) func half(_ a: apus_d8) -> apus_d8 {
        let square = apus_d8_multiply(a, a)
        let cubic = apus_d8_fma(square, apus_d8_set(-0.071_354_816_272_600_25), apus_d8_set(-1.595_769_121_605_731))
        return apus_d8_multiply(a, cubic)
    }
    return split(half(apus_f16_low_doubles(a)), half(apus_f16_high_doubles(a)))
}

/// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, within 4 ulp; -0 at minus infinity.
@inline(__always) func geluTanh(_ x: Lanes) -> Lanes {
    guard hasPermutations else { return geluTanhByExponential(x) }
    let a = atMost(5, apus_f16_abs(x))
    let y = apus_f16_fnma(a, apus_f16_cubic_logistic_on_interval(a), apus_f16_max(splat(-0.0), x))
    let far = apus_f16_less(x, splat(-5))
    return apus_i16_any(far) == 0 ? y : apus_f16_select(far, geluTanhByExponential(x), y)
}

@inline(__always) private func geluTanhByExponential(_ x: Lanes) -> Lanes {
    let a = atMost(11, apus_f16_abs(x))
    let (z, rest) = geluTanhExponent(a)
    let scaled = scaledExponential(atLeast(-125, z), rest: rest)
    let e = scaled * splat(unscale)
    let divisor = splat(1) + e
    let left = (splat(0) - apus_f16_quotient(a * scaled, divisor)) * splat(unscale)
    let right = whereLess(x, splat(11), apus_f16_quotient(atMost(11, x), divisor), x)
    return whereLess(x, splat(0), left, right)
}

/// The derivative of `geluTanh`.
@inline(__always) func geluTanhSlope(_ x: Lanes) -> Lanes {
    let a = atMost(11, apus_f16_abs(x))
    let (z, rest) = geluTanhExponent(a)
    let scaled = scaledExponential(atLeast(-125, z), rest: rest)
    let e = scaled * splat(unscale)
    let divisor = splat(1) + e
    // s = e / (1 + e) on the left and its complement on the right; s' = z' e / (1 + e)^2, alike on both sides.
    let slope = a * fma(a * a, splat(0.214_064_45), splat(1.595_769_1))
    let s = apus_f16_quotient(scaled, divisor)
    let left = (s - slope * apus_f16_quotient(s, divisor)) * splat(unscale)
    return whereLess(x, splat(0), left, splat(1) - left)
}

/// `x / (1 + exp(-x))`, within 4 ulp; -0 at minus infinity.
@inline(__always) func silu(_ x: Lanes) -> Lanes {
    let a = atMost(125, apus_f16_abs(x))
    let scaled = scaledExponential(splat(0) - a)
    let divisor = splat(1) + scaled * splat(unscale)
    let left = (splat(0) - apus_f16_quotient(a * scaled, divisor)) * splat(unscale)
    let right = whereLess(x, splat(30), apus_f16_quotient(atMost(30, x), divisor), x)
    return whereLess(x, splat(0), left, right)
}

/// The derivative of `silu`.
@inline(__always) func siluSlope(_ x: Lanes) -> Lanes {
    let a = atMost(125, apus_f16_abs(x))
    let scaled = scaledExponential(splat(0) - a)
    let divisor = splat(1) + scaled * splat(unscale)
    let s = apus_f16_quotient(scaled, divisor)
    let left = (s - a * apus_f16_quotient(s, divisor)) * splat(unscale)
    return whereLess(x, splat(0), left, splat(1) - left)
}

/// `x tanh(ln(1 + exp x)) = x p / (p + 2)` with `p = exp(x) (exp(x) + 2)`, within 4 ulp; -0 at minus infinity.
@inline(__always) func mish(_ x: Lanes) -> Lanes {
    let clipped = atLeast(-125, atMost(10, x))
    let scaled = scaledExponential(clipped)
    let e = scaled * splat(unscale)
    // The divisor is made of the numerator, so that an error of p counts 2 / (p + 2) times.
    let p = fma(scaled, e, scaled + scaled)
    let y = apus_f16_quotient(clipped * p, fma(p, splat(unscale), splat(2))) * splat(unscale)
    return whereLess(splat(10), x, x, y)
}

/// `p / (p + 2) + 4 x exp(x) (1 + exp(x)) / (p + 2)^2`.
@inline(__always) func mishSlope(_ x: Lanes) -> Lanes {
    let clipped = atLeast(-125, atMost(10, x))
    let scaled = scaledExponential(clipped)
    let e = scaled * splat(unscale)
    let divisor = fma(e, e + splat(2), splat(2))
    let part = apus_f16_quotient(splat(4) * (clipped * (scaled * (e + splat(1)))), divisor)
    let slope = apus_f16_quotient(fma(scaled, e + splat(2), part), divisor) * splat(unscale)
    return whereLess(splat(10), x, splat(1), slope)
}

/// `ln(1 + exp x)`, within 3 ulp: `2 atanh(e / (2 + e))` of `e = exp(-|x|)`, and what `x` adds on the right.
@inline(__always) func softplus(_ x: Lanes) -> Lanes {
    let e = exponential(splat(0) - apus_f16_abs(x))
    let s = apus_f16_quotient(e, splat(2) + e)
    let z = s * s
    var p = fma(z, splat(0.122_065_336), splat(0.106_966_26))
    p = fma(p, z, splat(0.143_103_61))
    p = fma(p, z, splat(0.199_993_46))
    p = fma(p, z, splat(0.333_333_4))
    let logarithm = fma(s + s, p * z, s + s)
    return apus_f16_max(splat(0), x) + logarithm
}
