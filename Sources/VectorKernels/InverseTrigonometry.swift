import CVector

// Arctangent, arcsine, arccosine. Polynomials are near-minimax fits, interpolated at Chebyshev points.

// MARK: Doubles

/// `(atan t - t) / t^3` of `z = t^2`, `|t| <= 1`; off by 2^-58 of atan t.
@inline(__always) private func arctangentRest(_ z: Doubles) -> Doubles {
    let square = z * z
    var even = horner(spread(-1.1832505417555692e-05), square, -0.0007518472526973822)
    even = horner(even, square, -0.006575683344151699)
    even = horner(even, square, -0.020238706986393514)
    even = horner(even, square, -0.033750132001619734)
    even = horner(even, square, -0.04308119655330471)
    even = horner(even, square, -0.05261265735709454)
    even = horner(even, square, -0.06666636435777692)
    even = horner(even, square, -0.09090908969557403)
    even = horner(even, square, -0.14285714285648404)
    var odd = horner(spread(0.0001368724853148122), square, 0.002622977891906089)
    odd = horner(odd, square, 0.012756172907694298)
    odd = horner(odd, square, 0.027567942297344678)
    odd = horner(odd, square, 0.03872640214042632)
    odd = horner(odd, square, 0.04752086773576656)
    odd = horner(odd, square, 0.05882074956371294)
    odd = horner(odd, square, 0.07692305354678655)
    odd = horner(odd, square, 0.11111111107234799)
    // The large terms, which cancel, come last.
    return horner(horner(fma(z, odd, even), z, 0.19999999999999554), z, -0.3333333333333333)
}

/// `atan x`: of x or, above 1, pi/2 plus that of -1/x.
@inline(__always) func arctangent(_ x: Doubles) -> Doubles {
    let magnitude = absolute(x)
    let large = apus_d8_less(spread(1), magnitude)
    let t = apus_d8_select(large, spread(-1), magnitude) / apus_d8_select(large, magnitude, spread(1))
    let z = t * t
    let low = apus_d8_select(large, spread(6.123233995736766e-17), spread(0))
    let high = apus_d8_select(large, spread(1.5707963267948966), spread(0))
    return signed(high + (t + fma(t * z, arctangentRest(z), low)), as: x)
}

/// `(asin s - s) / s^3` of `z = s^2`, `s <= 1/2`; off by 2^-57 of asin s.
@inline(__always) private func arcsineRest(_ z: Doubles) -> Doubles {
    let square = z * z
    var even = horner(spread(0.028757851367421566), square, 0.01740087944269402)
    even = horner(even, square, 0.01032281435018578)
    even = horner(even, square, 0.013971212973552933)
    even = horner(even, square, 0.02237217294214989)
    even = horner(even, square, 0.04464285714635543)
    even = horner(even, square, 0.16666666666666669)
    var odd = horner(spread(-0.014851887071247204), square, 0.005457506718640358)
    odd = horner(odd, square, 0.011479177415184906)
    odd = horner(odd, square, 0.017352392720869973)
    odd = horner(odd, square, 0.030381944138531247)
    odd = horner(odd, square, 0.07499999999998433)
    return fma(z, odd, even)
}

/// `asin s`, s up to 1/2 being |x| or, above, the root of `(1 - |x|) / 2`, with what that root lacks.
private struct ReducedArcsine {
    var large: apus_m8
    var s: Doubles
    /// `asin s - s`.
    var rest: Doubles

    @inline(__always) init(_ magnitude: Doubles) {
        large = apus_d8_less(spread(0.5), magnitude)
        let half = fma(magnitude, spread(-0.5), spread(0.5))
        let z = apus_d8_select(large, half, magnitude * magnitude)
        let root = apus_d8_near_sqrt(half)
        s = apus_d8_select(large, root, magnitude)
        let lost = apus_d8_select(large, apus_d8_sqrt_rest(half, root), spread(0))
        rest = fma(s * z, arcsineRest(z), lost)
    }
}

/// `asin x`; NaN beyond -1 and 1.
@inline(__always) func arcsine(_ x: Doubles) -> Doubles {
    let magnitude = absolute(x)
    let reduced = ReducedArcsine(magnitude)
    // pi/2 - 2 asin s; or asin s.
    let twice = fma(spread(-2), reduced.rest, spread(6.123233995736766e-17))
    let high = fma(reduced.s, spread(-2), spread(1.5707963267948966))
    let lost = fma(reduced.s, spread(-2), spread(1.5707963267948966) - high)
    let y = apus_d8_select(reduced.large, high + (lost + twice), reduced.s + reduced.rest)
    return signed(y, as: x)
}

