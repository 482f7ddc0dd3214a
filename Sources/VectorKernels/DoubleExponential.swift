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
        let small = fma(n, spread(-5.497923018708371e-14), tail)
        r = near + small
        rest = ReducedDoubleExponential.rest(r, (near - r) + small)
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

    /// `exp(r + lost) - 1 - r`. The fit of (exp(r) - 1 - r) / r^2 is off by 2^-56 of exp(r).
    @inline(__always) private static func rest(_ r: Doubles, _ lost: Doubles) -> Doubles {
        let square = r * r
        var even = horner(spread(2.7620201591031547e-07), square, 2.4801521057868204e-05)
        even = horner(even, square, 0.0013888888917367081)
        even = horner(even, square, 0.041666666666623824)
        even = horner(even, square, 0.5000000000000001)
        var odd = horner(spread(2.5100472505694996e-08), square, 2.7557268276905696e-06)
        odd = horner(odd, square, 0.00019841269863171557)
        odd = horner(odd, square, 0.008333333333330039)
        odd = horner(odd, square, 0.16666666666666669)
        return fma(square, fma(r, odd, even), lost)
    }

    /// `2^n exp(r)`.
    @inline(__always) var power: Doubles { apus_d8_scale(spread(1) + (r + rest), n, nBits) }

    /// The same, and what it lacks.
    @inline(__always) var precisePower: DoublePair {
        let sum = r + rest
        let high = spread(1) + sum
        let low = (sum - (high - spread(1))) + (rest - (sum - r))
        return DoublePair(high: apus_d8_scale(high, n, nBits), low: apus_d8_scale(low, n, nBits))
    }
}

/// A number as the sum of a double and a much smaller one.
struct DoublePair {
    var high: Doubles
    var low: Doubles

    /// The quotient, within 0.6 ulp where it is normal: a quotient of the larger parts, corrected by what it leaves.
    @inline(__always) func divided(by divisor: DoublePair) -> Doubles {
        let inverse = spread(1) / divisor.high
        let quotient = high * inverse
        let product = quotient * divisor.high
        let left = (high - product) - apus_d8_product_rest(quotient, divisor.high, product)
        return fma(apus_d8_fnma(quotient, divisor.low, left + low), inverse, quotient)
    }

    /// Plus a number that is larger.
    @inline(__always) func added(to larger: Doubles) -> DoublePair {
        let sum = larger + high
        return DoublePair(high: sum, low: (high - (sum - larger)) + low)
    }
}

/// `x` held to a range; NaN stays.
@inline(__always) func held(_ x: Doubles, from low: Double, to high: Double) -> Doubles {
    apus_d8_max(spread(low), apus_d8_min(spread(high), x))
}

/// `x = n ln 2 + r` with n in sixteenths, for x from -1000 to 1000.
struct SixteenthExponential {
    /// n in sixteenths in the low bits.
    var nBits: apus_m8
    var n: Doubles
    var r: Doubles

    @inline(__always) init(_ x: Doubles) {
        // 1.5 2^48: adding it leaves the nearest sixteenth.
        let magic = 422_212_465_065_984.0
        let shifted = fma(x, spread(1.4426950408889634), spread(magic))
        nBits = apus_d8_bits(shifted)
        n = shifted - spread(magic)
        r = fma(n, spread(-5.497923018708371e-14), fma(n, spread(-0.6931471805598903), x))
    }
}

/// `exp(x)`; infinity above 709.78, denormal from -708.4 on, 0 below -745.13.
@inline(__always) func exponential(_ x: Doubles) -> Doubles {
    let bounded = held(x, from: -750, to: 710)
    guard hasPermutations else { return ReducedDoubleExponential(bounded, tail: spread(0)).power }
    let reduced = SixteenthExponential(bounded)
    let r = reduced.r
    // exp(r) / 2^d - 1 to 2^-56, 2^d being what the table's powers are too large by.
    var p = horner(spread(0.0013659787511731678), r, 0.008195912571328389)
    p = horner(p, r, 0.0409787615633749)
    p = horner(p, r, 0.16391504623469783)
    p = horner(p, r, 0.4917451388169041)
    p = horner(p, r, 0.9834902776338099)
    p = horner(p, r, -0.01650972236619225)
    let power = apus_d8_sixteenth_power(reduced.nBits)
    return apus_d8_scale_down_to_whole(fma(power, p, power), reduced.n)
}

