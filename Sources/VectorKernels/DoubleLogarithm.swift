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

    /// `f^2 / 2 - f^3 P(f)`, P in two chains, of even and of odd terms; the fit of (ln(1 + f) - f + f^2 / 2) / f^3 is off by 2^-56 of ln(1 + f).
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

/// `ln x`.
@inline(__always) func logarithm(_ x: Doubles) -> Doubles {
    apus_d8_whole_logarithm(x, ReducedDoubleLogarithm(x).natural(adding: spread(0)))
}

/// The logarithm to base 2, exact for powers of 2.
@inline(__always) func logarithmToBase2(_ x: Doubles) -> Doubles {
    apus_d8_whole_logarithm(
        x,
        ReducedDoubleLogarithm(x).scaled(1, 0, 1.4426950408889634, 1.4426950216293335, 1.9259629911266175e-08))
}

/// The logarithm to base 10.
@inline(__always) func logarithmToBase10(_ x: Doubles) -> Doubles {
    apus_d8_whole_logarithm(
        x,
        ReducedDoubleLogarithm(x).scaled(
            0.30102999566395283, 2.8363394551044964e-14, 0.4342944819032518, 0.4342944771051407,
            4.798111141615973e-09))
}

/// `ln(1 + x)`, with all digits near 0. What rounding takes from 1 + x comes back as its share of the sum; near 0, x
/// itself is the f of the reduction.
@inline(__always) func logarithmOfOnePlus(_ x: Doubles) -> Doubles {
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
