import CVector

// Hyperbolic sine and cosine by exponentials of the magnitude.

/// `exp(x) / 2` and what it lacks.
@inline(__always) private func halfExponential(_ reduced: ReducedDoubleExponential) -> DoublePair {
    var half = reduced
    half.n = half.n - spread(1)
    half.nBits = apus_m8_subtract(half.nBits, apus_m8_set(1))
    return half.precisePower
}

/// Of x from 0 to 711: `x = n ln 2 + r`, n in sixteenths, 2^n / 4 and 2^-n / 4, their sum and difference, `cosh r` and
/// `sinh r`: cosh x / 2 = sum cosh r + difference sinh r, sinh x / 2 = sum sinh r + difference cosh r.
private struct SixteenthHyperbolic {
    var nBits: apus_m8
    var up: Doubles
    var down: Doubles
    var sum: Doubles
    var difference: Doubles
    /// `cosh r - 1`.
    var even: Doubles
    var odd: Doubles

    @inline(__always) init(_ x: Doubles) {
        let reduced = SixteenthExponential(x)
        nBits = reduced.nBits
        up = apus_d8_quarter_power(nBits, 1)
        down = apus_d8_quarter_power(nBits, -1)
        sum = up + down
        difference = up - down
        let r = reduced.r
        let z = r * r
        even = horner(horner(spread(0.001388888888888889), z, 0.041666666666666664), z, 0.5) * z
        let s = horner(horner(spread(0.0001984126984126984), z, 0.008333333333333333), z, 0.16666666666666666)
        odd = fma(z * r, s, r)
    }

    @inline(__always) var sine: Doubles {
        var lost = (up - difference) - down
        lost = fma(up, apus_d8_quarter_power_rest(nBits, 1), lost)
        lost = apus_d8_fnma(down, apus_d8_quarter_power_rest(nBits, -1), lost)
        let half = difference + fma(sum, odd, fma(difference, even, lost))
        return half + half
    }

    @inline(__always) var cosine: Doubles {
        let lost = fma(up, apus_d8_quarter_power_rest(nBits, 1), (up - sum) + down)
        let half = sum + fma(difference, odd, fma(sum, even, lost))
        return half + half
    }
}

/// `sinh x`, with all digits near 0: half of `t + t / (t + 1)` for `t = exp(|x|) - 1`, or of exp(|x|) - exp(-|x|).
@inline(__always) func hyperbolicSine(_ x: Doubles) -> Doubles {
    let magnitude = absolute(x)
    if hasPermutations {
        let y = SixteenthHyperbolic(apus_d8_min(spread(711), magnitude)).sine
        return signed(whereLess(magnitude, spread(0x1p-28), magnitude, y), as: x)
    }
    let reduced = ReducedDoubleExponential(held(magnitude, from: 0, to: 712), tail: spread(0))
    let half = halfExponential(reduced)
    let far = half.high + (half.low - spread(0.25) / half.high)
    let t = preciseExponentialMinusOne(reduced)
    let near = (t.high + (t.low + t.divided(by: t.added(to: spread(1))))) * spread(0.5)
    let y = whereLess(magnitude, spread(0.69), near, far)
    return signed(whereLess(magnitude, spread(0x1p-28), magnitude, y), as: x)
}

/// `cosh x`.
@inline(__always) func hyperbolicCosine(_ x: Doubles) -> Doubles {
    let magnitude = absolute(x)
    if hasPermutations { return SixteenthHyperbolic(apus_d8_min(spread(711), magnitude)).cosine }
    let half = halfExponential(ReducedDoubleExponential(held(magnitude, from: 0, to: 712), tail: spread(0)))
    return half.high + (half.low + spread(0.25) / half.high)
}

/// Of floats, for x from 0 to 89.5: `x = n ln 2 + r`, the sum and the difference of 2^n / 4 and 2^-n / 4, `cosh r` and
/// `sinh r`: cosh x / 2 = sum cosh r + difference sinh r, and sinh x / 2 = sum sinh r + difference cosh r. Polynomials
/// are near-minimax fits to 2^-32.
private struct ReducedHyperbolic {
    var sum: Lanes
    var difference: Lanes
    /// `cosh r - 1`.
    var even: Lanes
    var odd: Lanes

    @inline(__always) init(_ x: Lanes) {
        let magic: Float = 12_582_912
        let shifted = fma(x, splat(1.442_695_04), splat(magic))
        let n = shifted - splat(magic)
        let nBits = apus_i16_subtract(apus_f16_bits(shifted), apus_i16_set(0x4B40_0000))
        let r = fma(n, splat(2.121_944_4e-4), fma(n, splat(-0.693_359_375), x))
        let (up, down) = (apus_f16_quarter_power(nBits, 1), apus_f16_quarter_power(nBits, -1))
        sum = up + down
        difference = up - down
        let z = r * r
        let c = fma(fma(z, splat(0.001_393_368_59), splat(0.041_666_464_6)), z, splat(0.500_000_001))
        even = c * z
        let s = fma(fma(z, splat(0.000_198_910_306), splat(0.008_333_310_89)), z, splat(0.166_666_666_8))
        odd = fma(z * r, s, r)
    }
}

/// `sinh x`.
@inline(__always) func hyperbolicSine(_ x: Lanes) -> Lanes {
    let magnitude = apus_f16_abs(x)
    let reduced = ReducedHyperbolic(atMost(89.5, magnitude))
    let half = reduced.difference + fma(reduced.sum, reduced.odd, reduced.difference * reduced.even)
    return whereLess(magnitude, splat(0x1p-13), x, apus_f16_copysign(half + half, x))
}

/// `cosh x`.
@inline(__always) func hyperbolicCosine(_ x: Lanes) -> Lanes {
    let reduced = ReducedHyperbolic(atMost(89.5, apus_f16_abs(x)))
    let half = reduced.sum + fma(reduced.sum, reduced.even, reduced.difference * reduced.odd)
    return half + half
}