/// `2^x`, exact for whole `x`.
@inline(__always) func exponentialOfTwo(_ x: Doubles) -> Doubles {
    let bounded = held(x, from: -1080, to: 1025)
    guard hasPermutations else { return ReducedDoubleExponential(ofTwo: bounded).power }
    let magic = 422_212_465_065_984.0
    let shifted = bounded + spread(magic)
    let n = shifted - spread(magic)
    let r = bounded - n
    // As above.
    var p = horner(spread(0.00015149444550875877), r, 0.0013113681219942112)
    p = horner(p, r, 0.009459336465294316)
    p = horner(p, r, 0.05458775122805953)
    p = horner(p, r, 0.23626043402420593)
    p = horner(p, r, 0.6817035130499932)
    p = horner(p, r, -0.01650972236619225)
    let power = apus_d8_sixteenth_power(apus_d8_bits(shifted))
    return apus_d8_scale_down_to_whole(fma(power, p, power), n)
}

/// `exp(x) - 1` and what it lacks, for `x` of at most 41, not too near 0.
///
/// 2^n - 1 + 2^n r + 2^n rest: the sum of the first two large terms comes with what it loses.
@inline(__always) func preciseExponentialMinusOne(_ reduced: ReducedDoubleExponential) -> DoublePair {
    let exponent = apus_m8_add(reduced.nBits, apus_m8_set(1023))
    let power = apus_m8_as_doubles(apus_m8_shift_left(exponent, 52))
    // From 4 on the 1 is a small term too; before, 2^n - 1 is exact, or hardly differs from -1.
    let one = whereLess(reduced.n, spread(2), spread(1), spread(0))
    let (whole, part) = (power - one, power * reduced.r)
    let sum = whole + part
    let small = fma(power, reduced.rest, part - (sum - whole)) - (spread(1) - one)
    let high = sum + small
    return DoublePair(high: high, low: small - (high - sum))
}

/// `exp(x) - 1`, with all digits near 0.
@inline(__always) func exponentialMinusOne(_ x: Doubles) -> Doubles {
    let reduced = ReducedDoubleExponential(held(x, from: -50, to: 710), tail: spread(0))
    let y = preciseExponentialMinusOne(reduced).high
    let near = whereLess(absolute(x), spread(0x1p-54), x, y)
    return whereLess(spread(60), reduced.n, reduced.power, near)
}

/// `1 / (1 + exp(-x))`.
@inline(__always) func logistic(_ x: Doubles) -> Doubles {
    let e = ReducedDoubleExponential(held(spread(0) - absolute(x), from: -750, to: 0), tail: spread(0)).precisePower
    let negative = apus_d8_less(x, spread(0))
    let numerator = DoublePair(
        high: apus_d8_select(negative, e.high, spread(1)), low: apus_d8_select(negative, e.low, spread(0)))
    return numerator.divided(by: e.added(to: spread(1)))
}

/// `tanh x`, with all digits near 0: from a table, or `t / (t + 2)` for `t = exp(2 |x|) - 1`.
@inline(__always) func hyperbolicTangent(_ x: Doubles) -> Doubles {
    if hasPermutations { return signed(apus_d8_tanh_on_interval(apus_d8_min(spread(19.1), absolute(x))), as: x) }
    let magnitude = apus_d8_min(spread(20), absolute(x))
    let reduced = ReducedDoubleExponential(magnitude + magnitude, tail: spread(0))
    let t = preciseExponentialMinusOne(reduced)
    // t + 2 from either term's side: above 2 the larger one is t.
    let sum = t.high + spread(2)
    let lost = whereLess(t.high, spread(2), t.high - (sum - spread(2)), spread(2) - (sum - t.high))
    let y = t.divided(by: DoublePair(high: sum, low: lost + t.low))
    return signed(whereLess(absolute(x), spread(0x1p-28), absolute(x), y), as: x)
}
