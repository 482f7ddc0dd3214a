import CVector

// Hyperbolic sine and cosine by exponentials of the magnitude.

/// `exp(x) / 2` and what it lacks.
@inline(__always) private func halfExponential(_ reduced: ReducedDoubleExponential) -> DoublePair {
    var half = reduced
    half.n = half.n - spread(1)
    half.nBits = apus_m8_subtract(half.nBits, apus_m8_set(1))
    return half.precisePower
}

/// `sinh x`, with all digits near 0: half of `t + t / (t + 1)` for `t = exp(|x|) - 1`, or of exp(|x|) - exp(-|x|).
@inline(__always) func hyperbolicSine(_ x: Doubles) -> Doubles {
    let magnitude = absolute(x)
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
    let half = halfExponential(ReducedDoubleExponential(held(absolute(x), from: 0, to: 712), tail: spread(0)))
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
        let up = apus_i16_as_floats(apus_i16_shift_left(apus_i16_add(nBits, apus_i16_set(125)), 23))
        let less = apus_i16_at_least_0(apus_i16_subtract(apus_i16_set(125), nBits))
        let down = apus_i16_as_floats(apus_i16_shift_left(less, 23))
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
