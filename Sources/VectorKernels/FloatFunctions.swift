import CVector

// Functions of floats in single precision, within 1 ulp: what the first term loses to rounding is carried along.

/// `exp(x) - 1`, with all digits near 0.
@inline(__always) func preciseExponentialMinusOne(_ x: Lanes) -> Lanes {
    let magic: Float = 12_582_912
    let held = atLeast(-30, atMost(89, x))
    let shifted = fma(held, splat(1.442_695_04), splat(magic))
    let n = shifted - splat(magic)
    let nBits = apus_i16_subtract(apus_f16_bits(shifted), apus_i16_set(0x4B40_0000))
    // n times the first part of ln 2 is exact.
    let first = fma(n, splat(-0.693_359_375), held)
    let r = fma(n, splat(2.121_944_4e-4), first)
    let lost = fma(n, splat(2.121_944_4e-4), first - r)
    var q = fma(r, splat(0.000_198_912_685_101_072_83), splat(0.001_393_390_005_004_007_9))
    q = fma(q, r, splat(0.008_333_310_674_603_188))
    q = fma(q, r, splat(0.041_666_462_666_195_954))
    q = fma(q, r, splat(0.166_666_666_818_750_5))
    q = fma(q, r, splat(0.5))
    let rest = fma(r * r, q, lost)
    // 2^n - 1 + 2^n r + 2^n rest; from 4 on the 1 is a small term too.
    let power = apus_i16_as_floats(apus_i16_shift_left(apus_i16_add(nBits, apus_i16_set(127)), 23))
    let one = whereLess(n, splat(2), splat(1), splat(0))
    let (whole, part) = (power - one, power * r)
    let sum = whole + part
    let small = fma(power, rest, part - (sum - whole)) - (splat(1) - one)
    let near = whereLess(apus_f16_abs(x), splat(0x1p-25), x, sum + small)
    return whereLess(splat(60), n, apus_f16_scale(splat(1) + (r + rest), n, nBits), near)
}

/// The sine `quarters` quarter turns on. Beyond 10 000, where n times the parts of pi/2 may lose digits, in double
/// precision.
@inline(__always) private func sine(_ x: Lanes, turned quarters: Int32, _ wide: (Doubles) -> Doubles) -> Lanes {
    let magic: Float = 12_582_912
    let far = apus_i16_not(apus_f16_less_equal(apus_f16_abs(x), splat(10_000)))
    let near = apus_f16_select(far, splat(0), x)
    let shifted = fma(near, splat(0.636_619_77), splat(magic))
    let n = shifted - splat(magic)
    // x - n pi/2 in two parts: the first product leaves an exact difference, the second comes with what it loses.
    let first = fma(n, splat(-1.570_796_370_506_286_6), near)
    let w = n * splat(4.371_138_828_673_793e-08)
    let r = first + w
    let b = r - first
    let lost = (first - (r - b)) + (w - b)
    let tail = lost + fma(n, splat(1.715_124_510_005_881_9e-15), fma(n, splat(4.371_138_828_673_793e-08), splat(0) - w))
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
    let turns = apus_i16_add(apus_f16_bits(shifted), apus_i16_set(quarters))
    let odd = apus_i16_shift_right(apus_i16_shift_left(turns, 31), 31)
    let sign = apus_i16_shift_left(apus_i16_and(turns, apus_i16_set(2)), 30)
    let value = apus_f16_bits(apus_f16_select(odd, cosine, sine))
    let y = apus_i16_as_floats(apus_i16_xor(value, sign))
    if apus_i16_any(far) == 0 { return y }
    let other = apus_f16_from_doubles(wide(apus_f16_low_doubles(x)), wide(apus_f16_high_doubles(x)))
    return apus_f16_select(far, other, y)
}

/// `sin x`.
@inline(__always) func sine(_ x: Lanes) -> Lanes {
    apus_f16_select(apus_f16_equal(x, splat(0)), x, sine(x, turned: 0, shortSine))
}

/// `cos x`.
@inline(__always) func cosine(_ x: Lanes) -> Lanes { sine(x, turned: 1, shortCosine) }
