import CVector

/// `ln x` of positive finite `x` to about 68 bits.
///
/// x = 2^k z, and c of 13 bits close to 1 / z from a table (Tang, ACM TOMS 16, 1990, doi:10.1145/98267.98294): ln x =
/// k ln 2 - ln c + ln(1 + r), r = z c - 1 small. The sums of the large terms are exact but for what `low` gathers.
@inline(__always) private func preciseLogarithm(_ x: Doubles) -> DoublePair {
    let tiny = apus_d8_less(x, spread(2.2250738585072014e-308))
    let bits = apus_d8_bits(apus_d8_select(tiny, x * spread(0x1p54), x))
    let start: Int64 = 0x3FE6_9555_0000_0000
    let raised = apus_m8_add(bits, apus_m8_set(0x4000_0000_0000_0000 - start))
    let exponent = apus_m8_shift_down(raised, 52)
    let interval = apus_m8_and(apus_m8_shift_down(raised, 45), apus_m8_set(127))
    let shift = apus_m8_shift_left(apus_m8_subtract(exponent, apus_m8_set(1024)), 52)
    let z = apus_m8_as_doubles(apus_m8_subtract(bits, shift))
    let number = apus_m8_as_doubles(apus_m8_or(exponent, apus_m8_set(0x4330_0000_0000_0000)))
    let offset = apus_d8_select(
        tiny, spread(4_503_599_627_370_496 + 1024 + 54), spread(4_503_599_627_370_496 + 1024))
    let k = number - offset

    // r in two parts: the halves of z times c are exact, and so is the first one less 1.
    let c = apus_log_table(interval, 0)
    let upper = apus_m8_as_doubles(apus_m8_and(apus_d8_bits(z), apus_m8_set(-0x800_0000)))
    let (first, second) = (upper * c - spread(1), (z - upper) * c)
    let r = first + second
    let lostOfR = second - (r - first)

    // k ln 2 - ln c, multiples of 2^-42, then + r, then - (upper half of r)^2 / 2.
    let whole = fma(k, spread(0.6931471805598903), apus_log_table(interval, 1))
    let sum = whole + r
    let lost = r - (sum - whole)
    let half = apus_m8_as_doubles(apus_m8_and(apus_d8_bits(r), apus_m8_set(-0x800_0000)))
    let square = half * half * spread(-0.5)
    let high = sum + square
    let lostOfSquare = square - (high - sum)

    var p = horner(spread(0.11111542632522259), r, -0.12500474673345932)
    p = horner(p, r, 0.14285714279862066)
    p = horner(p, r, -0.1666666666022923)
    p = horner(p, r, 0.2000000000000002)
    p = horner(p, r, -0.2500000000000002)
    p = horner(p, r, 0.3333333333333333)
    var low = fma(k, spread(5.497923018708371e-14), apus_log_table(interval, 2))
    low = low + apus_d8_fnma(lostOfR, r, lostOfR)
    low = fma((r - half) * spread(-0.5), r + half, low)
    low = fma(r * r * r, p, low)
    low = low + (lost + lostOfSquare)
    let total = high + low
    return DoublePair(high: total, low: low - (total - high))
}

/// Whether `y` is whole, and whether it is odd. Infinities are even.
@inline(__always) private func parity(_ y: Doubles) -> (whole: apus_m8, odd: apus_m8) {
    let whole = apus_d8_equal(apus_d8_trunc(y), y)
    let half = y * spread(0.5)
    let odd = apus_m8_and(whole, apus_d8_not_equal(apus_d8_trunc(half), half))
    // An infinity's half is itself; the largest denormal's half may round, but it is not whole.
    return (whole, odd)
}

/// What IEEE 754 says of `x^y` beyond the magnitude: signs, NaN, and the ones.
@inline(__always) private func complete(_ x: Doubles, _ y: Doubles, _ magnitude: Doubles) -> Doubles {
    let (whole, odd) = parity(y)
    let below = apus_d8_less(x, spread(0))
    let signBit = apus_m8_and(apus_m8_and(apus_d8_bits(x), apus_m8_set(Int64.min)), odd)
    var result = apus_m8_as_doubles(apus_m8_or(apus_d8_bits(magnitude), signBit))
    // A negative number to a power that is not whole; infinities go through.
    let finite = apus_d8_less(spread(-.infinity), x)
    let none = apus_m8_and(apus_m8_and(below, finite), apus_m8_not(whole))
    result = apus_d8_select(none, spread(.nan), result)
    let unknown = apus_m8_or(apus_d8_not_equal(x, x), apus_d8_not_equal(y, y))
    result = apus_d8_select(unknown, x + y, result)
    let infinite = apus_d8_equal(absolute(y), spread(.infinity))
    let ones = apus_m8_and(apus_d8_equal(absolute(x), spread(1)), infinite)
    let one = apus_m8_or(apus_d8_equal(y, spread(0)), apus_d8_equal(x, spread(1)))
    return apus_d8_select(apus_m8_or(one, ones), spread(1), result)
}

/// The logarithm of a magnitude, -infinity and infinity for 0 and infinity.
@inline(__always) private func extended(_ magnitude: Doubles, _ value: Doubles) -> Doubles {
    let large = apus_d8_select(apus_d8_equal(magnitude, spread(.infinity)), magnitude, value)
    return apus_d8_select(apus_d8_equal(magnitude, spread(0)), spread(-.infinity), large)
}

/// Whether the power of the magnitudes is the answer in all lanes: no base is 0, negative, infinite or NaN, no exponent
/// infinite or NaN.
@inline(__always) private func arePlain(_ x: Doubles, _ y: Doubles) -> Bool {
    let base = apus_m8_and(apus_d8_less(spread(0), x), apus_d8_less(x, spread(.infinity)))
    let plain = apus_m8_and(base, apus_d8_less(absolute(y), spread(.infinity)))
    return apus_m8_any(apus_m8_not(plain)) == 0
}

/// `x^y`, within 1 ulp: exp of `y ln x` in two doubles.
@inline(__always) func power(_ x: Doubles, _ y: Doubles) -> Doubles {
    let magnitude = absolute(x)
    let log = preciseLogarithm(magnitude)
    // Larger exponents only overflow more, and their remainder could not be told.
    let exponent = held(y, from: -0x1p100, to: 0x1p100)
    let product = exponent * log.high
    let rest = fma(exponent, log.low, apus_d8_product_rest(exponent, log.high, product))
    let bounded = held(product, from: -800, to: 800)
    let same = apus_d8_equal(bounded, product)
    let tail = apus_d8_select(same, rest, spread(0))
    if arePlain(x, y) { return ReducedDoubleExponential(bounded, tail: tail).power }
    let top = held(extended(magnitude, spread(0)) * exponent, from: -800, to: 800)
    let special = apus_m8_or(apus_d8_equal(magnitude, spread(0)), apus_d8_equal(magnitude, spread(.infinity)))
    let argument = apus_d8_select(special, top, bounded)
    let small = apus_d8_select(special, spread(0), tail)
    return complete(x, y, ReducedDoubleExponential(argument, tail: small).power)
}

/// `x^y` to about 28 bits, for floats.
@inline(__always) func shortPower(_ x: Doubles, _ y: Doubles) -> Doubles {
    let magnitude = absolute(x)
    let reduced = ReducedDoubleLogarithm(magnitude)
    let log = fma(reduced.k, spread(0.6931471805599453), reduced.short)
    if arePlain(x, y) { return shortExponential(held(log * y, from: -200, to: 200)) }
    let argument = held(extended(magnitude, log) * y, from: -200, to: 200)
    return complete(x, y, shortExponential(argument))
}
