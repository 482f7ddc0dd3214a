import CVector

/// `ln x` of positive finite `x` to about 65 bits.
///
/// x = 2^k m, and c of 7 bits close to 1 / m from a table (Tang, ACM TOMS 16, 1990, doi:10.1145/98267.98294): ln x =
/// k ln 2 - ln c + ln(1 + r), r = m c - 1 exact. The sums of the large terms are exact but for what `low` gathers.
@inline(__always) private func preciseLogarithm(_ x: Doubles) -> DoublePair {
    let k = apus_d8_exponent(x)
    let m = apus_d8_mantissa(x)
    let r = exactRest(m, apus_log_table(m, 0))

    // k ln 2 - ln c, multiples of 2^-42, then + r, then - r^2 / 2.
    let whole = fma(k, spread(0.6931471805598903), apus_log_table(m, 1))
    let sum = whole + r
    let lost = r - (sum - whole)
    let square = r * r
    let lostOfSquare = apus_d8_product_rest(r, r, square)
    let high = fma(square, spread(-0.5), sum)
    let lostOfSum = fma(square, spread(-0.5), sum - high)

    // A near-minimax fit of (ln(1 + r) - r + r^2 / 2) / r^3, off by 2^-65 of ln(1 + r), in two chains.
    var even = horner(spread(0.08708866751397044), square, 0.11111459673470753)
    even = horner(even, square, 0.14285714183963755)
    even = horner(even, square, 0.20000000000009854)
    even = horner(even, square, 0.3333333333333333)
    var odd = horner(spread(-0.10004059183332921), square, -0.12500000314298884)
    odd = horner(odd, square, -0.16666666666391092)
    odd = horner(odd, square, -0.25000000000000017)
    var low = fma(k, spread(5.497923018708371e-14), apus_log_table(m, 2)) + lost
    low = fma(lostOfSquare, spread(-0.5), low) + lostOfSum
    low = fma(square * r, fma(r, odd, even), low)
    let total = high + low
    return DoublePair(high: total, low: low - (total - high))
}

/// `m c - 1`, which is a double, `c` having 7 bits.
@inline(__always) private func exactRest(_ m: Doubles, _ c: Doubles) -> Doubles {
    guard apus_compiled_isa_level() == APUS_ISA_BASELINE else { return fma(m, c, spread(-1)) }
    // Products of halves are exact also where a b + c is rounded twice.
    let upper = apus_m8_as_doubles(apus_m8_and(apus_d8_bits(m), apus_m8_set(-0x800_0000)))
    return (upper * c - spread(1)) + (m - upper) * c
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

/// `x^y`, within 0.9 ulp: exp of `y ln x` in two doubles.
@inline(__always) func power(_ x: Doubles, _ y: Doubles) -> Doubles {
    let magnitude = absolute(x)
    let log = preciseLogarithm(magnitude)
    let exact = product(y, log)
    let base = apus_m8_and(apus_d8_less(spread(0), x), apus_d8_less(x, spread(.infinity)))
    let plain = apus_m8_and(base, apus_d8_less(absolute(exact.high), spread(700)))
    if apus_m8_any(apus_m8_not(plain)) == 0 { return carefulExponential(exact) }

    // Larger exponents only overflow more, and their remainder could not be told.
    let exponent = held(y, from: -0x1p100, to: 0x1p100)
    let whole = product(exponent, log)
    let bounded = held(whole.high, from: -800, to: 800)
    let tail = apus_d8_select(apus_d8_equal(bounded, whole.high), whole.low, spread(0))
    let top = held(extended(magnitude, spread(0)) * exponent, from: -800, to: 800)
    let special = apus_m8_or(apus_d8_equal(magnitude, spread(0)), apus_d8_equal(magnitude, spread(.infinity)))
    let argument = apus_d8_select(special, top, bounded)
    let small = apus_d8_select(special, spread(0), tail)
    return complete(x, y, carefulExponential(DoublePair(high: argument, low: small)))
}

/// `y` times a number in two parts.
@inline(__always) private func product(_ y: Doubles, _ x: DoublePair) -> DoublePair {
    let high = y * x.high
    return DoublePair(high: high, low: fma(y, x.low, apus_d8_product_rest(y, x.high, high)))
}

/// The exponential, of which only the last sum is rounded.
@inline(__always) private func carefulExponential(_ x: DoublePair) -> Doubles {
    let reduced = ReducedDoubleExponential(x.high, tail: x.low)
    let sum = spread(1) + reduced.r
    let low = (reduced.r - (sum - spread(1))) + reduced.rest
    return apus_d8_scale(sum + low, reduced.n, reduced.nBits)
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