/// `acos x`; NaN beyond -1 and 1.
@inline(__always) func arccosine(_ x: Doubles) -> Doubles {
    let reduced = ReducedArcsine(absolute(x))
    let negative = apus_d8_less(x, spread(0))
    // 2 asin s or pi - 2 asin s for large |x|, pi/2 - asin s or pi/2 + asin s for others.
    let factor = apus_d8_select(reduced.large, spread(2), spread(-1))
    let turned = apus_d8_select(negative, spread(0) - factor, factor)
    let pi = apus_d8_select(negative, spread(3.141592653589793), spread(0))
    let piLow = apus_d8_select(negative, spread(1.2246467991473532e-16), spread(0))
    let base = apus_d8_select(reduced.large, pi, spread(1.5707963267948966))
    let baseLow = apus_d8_select(reduced.large, piLow, spread(6.123233995736766e-17))
    let high = fma(turned, reduced.s, base)
    let lost = fma(turned, reduced.s, base - high)
    return high + (lost + fma(turned, reduced.rest, baseLow))
}

// MARK: Floats

/// `atan x`, as for doubles.
@inline(__always) func arctangent(_ x: Lanes) -> Lanes {
    let magnitude = apus_f16_abs(x)
    let large = apus_f16_less(splat(1), magnitude)
    let t = apus_f16_select(large, splat(-1), magnitude) / apus_f16_select(large, magnitude, splat(1))
    let z = t * t
    let square = z * z
    var even = fma(splat(-0.009_144_629_760_592_396), square, splat(-0.048_960_514_027_090_67))
    even = fma(even, square, splat(-0.089_318_267_773_813_15))
    even = fma(even, square, splat(-0.142_840_037_947_335_3))
    var odd = fma(splat(0.001_488_691_939_304_759_7), square, splat(0.026_305_001_110_062_377))
    odd = fma(odd, square, splat(0.070_319_142_500_299_66))
    odd = fma(odd, square, splat(0.110_882_616_287_351_59))
    let p = fma(fma(fma(z, odd, even), z, splat(0.199_999_493_211_418_88)), z, splat(-0.333_333_330_810_732_5))
    let low = apus_f16_select(large, splat(-4.371_139e-8), splat(0))
    let high = apus_f16_select(large, splat(1.570_796_4), splat(0))
    let y = high + (t + fma(t * z, p, low))
    return apus_f16_copysign(y, x)
}

/// `asin s` of floats as the sum of `s` and a rest, s as in `ReducedArcsine`.
private struct ReducedFloatArcsine {
    var large: apus_i16
    var s: Lanes
    var rest: Lanes

    @inline(__always) init(_ magnitude: Lanes) {
        large = apus_f16_less(splat(0.5), magnitude)
        let half = fma(magnitude, splat(-0.5), splat(0.5))
        let z = apus_f16_select(large, half, magnitude * magnitude)
        s = apus_f16_select(large, apus_f16_sqrt(half), magnitude)
        var p = fma(z, splat(0.038_085_023_561), splat(0.026_554_542_206))
        p = fma(p, z, splat(0.045_001_380_07))
        p = fma(p, z, splat(0.074_988_550_726))
        p = fma(p, z, splat(0.166_666_724_148))
        rest = s * z * p
    }
}

/// `asin x`; NaN beyond -1 and 1.
@inline(__always) func arcsine(_ x: Lanes) -> Lanes {
    let reduced = ReducedFloatArcsine(apus_f16_abs(x))
    let high = apus_f16_select(reduced.large, fma(reduced.s, splat(-2), splat(1.570_796_4)), reduced.s)
    let low = apus_f16_select(reduced.large, fma(reduced.rest, splat(-2), splat(-4.371_139e-8)), reduced.rest)
    return apus_f16_copysign(high + low, x)
}

/// `acos x`; NaN beyond -1 and 1.
@inline(__always) func arccosine(_ x: Lanes) -> Lanes {
    let reduced = ReducedFloatArcsine(apus_f16_abs(x))
    // 2 asin s or pi - 2 asin s for large |x|, pi/2 - asin s or pi/2 + asin s for others.
    let sign = apus_i16_and(apus_f16_bits(x), apus_i16_set(.min))
    let factor = apus_f16_select(reduced.large, splat(2), splat(-1))
    let turned = apus_i16_as_floats(apus_i16_xor(apus_f16_bits(factor), sign))
    let negative = apus_f16_less(x, splat(0))
    let pi = apus_f16_select(negative, splat(3.141_592_7), splat(0))
    let piLow = apus_f16_select(negative, splat(-8.742_277_7e-8), splat(0))
    let base = apus_f16_select(reduced.large, pi, splat(1.570_796_4))
    let baseLow = apus_f16_select(reduced.large, piLow, splat(-4.371_139e-8))
    return fma(turned, reduced.s, base) + fma(turned, reduced.rest, baseLow)
}
