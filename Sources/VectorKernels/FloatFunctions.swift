import CVector

// Functions of floats in single precision: what the first term loses to rounding is carried along where it counts.

/// `x = n pi/2 + r + tail`, and n in the low bits of `turns`, for |x| up to 10 000: beyond, n times the parts of pi/2
/// may lose digits.
private struct ReducedAngle {
    var far: apus_i16
    var turns: apus_i16
    var r: Lanes
    var tail: Lanes

    @inline(__always) init(_ x: Lanes) {
        let magic: Float = 12_582_912
        far = apus_i16_not(apus_f16_less_equal(apus_f16_abs(x), splat(10_000)))
        let shifted = fma(x, splat(0.636_619_77), splat(magic))
        turns = apus_f16_bits(shifted)
        let n = shifted - splat(magic)
        // pi/2 in four parts, the second of few bits: the first difference is exact, the second where it is small.
        let first = fma(n, splat(-1.5707963705062866), x)
        let second = fma(n, splat(4.3655745685100555e-08), first)
        r = fma(n, splat(5.564431554416771e-11), second)
        tail = n * splat(1.2177051777973966e-18)
    }

    /// `y`, or the function in double precision where x is far.
    @inline(__always) func mended(_ y: Lanes, _ x: Lanes, _ wide: (Doubles) -> Doubles) -> Lanes {
        if apus_i16_any(far) == 0 { return y }
        let other = apus_f16_from_doubles(wide(apus_f16_low_doubles(x)), wide(apus_f16_high_doubles(x)))
        return apus_f16_select(far, other, y)
    }
}

/// The sine `quarters` quarter turns on.
@inline(__always) private func sine(_ x: Lanes, turned quarters: Int32, _ wide: (Doubles) -> Doubles) -> Lanes {
    let reduced = ReducedAngle(x)
    let (r, tail) = (reduced.r, reduced.tail)
    let z = r * r
    var s = fma(z, splat(2.724_914_679_681_317e-06), splat(-0.000_198_400_807_199_122_43))
    s = fma(s, z, splat(0.008_333_331_863_560_767))
    s = fma(s, z, splat(-0.166_666_666_638_265_82))
    let sine = r + fma(z * r, s, tail)
    var c = fma(z, splat(2.454_729_917_248_18e-05), splat(-0.001_388_830_005_658_671_2))
    c = fma(c, z, splat(0.041_666_664_644_155_81))
    let half = z * splat(0.5)
    let top = splat(1) - half
    let cosine = top + (((splat(1) - top) - half) + fma(z * z, c, splat(0) - r * tail))
    let turns = apus_i16_add(reduced.turns, apus_i16_set(quarters))
    let odd = apus_i16_is_odd(turns)
    let sign = apus_i16_shift_left(apus_i16_and(turns, apus_i16_set(2)), 30)
    let value = apus_f16_bits(apus_f16_select(odd, cosine, sine))
    let y = apus_i16_as_floats(apus_i16_xor(value, sign))
    return reduced.mended(y, x, wide)
}

/// `sin x`.
@inline(__always) func sine(_ x: Lanes) -> Lanes {
    apus_f16_select(apus_f16_equal(x, splat(0)), x, sine(x, turned: 0, shortSine))
}

/// `cos x`.
@inline(__always) func cosine(_ x: Lanes) -> Lanes { sine(x, turned: 1, shortCosine) }

/// `tan x`: of r, or -1 / tan r.
@inline(__always) func tangent(_ x: Lanes) -> Lanes {
    let reduced = ReducedAngle(x)
    let r = reduced.r
    let z = r * r
    var p = fma(z, splat(0.003_845_221_345), splat(0.001_181_812_789))
    p = fma(p, z, splat(0.009_964_343_981))
    p = fma(p, z, splat(0.021_620_500_768))
    p = fma(p, z, splat(0.053_994_544_339))
    p = fma(p, z, splat(0.133_332_305_816))
    p = fma(p, z, splat(0.333_333_339_821))
    let t = r + fma(z * r, p, reduced.tail)
    let odd = apus_i16_is_odd(reduced.turns)
    let y = apus_f16_select(odd, apus_f16_quotient(splat(-1), t), t)
    return reduced.mended(apus_f16_select(apus_f16_equal(x, splat(0)), x, y), x, shortTangent)
}

/// `ln(1 + x)`: of the sum and what it lacks, or of x itself where it is small.
@inline(__always) func logarithmOfOnePlus(_ x: Lanes) -> Lanes {
    let sum = splat(1) + x
    let part = sum - splat(1)
    let lost = (splat(1) - (sum - part)) + (x - part)
    if hasPermutations {
        // The logarithm of the sum's part is 0 here.
        let near = apus_f16_less(apus_f16_abs(x), splat(0x1p-6))
        var reduced = PartLogarithm(sum)
        reduced.r = apus_f16_select(near, x, reduced.r)
        let more = apus_f16_select(near, splat(0), lost * apus_f16_rough_inverse(sum))
        let y = apus_f16_whole_logarithm(sum, reduced.natural(adding: more))
        return apus_f16_select(apus_f16_equal(x, splat(0)), x, y)
    }
    let near = apus_f16_less(apus_f16_abs(x), splat(0.25))
    let k = apus_f16_select(near, splat(0), apus_f16_exponent(sum))
    let f = apus_f16_select(near, x, apus_f16_mantissa(sum) - splat(1))
    let correction = apus_f16_select(near, splat(0), lost * apus_f16_rough_inverse(sum))
    let y = logarithm(k, f, adding: correction)
    return whereLess(apus_f16_abs(x), splat(0x1p-25), x, apus_f16_whole_logarithm(sum, y))
}

/// `k ln 2 + ln(1 + f) + more`, f from -1/4 to 1/2, within 2 ulp: `ln(1 + f) = f - f^2 / 2 + f^3 P(f)`. The polynomial
/// is a near-minimax fit to 2^-27 of the logarithm.
@inline(__always) func logarithm(_ k: Lanes, _ f: Lanes, adding more: Lanes) -> Lanes {
    let square = f * f
    var p = fma(f, splat(0.042_871_978_037), splat(-0.095_613_400_136))
    p = fma(p, f, splat(0.116_806_817_905))
    p = fma(p, f, splat(-0.126_393_111_383))
    p = fma(p, f, splat(0.142_683_059_703))
    p = fma(p, f, splat(-0.166_608_175_306))
    p = fma(p, f, splat(0.200_001_408_962))
    p = fma(p, f, splat(-0.250_000_567_144))
    p = fma(p, f, splat(0.333_333_331_473))
    var y = fma(k, splat(-2.121_944_4e-4), fma(square * f, p, more))
    y = fma(square, splat(-0.5), y)
    return fma(k, splat(0.693_359_375), f + y)
}
