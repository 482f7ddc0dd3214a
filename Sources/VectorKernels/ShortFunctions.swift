import CVector

// Functions of floats, made in double precision to 28 bits or more and rounded to float by whoever stores them: within
// 0.54 ulp. Polynomials are near-minimax fits, interpolated at Chebyshev points.

/// `x = n ln 2 + r`, `e = exp(r) - 1` to 38 bits.
private struct ShortExponential {
    var n: Doubles
    var nBits: apus_m8
    var e: Doubles

    @inline(__always) init(_ x: Doubles) {
        let magic = 6_755_399_441_055_744.0
        let shifted = fma(x, spread(1.4426950408889634), spread(magic))
        n = shifted - spread(magic)
        nBits = apus_m8_subtract(apus_d8_bits(shifted), apus_d8_bits(spread(magic)))
        e = ShortExponential.polynomial(fma(n, spread(-0.6931471805599453), x))
    }

    @inline(__always) private static func polynomial(_ r: Doubles) -> Doubles {
        let square = r * r
        var even = horner(spread(2.485969439475207e-05), square, 0.001388885390994504)
        even = horner(even, square, 0.041666666719295684)
        even = horner(even, square, 0.5)
        var odd = horner(spread(0.00019899390183679232), square, 0.008333298344023092)
        odd = horner(odd, square, 0.1666666671931248)
        return fma(square, fma(r, odd, even), r)
    }

    @inline(__always) var power: Doubles { apus_d8_scale(spread(1) + e, n, nBits) }
}

/// `exp(x)` for `x` from -700 to 700.
@inline(__always) func shortExponential(_ x: Doubles) -> Doubles { ShortExponential(x).power }

/// The sine `quarters` quarter turns on; from the C library where |x| is above 800 000.
@inline(__always) private func shortSine(_ x: Doubles, turned quarters: Int64) -> Doubles {
    let magic = 6_755_399_441_055_744.0
    let shifted = fma(x, spread(0.6366197723675814), spread(magic))
    let n = shifted - spread(magic)
    // The first 33 bits of pi/2 times n are exact.
    let r = fma(n, spread(-6.077100506506192e-11), fma(n, spread(-1.5707963267341256), x))
    let z = r * r
    var s = horner(spread(2.7249314054698804e-06), z, -0.00019840082012765537)
    s = horner(s, z, 0.008333331865959415)
    s = horner(s, z, -0.16666666663832763)
    s = r * horner(s, z, 1)
    var c = horner(spread(-2.7300448619487977e-07), z, 2.4800596435621994e-05)
    c = horner(c, z, -0.0013888887664713619)
    c = horner(c, z, 0.0416666666643024)
    c = horner(c, z, -0.5)
    c = horner(c, z, 1)
    let turns = apus_m8_add(apus_d8_bits(shifted), apus_m8_set(quarters))
    let odd = apus_m8_shift_right(apus_m8_shift_left(turns, 63), 63)
    let sign = apus_m8_shift_left(apus_m8_and(turns, apus_m8_set(2)), 62)
    return apus_m8_as_doubles(apus_m8_xor(apus_d8_bits(apus_d8_select(odd, c, s)), sign))
}

@inline(__always) private func isFar(_ x: Doubles) -> apus_m8 {
    apus_m8_not(apus_d8_less_equal(absolute(x), spread(800_000)))
}

/// `sin x`.
@inline(__always) func shortSine(_ x: Doubles) -> Doubles {
    let y = shortSine(x, turned: 0)
    let far = isFar(x)
    return apus_m8_any(far) != 0 ? apus_d8_library_sine(far, x, y) : y
}

/// `cos x`.
@inline(__always) func shortCosine(_ x: Doubles) -> Doubles {
    let y = shortSine(x, turned: 1)
    let far = isFar(x)
    return apus_m8_any(far) != 0 ? apus_d8_library_cosine(far, x, y) : y
}

/// `erf x`, as `errorFunction` with fewer terms; 1 from 4 on.
@inline(__always) func shortErrorFunction(_ x: Doubles) -> Doubles {
    let magnitude = apus_d8_min(spread(4), absolute(x))
    let z = magnitude * magnitude
    var p = horner(spread(7.875875062685488e-05), z, -0.000801686428716587)
    p = horner(p, z, 0.005189087423433974)
    p = horner(p, z, -0.026854212010626412)
    p = horner(p, z, 0.11283594715160218)
    p = horner(p, z, -0.37612626666720334)
    p = horner(p, z, 0.12837916584835093)
    let near = fma(x, p, x)
    let t = (magnitude - spread(2)) / (magnitude + spread(2))
    var g = horner(spread(-0.0009441596340872735), t, -0.0008365899736486057)
    g = horner(g, t, 0.006994855413599958)
    g = horner(g, t, 0.0037321413513030097)
    g = horner(g, t, -0.07897852327253349)
    g = horner(g, t, 0.24165821109072444)
    g = horner(g, t, -0.42718584761434303)
    g = horner(g, t, 0.25539567625190335)
    let far = apus_d8_fnma(shortExponential(spread(0) - z), g, spread(1))
    return whereLess(magnitude, spread(1), near, signed(far, as: x))
}

/// `tan x`.
@inline(__always) func shortTangent(_ x: Doubles) -> Doubles {
    apus_d8_select(apus_d8_equal(x, spread(0)), x, shortSine(x) / shortCosine(x))
}
