import CVector

/// `x = n ln 2 + r` with whole `n` and `|r| <= ln 2 / 2`, and `e = exp(r) - 1`.
private struct ReducedExponential {
    var n: Lanes
    var nBits: apus_i16
    var e: Lanes

    // Adding 1.5 2^23 leaves the nearest whole number in the low bits. ln 2 is split so that n times its first part is
    // exact. The polynomial is a minimax fit of (exp(r) - 1 - r) / r^2; its relative error in exp(r) - 1 is 2^-32.
    @inline(__always) init(_ x: Lanes) { self.init(x, rest: nil) }

    /// Of `x + rest`, with a `rest` far below `x`.
    @inline(__always) init(_ x: Lanes, rest: Lanes?) {
        let magic: Float = 12_582_912
        let shifted = fma(x, splat(1.442_695_04), splat(magic))
        n = shifted - splat(magic)
        nBits = apus_i16_subtract(apus_f16_bits(shifted), apus_i16_set(0x4B40_0000))
        var r = fma(n, splat(2.121_944_4e-4), fma(n, splat(-0.693_359_375), x))
        if let rest { r = r + rest }
        var q = fma(r, splat(0.000_198_458_816), splat(0.001_394_066_843))
        q = fma(q, r, splat(0.008_333_389_648))
        q = fma(q, r, splat(0.041_666_358_709))
        q = fma(q, r, splat(0.166_666_656_733))
        q = fma(q, r, splat(0.5))
        e = fma(r * r, q, r)
    }
}

/// `exp(x)`, within 2 ulp; infinity above 88.73, 0 below -103.98, NaN of NaN.
@inline(__always) func exponential(_ x: Lanes) -> Lanes {
    let bounded = atLeast(-104, atMost(89, x))
    if hasPermutations { return exponentialByTable(bounded) }
    let reduced = ReducedExponential(bounded)
    return apus_f16_scale(reduced.e + splat(1), reduced.n, reduced.nBits)
}

/// `exp(x)` for `-104 <= x <= 89`: `2^n exp(r)` with n in sixteenths. The table holds the powers times 2^d, d = 398 /
/// 65536, the polynomial is `exp(r) 2^-d - 1` to 2^-29.
@inline(__always) private func exponentialByTable(_ x: Lanes) -> Lanes {
    // 1.5 2^19: adding it leaves the nearest sixteenth.
    let magic: Float = 786_432
    let shifted = fma(x, splat(1.442_695_04), splat(magic))
    let n = shifted - splat(magic)
    let r = fma(n, splat(2.121_944_4e-4), fma(n, splat(-0.693_359_375), x))
    let power = apus_f16_sixteenth_power(apus_f16_bits(shifted))
    var rest = fma(r, splat(0.165_978_431_7), splat(0.497_918_725))
    rest = fma(rest, r, splat(0.995_799_362_66))
    rest = fma(rest, r, splat(-0.004_200_635_012_24))
    return apus_f16_scale_down_to_whole(fma(power, rest, power), n)
}

/// `exp(x + rest) 2^64` for `-125 <= x <= 20`, which is a normal number, within 2 ulp; NaN of NaN.
@inline(__always) func scaledExponential(_ x: Lanes, rest: Lanes? = nil) -> Lanes {
    let reduced = ReducedExponential(x, rest: rest)
    return apus_f16_scale(
        reduced.e + splat(1), reduced.n + splat(64), apus_i16_add(reduced.nBits, apus_i16_set(64)))
}

/// `factor exp(x + rest)` for `-125 <= x <= 20` and a factor of about 1, within 1.2 ulp beside it; what is below the
/// normal numbers is rounded once; NaN of NaN.
@inline(__always) func exponential(_ x: Lanes, rest: Lanes, times factor: Lanes) -> Lanes {
    let reduced = ReducedExponential(x, rest: rest)
    return apus_f16_scale(fma(factor, reduced.e, factor), reduced.n, reduced.nBits)
}

