import CVector

@inline(__always) private func select(_ m: apus_i16, _ x: Lanes, _ y: Lanes) -> Lanes { apus_f16_select(m, x, y) }

/// `x^y` of positive finite `x` and finite `y`, within 1.6 ulp: `2^(y log2 x)`, the logarithm to about 31 bits in two floats.
///
/// x = 2^k m, and c close to 1 / m from a table: log2 x = k - log2 c + log2(1 + r), r = m c - 1 exact where the processor
/// rounds a b + c once, as it must.
@inline(__always) private func magnitudeOfPower(_ x: Lanes, _ y: Lanes) -> Lanes {
    let k = apus_f16_exponent(x)
    let m = apus_f16_mantissa(x)
    let r = fma(m, apus_short_log_table(m, 0), splat(-1))
    let first = r * splat(1.442_695_021_629_333_5)
    var q = fma(r, splat(-0.240_669_488_906_860_35), splat(0.288_790_792_226_791_4))
    q = fma(q, r, splat(-0.360_673_695_802_688_6))
    q = fma(q, r, splat(0.480_898_290_872_573_85))
    q = fma(q, r, splat(-0.721_347_510_814_666_7))
    let lostOfFirst = fma(r, splat(1.442_695_021_629_333_5), splat(0) - first)
    let whole = k + apus_short_log_table(m, 1)
    let sum = whole + first
    var small = apus_short_log_table(m, 2) + (first - (sum - whole))
    small = small + fma(r, splat(1.925_963_033_500_011e-08), lostOfFirst)
    small = fma(r * r, q, small)
    let high = sum + small
    let low = small - (high - sum)

    let product = y * high
    let bounded = atLeast(-200, atMost(200, product))
    let rest = fma(y, low, fma(y, high, splat(0) - product))
    let n = apus_f16_round(bounded)
    // Beyond the bounds only over- or underflow is left to tell.
    let f = (bounded - n) + select(apus_f16_equal(bounded, product), rest, splat(0))
    var p = fma(f, splat(1.529_741_348_349_489_3e-05), splat(0.000_154_615_612_700_580_55))
    p = fma(p, f, splat(0.001_333_350_199_274_718_8))
    p = fma(p, f, splat(0.009_618_056_006_729_603))
    p = fma(p, f, splat(0.055_504_109_710_454_94))
    p = fma(p, f, splat(0.240_226_507_186_889_65))
    p = fma(p, f, splat(0.693_147_182_464_599_6))
    return apus_f16_scale(fma(f, p, splat(1)), n, apus_f16_truncate(n))
}

/// `x^y` of floats with all that IEEE 754 says of signs, zeros, infinities and NaN.
@inline(__always) func floatPower(_ x: Lanes, _ y: Lanes) -> Lanes {
    let size = apus_f16_abs(x)
    let exponent = apus_f16_abs(y)
    let base = apus_i16_and(apus_f16_less(splat(0), x), apus_f16_less(x, splat(.infinity)))
    let plain = apus_i16_and(base, apus_f16_less(exponent, splat(.infinity)))
    let usual = magnitudeOfPower(size, y)
    if apus_i16_any(apus_i16_not(plain)) == 0 { return usual }

    // Zero and infinity, and any base to an infinite power: 0, or infinity where base and exponent are on one side.
    let grows = apus_i16_not(apus_i16_xor(apus_f16_less(splat(1), size), apus_f16_less(splat(0), y)))
    let extreme = select(grows, splat(.infinity), splat(0))
    let outer = apus_i16_or(apus_f16_equal(size, splat(0)), apus_f16_equal(size, splat(.infinity)))
    let ends = apus_i16_or(outer, apus_f16_equal(exponent, splat(.infinity)))
    let magnitude = select(ends, extreme, usual)

    let whole = apus_f16_equal(apus_f16_trunc(y), y)
    let half = y * splat(0.5)
    let odd = apus_i16_and(whole, apus_f16_not_equal(apus_f16_trunc(half), half))
    let sign = apus_i16_and(apus_i16_and(apus_f16_bits(x), apus_i16_set(Int32.min)), odd)
    var result = apus_i16_as_floats(apus_i16_or(apus_f16_bits(magnitude), sign))
    let negative = apus_i16_and(apus_f16_less(x, splat(0)), apus_f16_less(splat(-.infinity), x))
    result = select(apus_i16_and(negative, apus_i16_not(whole)), splat(.nan), result)
    let unknown = apus_i16_or(apus_f16_not_equal(x, x), apus_f16_not_equal(y, y))
    result = select(unknown, x + y, result)
    let ones = apus_i16_and(apus_f16_equal(size, splat(1)), apus_f16_equal(exponent, splat(.infinity)))
    let one = apus_i16_or(apus_f16_equal(y, splat(0)), apus_f16_equal(x, splat(1)))
    return select(apus_i16_or(one, ones), splat(1), result)
}
