import CVector

/// `x = 2^k (1 + f)` with `1 + f` from sqrt(1/2) to sqrt 2, and `ln(1 + f) = f - rest`.
struct ReducedDoubleLogarithm {
    var k: Doubles
    var f: Doubles

    /// Of positive finite `x`, denormal ones too.
    @inline(__always) init(_ x: Doubles) {
        let tiny = apus_d8_less(x, spread(2.2250738585072014e-308))
        let bits = apus_d8_bits(apus_d8_select(tiny, x * spread(0x1p54), x))
        // The exponent, 1024 added to keep it positive, of x / sqrt(1/2).
        let raised = apus_m8_add(bits, apus_m8_set(0x4000_0000_0000_0000 - 0x3FE6_A09E_667F_3BCD))
        let exponent = apus_m8_shift_down(raised, 52)
        let shift = apus_m8_shift_left(apus_m8_subtract(exponent, apus_m8_set(1024)), 52)
        f = apus_m8_as_doubles(apus_m8_subtract(bits, shift)) - spread(1)
        // In the low bits of 2^52 it becomes a double.
        let number = apus_m8_as_doubles(apus_m8_or(exponent, apus_m8_set(0x4330_0000_0000_0000)))
        k = number - apus_d8_select(tiny, spread(4_503_599_627_370_496 + 1024 + 54), spread(4_503_599_627_370_496 + 1024))
    }

    /// `f^2 / 2 - f^3 P(f)`; the fit of (ln(1 + f) - f + f^2 / 2) / f^3 is off by 2^-56 of ln(1 + f).
    @inline(__always) var rest: Doubles {
        var p = horner(spread(-0.025061228095282464), f, 0.0566642324205218)
        p = horner(p, f, -0.06129561980727906)
        p = horner(p, f, 0.0537187789066478)
        p = horner(p, f, -0.05368280388050548)
        p = horner(p, f, 0.05837018351464999)
        p = horner(p, f, -0.06265031869518063)
        p = horner(p, f, 0.06671985555271291)
        p = horner(p, f, -0.0714223204915847)
        p = horner(p, f, 0.0769198812013375)
        p = horner(p, f, -0.08333345056413204)
        p = horner(p, f, 0.09090919875998202)
        p = horner(p, f, -0.0999999999631727)
        p = horner(p, f, 0.11111110909841072)
        p = horner(p, f, -0.12499999997109267)
        p = horner(p, f, 0.1428571428759174)
        p = horner(p, f, -0.16666666666697305)
        p = horner(p, f, 0.19999999999993223)
        p = horner(p, f, -0.2499999999999993)
        p = horner(p, f, 0.33333333333333337)
        let square = f * f
        return apus_d8_fnma(square * f, p, square * spread(0.5))
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

/// The value for positive finite `x`; -infinity for 0, NaN below, infinity and NaN for themselves.
@inline(__always) private func complete(_ x: Doubles, _ value: Doubles) -> Doubles {
    let negative = apus_d8_select(apus_d8_less(x, spread(0)), spread(.nan), x)
    let special = apus_d8_select(apus_d8_equal(x, spread(0)), spread(-.infinity), negative)
    let usual = apus_m8_and(apus_d8_less(spread(0), x), apus_d8_less(x, spread(.infinity)))
    return apus_d8_select(usual, value, special)
}

/// `ln x`.
@inline(__always) func logarithm(_ x: Doubles) -> Doubles {
    complete(x, ReducedDoubleLogarithm(x).natural(adding: spread(0)))
}

/// The logarithm to base 2, exact for powers of 2.
@inline(__always) func logarithmToBase2(_ x: Doubles) -> Doubles {
    complete(
        x,
        ReducedDoubleLogarithm(x).scaled(1, 0, 1.4426950408889634, 1.4426950216293335, 1.9259629911266175e-08))
}

/// The logarithm to base 10.
@inline(__always) func logarithmToBase10(_ x: Doubles) -> Doubles {
    complete(
        x,
        ReducedDoubleLogarithm(x).scaled(
            0.30102999566395283, 2.8363394551044964e-14, 0.4342944819032518, 0.4342944771051407,
            4.798111141615973e-09))
}

/// `ln(1 + x)`, with all digits near 0. What rounding takes from 1 + x comes back as its share of the sum; near 0, x
/// itself is the f of the reduction.
@inline(__always) func logarithmOfOnePlus(_ x: Doubles) -> Doubles {
    let near = apus_m8_and(apus_d8_less(spread(-0.29289), x), apus_d8_less(x, spread(0.41421)))
    let sum = apus_d8_select(near, spread(1), spread(1) + x)
    let lostFromOne = x - (sum - spread(1))
    let lostFromX = spread(1) - (sum - x)
    let lost = whereLess(x, spread(1), lostFromOne, lostFromX)
    var reduced = ReducedDoubleLogarithm(sum)
    reduced.f = apus_d8_select(near, x, reduced.f)
    let value = reduced.natural(adding: apus_d8_select(near, spread(0), lost / sum))
    let usual = complete(sum, value)
    let infinite = apus_d8_equal(x, spread(.infinity))
    return apus_d8_select(apus_m8_or(infinite, apus_d8_equal(x, spread(0))), x, usual)
}
