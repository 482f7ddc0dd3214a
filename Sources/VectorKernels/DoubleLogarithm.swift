import CVector

/// `x = 2^k (1 + f)` with `1 + f` from 3/4 to 3/2, and `ln(1 + f) = f - rest`.
struct ReducedDoubleLogarithm {
    var k: Doubles
    var f: Doubles

    /// Of positive finite `x`, denormal ones too.
    @inline(__always) init(_ x: Doubles) {
        k = apus_d8_exponent(x)
        f = apus_d8_mantissa(x) - spread(1)
    }

    /// `f^2 / 2 - f^3 P(f)`, P in two chains, of even and of odd terms; the fit of (ln(1 + f) - f + f^2 / 2) / f^3 is
    /// off by 2^-56 of ln(1 + f).
    @inline(__always) var rest: Doubles {
        let square = f * f
        var even = horner(spread(0.02883326140633849), square, 0.05650016358793704)
        even = horner(even, square, 0.05877310567252692)
        even = horner(even, square, 0.06663614797045028)
        even = horner(even, square, 0.07692576120692414)
        even = horner(even, square, 0.09090898971370848)
        even = horner(even, square, 0.11111111304232689)
        even = horner(even, square, 0.1428571428392708)
        even = horner(even, square, 0.20000000000006407)
        even = horner(even, square, 0.3333333333333333)
        var odd = horner(spread(-0.008121289950971937), square, -0.048706968307282814)
        odd = horner(odd, square, -0.057267996660784304)
        odd = horner(odd, square, -0.062299608163091796)
        odd = horner(odd, square, -0.0714381933018458)
        odd = horner(odd, square, -0.08333314567375823)
        odd = horner(odd, square, -0.09999999985844721)
        odd = horner(odd, square, -0.12500000005213657)
        odd = horner(odd, square, -0.16666666666612992)
        odd = horner(odd, square, -0.2500000000000012)
        let p = fma(f, odd, even)
        return apus_d8_fnma(square * f, p, square * spread(0.5))
    }

    /// `ln(1 + f)` to 35 bits.
    @inline(__always) var short: Doubles {
        let square = f * f
        var even = horner(spread(-0.025875101964261477), square, -0.08816958216713956)
        even = horner(even, square, -0.10003830487047184)
        even = horner(even, square, -0.12498483872362744)
        even = horner(even, square, -0.16666707585329552)
        even = horner(even, square, -0.2499999975656247)
        even = horner(even, square, -0.5)
        var odd = horner(spread(0.06678614529661979), square, 0.0935687477516989)
        odd = horner(odd, square, 0.11094704059473878)
        odd = horner(odd, square, 0.14286108881005147)
        odd = horner(odd, square, 0.19999996545598606)
        odd = horner(odd, square, 0.33333333338719845)
        return fma(square, fma(f, odd, even), f)
    }

    /// `k ln 2 + f - rest + more`, `more` being small.
    @inline(__always) func natural(adding more: Doubles) -> Doubles {
        let whole = k * spread(0.6931471805598903)
        let sum = whole + f
        let lost = f - (sum - whole)
        return sum + ((lost - rest) + fma(k, spread(5.497923018708371e-14), more))
    }

    /// `k a + (f - rest) b`, `a` in two parts whose first one times k is exact, `b` in two parts of which the first has
    /// 26 bits, so that it times the upper half of f is exact.
    @inline(__always) func scaled(
        _ high: Double, _ low: Double, _ factor: Double, _ factorHigh: Double, _ factorLow: Double
    ) -> Doubles {
        let upper = apus_m8_as_doubles(apus_m8_and(apus_d8_bits(f), apus_m8_set(-0x800_0000)))
        let whole = k * spread(high)
        let part = upper * spread(factorHigh)
        let sum = whole + part
        var small = fma(f - upper, spread(factorHigh), f * spread(factorLow))
        small = apus_d8_fnma(rest, spread(factor), small)
        small = fma(k, spread(low), small)
        return sum + ((part - (sum - whole)) + small)
    }
}

/// `x = 2^k m`, m from 1 to 2, and `r = m c - 1`, from -1/32 to 1/16, with the c of m's sixteenth: log x is
/// k log 2 - log c + log(1 + r).
private struct SixteenthLogarithm {
    var k: Doubles
    var m: Doubles
    var r: Doubles

    /// Of positive finite `x`, denormal ones too.
    @inline(__always) init(_ x: Doubles) {
        k = apus_d8_whole_exponent(x)
        m = apus_d8_whole_mantissa(x)
        r = fma(m, apus_d8_log_of_sixteenth(m, 0), spread(-1))
    }

    /// `k ln 2 - ln c + r` and what this lacks of `ln x`, `more` included.
    @inline(__always) func natural(adding more: Doubles?) -> Doubles {
        let square = r * r
        var even = horner(spread(-0.09961760865693885), square, -0.1250010463212544)
        even = horner(even, square, -0.16666666590085666)
        even = horner(even, square, -0.2500000000001819)
        even = horner(even, square, -0.5)
        var odd = horner(spread(0.07921947031817975), square, 0.11112868643221331)
        odd = horner(odd, square, 0.14285713842429765)
        odd = horner(odd, square, 0.199999999998094)
        odd = horner(odd, square, 0.33333333333333376)
        let whole = fma(k, spread(0.6931471805598903), apus_d8_log_of_sixteenth(m, 1))
        let sum = whole + r
        var small = fma(k, spread(5.497923018708371e-14), apus_d8_log_of_sixteenth(m, 2))
        if let more { small = small + more }
        return sum + fma(square, fma(r, odd, even), (r - (sum - whole)) + small)
    }

