import CVector

// Exponentials in double precision. Polynomials are near-minimax fits, interpolated at Chebyshev points with 200 bits.

@inline(__always) func horner(_ p: Doubles, _ x: Doubles, _ c: Double) -> Doubles { fma(p, x, spread(c)) }

@inline(__always) func whereLess(_ a: Doubles, _ b: Doubles, _ x: Doubles, _ y: Doubles) -> Doubles {
    apus_d8_select(apus_d8_less(a, b), x, y)
}

@inline(__always) func absolute(_ x: Doubles) -> Doubles { apus_d8_abs(x) }

/// The magnitude of `x`, which is not negative, with the sign of `y`.
@inline(__always) func signed(_ x: Doubles, as y: Doubles) -> Doubles {
    let sign = apus_m8_and(apus_d8_bits(y), apus_m8_set(Int64.min))
    return apus_m8_as_doubles(apus_m8_or(apus_d8_bits(x), sign))
}

/// `exp(r) - 1 = r + rest`, and the whole `n` that was taken off: `x = n ln 2 + r`, `|r| <= ln 2 / 2`.
struct ReducedDoubleExponential {
    var n: Doubles
    var nBits: apus_m8
    var r: Doubles
    var rest: Doubles

    /// Of `x` from -1000 to 1000, plus `tail`, which is small.
    ///
    /// Adding 1.5 2^52 leaves the nearest whole number in the low bits. ln 2 is split so that n times its first part,
    /// of 42 bits, is exact; what r loses to rounding is kept.
    @inline(__always) init(_ x: Doubles, tail: Doubles) {
        let magic = 6_755_399_441_055_744.0
        let shifted = fma(x, spread(1.4426950408889634), spread(magic))
        n = shifted - spread(magic)
        nBits = apus_m8_subtract(apus_d8_bits(shifted), apus_d8_bits(spread(magic)))
        let near = fma(n, spread(-0.6931471805598903), x)
        r = fma(n, spread(-5.497923018708371e-14), near)
        let lost = fma(n, spread(-5.497923018708371e-14), near - r) + tail
        rest = ReducedDoubleExponential.rest(r, lost)
    }

    /// Of `x` of one binary exponent's width around `n`, `r = (x - n) ln 2`.
    @inline(__always) init(ofTwo x: Doubles) {
        let magic = 6_755_399_441_055_744.0
        let shifted = x + spread(magic)
        n = shifted - spread(magic)
        nBits = apus_m8_subtract(apus_d8_bits(shifted), apus_d8_bits(spread(magic)))
        let part = x - n
        r = part * spread(0.6931471805599453)
        let lost = apus_d8_product_rest(part, spread(0.6931471805599453), r)
        rest = ReducedDoubleExponential.rest(r, fma(part, spread(2.3190468138462996e-17), lost))
    }

    /// `exp(r + lost) - 1 - r`. The fit of (exp(r) - 1 - r) / r^2 is off by 2^-61 of exp(r).
    @inline(__always) private static func rest(_ r: Doubles, _ lost: Doubles) -> Doubles {
        var q = horner(spread(2.09147553258932e-09), r, 2.5105312729622103e-08)
        q = horner(q, r, 2.755727347871858e-07)
        q = horner(q, r, 2.755725517000089e-06)
        q = horner(q, r, 2.480158732567746e-05)
        q = horner(q, r, 0.0001984126987500228)
        q = horner(q, r, 0.0013888888888883711)
        q = horner(q, r, 0.008333333333326084)
        q = horner(q, r, 0.04166666666666667)
        q = horner(q, r, 0.1666666666666667)
        q = horner(q, r, 0.5)
        return fma(r * r, q, lost)
    }

    /// `2^n exp(r)`.
    @inline(__always) var power: Doubles { apus_d8_scale(spread(1) + (r + rest), n, nBits) }
}

/// `x` held to a range; NaN stays.
@inline(__always) func held(_ x: Doubles, from low: Double, to high: Double) -> Doubles {
    apus_d8_max(spread(low), apus_d8_min(spread(high), x))
}

/// `exp(x)`; infinity above 709.78, denormal from -708.4 on, 0 below -745.13.
@inline(__always) func exponential(_ x: Doubles) -> Doubles {
    ReducedDoubleExponential(held(x, from: -750, to: 710), tail: spread(0)).power
}

/// `2^x`, exact for whole `x`.
@inline(__always) func exponentialOfTwo(_ x: Doubles) -> Doubles {
    ReducedDoubleExponential(ofTwo: held(x, from: -1080, to: 1025)).power
}

/// `exp(x) - 1`, with all digits near 0.
@inline(__always) func exponentialMinusOne(_ x: Doubles) -> Doubles {
    let reduced = ReducedDoubleExponential(held(x, from: -50, to: 710), tail: spread(0))
    // 2^n - 1 + 2^n r, with what the sum loses, + 2^n rest; for large n all that counts is exp(x).
    let exponent = apus_m8_add(reduced.nBits, apus_m8_set(1023))
    let power = apus_m8_as_doubles(apus_m8_shift_left(exponent, 52))
    let (whole, part) = (power - spread(1), power * reduced.r)
    let sum = whole + part
    let y = sum + fma(power, reduced.rest, part - (sum - whole))
    let near = whereLess(absolute(x), spread(0x1p-54), x, y)
    return whereLess(spread(60), reduced.n, reduced.power, near)
}

/// `1 / (1 + exp(-x))`.
@inline(__always) func logistic(_ x: Doubles) -> Doubles {
    let e = exponential(spread(0) - absolute(x))
    return whereLess(x, spread(0), e, spread(1)) / (spread(1) + e)
}

/// `tanh x`, with all digits near 0: `t / (t + 2)` for `t = exp(2 |x|) - 1`.
@inline(__always) func hyperbolicTangent(_ x: Doubles) -> Doubles {
    let magnitude = apus_d8_min(spread(22), absolute(x))
    let t = exponentialMinusOne(magnitude + magnitude)
    return signed(t / (t + spread(2)), as: x)
}