/// `exp(x) - 1`, within 1.5 ulp; infinity above 88.73, -1 below -25, NaN of NaN.
@inline(__always) func wholeExponentialMinusOne(_ x: Lanes) -> Lanes {
    let reduced = ReducedExponential(atLeast(-25, atMost(88.9, x)))
    // Half of it first, for 2^128 is no float; what is its own value keeps its last bit and its sign.
    let half = apus_i16_as_floats(apus_i16_shift_left(apus_i16_add(reduced.nBits, apus_i16_set(126)), 23))
    let y = fma(half, reduced.e, half - splat(0.5))
    return apus_f16_select(apus_f16_equal(x, reduced.e), x, y + y)
}

/// `exp(x) - 1` for `x <= 40`, within 3 ulp also near 0; -1 below -25, NaN of NaN.
@inline(__always) func exponentialMinusOne(_ x: Lanes) -> Lanes {
    let reduced = ReducedExponential(atLeast(-25, x))
    let exponent = apus_i16_add(reduced.nBits, apus_i16_set(127))
    let power = apus_i16_as_floats(apus_i16_shift_left(exponent, 23))
    return fma(power, reduced.e, power - splat(1))
}

/// `ln x` for normal positive `x`, within 2 ulp; NaN of NaN.
@inline(__always) func logarithm(_ x: Lanes) -> Lanes {
    // x = m 2^e with m in [sqrt(1/2), sqrt 2); the polynomial is a minimax fit of (ln(1 + f) - f + f^2 / 2) / f^3.
    let bits = apus_f16_bits(x)
    let exponent = apus_i16_shift_right(apus_i16_subtract(bits, apus_i16_set(0x3F35_04F3)), 23)
    let e = apus_i16_to_floats(exponent)
    let f = apus_i16_as_floats(apus_i16_subtract(bits, apus_i16_shift_left(exponent, 23))) - splat(1)
    let square = f * f
    var p = fma(f, splat(0.067_466_385_66), splat(-0.116_756_513_7))
    p = fma(p, f, splat(0.118_881_627_9))
    p = fma(p, f, splat(-0.124_055_892_2))
    p = fma(p, f, splat(0.142_195_522_8))
    p = fma(p, f, splat(-0.166_679_963_5))
    p = fma(p, f, splat(0.200_021_192_4))
    p = fma(p, f, splat(-0.250_000_089_4))
    p = fma(p, f, splat(0.333_333_134_7))
    var y = fma(e, splat(-2.121_944_4e-4), square * f * p)
    y = fma(square, splat(-0.5), y)
    y = fma(e, splat(0.693_359_375), f + y)
    return apus_f16_select(apus_f16_equal(x, x), y, x)
}

/// `1 / (1 + exp(-x))`, within 3 ulp, results below the normal numbers too: from a table, or `e / (1 + e)` for `e =
/// exp(x)` below 0.
@inline(__always) func logistic(_ x: Lanes) -> Lanes {
    let magnitude = apus_f16_abs(x)
    guard hasPermutations else {
        let e = exponential(splat(0) - magnitude)
        return apus_f16_quotient(whereLess(x, splat(0), e, splat(1)), splat(1) + e)
    }
    let tail = apus_f16_logistic_tail_on_interval(atMost(17.4, magnitude))
    let y = whereLess(x, splat(0), tail, splat(1) - tail)
    let far = apus_f16_less(x, splat(-17.4))
    return apus_i16_any(far) == 0 ? y : apus_f16_select(far, exponential(x), y)
}

/// `tanh x`, within 1.2 ulp from a table, elsewhere within 4: there `(exp(2x) - 1) / (exp(2x) + 1)` keeps its digits
/// near 0.
@inline(__always) func hyperbolicTangent(_ x: Lanes) -> Lanes {
    let magnitude = apus_f16_abs(x)
    if hasPermutations {
        return apus_f16_copysign(apus_f16_tanh_on_interval(atMost(9.3, magnitude)), x)
    }
    let t = exponentialMinusOne(atMost(18.2, magnitude + magnitude))
    return apus_f16_copysign(apus_f16_quotient(t, t + splat(2)), x)
}