    /// `sum + part` with `part = r / ln(base)`, and the rest: the polynomial holds the factor.
    @inline(__always) func joined(
        _ whole: Doubles, _ small: Doubles, _ factor: Double, _ factorRest: Double, _ curve: Doubles
    ) -> Doubles {
        let part = r * spread(factor)
        let sum = whole + part
        let lost = (part - (sum - whole)) + apus_d8_product_rest(r, spread(factor), part)
        return sum + fma(r, fma(r, curve, spread(factorRest)), lost + small)
    }

    @inline(__always) var base2: Doubles {
        let square = r * r
        var even = horner(spread(-0.14371782999458313), square, -0.18033838963360532)
        even = horner(even, square, -0.2404491723766636)
        even = horner(even, square, -0.36067376022250325)
        even = horner(even, square, -0.7213475204444817)
        var odd = horner(spread(0.11428953696988835), square, 0.16032480481625877)
        odd = horner(odd, square, 0.2060992851603224)
        odd = horner(odd, square, 0.2885390081750429)
        odd = horner(odd, square, 0.4808983469629884)
        return joined(
            k + apus_d8_log_of_sixteenth(m, 3), apus_d8_log_of_sixteenth(m, 4), 1.4426950408889634,
            2.0355273740931033e-17, fma(r, odd, even))
    }

    @inline(__always) var base10: Doubles {
        let square = r * r
        var even = horner(spread(-0.04326337774010615), square, -0.05428726464945356)
        even = horner(even, square, -0.0723824133179549)
        even = horner(even, square, -0.10857362047589195)
        even = horner(even, square, -0.2171472409516259)
        var odd = horner(spread(0.03440457881848391), square, 0.04826257529866701)
        odd = horner(odd, square, 0.06204206691816147)
        odd = horner(odd, square, 0.08685889637982261)
        odd = horner(odd, square, 0.14476482730108411)
        return joined(
            fma(k, spread(0.30102999566395283), apus_d8_log_of_sixteenth(m, 5)),
            fma(k, spread(2.8363394551044964e-14), apus_d8_log_of_sixteenth(m, 6)), 0.4342944819032518,
            1.098319650216765e-17, fma(r, odd, even))
    }
}

/// `ln x`.
@inline(__always) func logarithm(_ x: Doubles) -> Doubles {
    if hasPermutations { return apus_d8_whole_logarithm(x, SixteenthLogarithm(x).natural(adding: nil)) }
    return apus_d8_whole_logarithm(x, ReducedDoubleLogarithm(x).natural(adding: spread(0)))
}

/// The logarithm to base 2, exact for powers of 2.
@inline(__always) func logarithmToBase2(_ x: Doubles) -> Doubles {
    if hasPermutations { return apus_d8_whole_logarithm(x, SixteenthLogarithm(x).base2) }
    return apus_d8_whole_logarithm(
        x,
        ReducedDoubleLogarithm(x).scaled(1, 0, 1.4426950408889634, 1.4426950216293335, 1.9259629911266175e-08))
}

/// The logarithm to base 10.
@inline(__always) func logarithmToBase10(_ x: Doubles) -> Doubles {
    if hasPermutations { return apus_d8_whole_logarithm(x, SixteenthLogarithm(x).base10) }
    return apus_d8_whole_logarithm(
        x,
        ReducedDoubleLogarithm(x).scaled(
            0.30102999566395283, 2.8363394551044964e-14, 0.4342944819032518, 0.4342944771051407,
            4.798111141615973e-09))
}

/// `ln(1 + x)`, with all digits near 0. What rounding takes from 1 + x comes back as its share of the sum; near 0, x
/// itself is the remainder of the reduction.
@inline(__always) func logarithmOfOnePlus(_ x: Doubles) -> Doubles {
    hasPermutations ? logarithmOfOnePlusByTable(x) : logarithmOfOnePlusByPolynomial(x)
}

@inline(__always) private func logarithmOfOnePlusByTable(_ x: Doubles) -> Doubles {
    let sum = spread(1) + x
    let part = sum - spread(1)
    let lost = (spread(1) - (sum - part)) + (x - part)
    var reduced = SixteenthLogarithm(sum)
    // Here the sum's sixteenth is the first or the last, whose logarithm is that of 2^-k.
    let near = apus_d8_less(absolute(x), spread(0x1p-5))
    reduced.r = apus_d8_select(near, x, reduced.r)
    let correction = apus_d8_select(near, spread(0), lost * apus_d8_rough_inverse(sum))
    let y = apus_d8_whole_logarithm(sum, reduced.natural(adding: correction))
    return apus_d8_select(apus_d8_equal(x, spread(0)), x, y)
}

@inline(__always) private func logarithmOfOnePlusByPolynomial(_ x: Doubles) -> Doubles {
    let near = apus_m8_and(apus_d8_less(spread(-0.25), x), apus_d8_less(x, spread(0.5)))
    let sum = apus_d8_select(near, spread(1), spread(1) + x)
    let lostFromOne = x - (sum - spread(1))
    let lostFromX = spread(1) - (sum - x)
    let lost = whereLess(x, spread(1), lostFromOne, lostFromX)
    var reduced = ReducedDoubleLogarithm(sum)
    reduced.f = apus_d8_select(near, x, reduced.f)
    let value = reduced.natural(adding: apus_d8_select(near, spread(0), lost / sum))
    let usual = apus_d8_whole_logarithm(sum, value)
    let infinite = apus_d8_equal(x, spread(.infinity))
    return apus_d8_select(apus_m8_or(infinite, apus_d8_equal(x, spread(0))), x, usual)
}
