import CVector

/// `x = n pi/2 + r + tail`, `|r| <= pi/4`.
private struct ReducedAngle {
    var nBits: apus_m8
    var r: Doubles
    var tail: Doubles
    /// Beyond the reach of this reduction, or not finite.
    var far: apus_m8

    /// Where |x| is at most this, n times the parts of 33 bits of pi/2 is exact (Cody and Waite, Software Manual for
    /// the Elementary Functions, 1980).
    static let limit = 800_000.0

    @inline(__always) init(_ x: Doubles) {
        let magic = 6_755_399_441_055_744.0
        far = apus_m8_not(apus_d8_less_equal(absolute(x), spread(ReducedAngle.limit)))
        let x = apus_d8_select(far, spread(0), x)
        let shifted = fma(x, spread(0.6366197723675814), spread(magic))
        let n = shifted - spread(magic)
        nBits = apus_d8_bits(shifted)
        let first = fma(n, spread(-1.5707963267341256), x)
        let w = n * spread(6.077100506303966e-11)
        let second = first - w
        let taken = second - first
        let lost = (first - (second - taken)) - (w + taken)
        let low = fma(n, spread(-2.0222662487959506e-21), lost)
        r = second + low
        tail = low - (r - second)
    }

    /// `(sin r - r) / r^3` and `(cos r - 1 + r^2 / 2) / r^4` of `z = r^2`.
    @inline(__always) private static func sineRest(_ z: Doubles) -> Doubles {
        var p = horner(spread(-7.586576588171073e-13), z, 1.6058529572267877e-10)
        p = horner(p, z, -2.5052106219521895e-08)
        p = horner(p, z, 2.755731921930192e-06)
        p = horner(p, z, -0.00019841269841265017)
        p = horner(p, z, 0.008333333333333331)
        p = horner(p, z, -0.16666666666666666)
        return p
    }
    @inline(__always) private static func cosineRest(_ z: Doubles) -> Doubles {
        var p = horner(spread(-1.1382456778061177e-11), z, 2.087614382799313e-09)
        p = horner(p, z, -2.7557317260008837e-07)
        p = horner(p, z, 2.480158729874307e-05)
        p = horner(p, z, -0.0013888888888887382)
        p = horner(p, z, 0.041666666666666664)
        return p
    }

    /// The sine and the cosine of `r + tail`.
    @inline(__always) var sine: Doubles {
        let z = r * r
        let share = apus_d8_fnma(z * spread(0.5), tail, tail)
        return r + fma(z * r, ReducedAngle.sineRest(z), share)
    }

    @inline(__always) var cosine: Doubles {
        let z = r * r
        let half = z * spread(0.5)
        let near = spread(1) - half
        let lost = (spread(1) - near) - half
        return near + (lost + apus_d8_fnma(r, tail, z * z * ReducedAngle.cosineRest(z)))
    }

    /// Numbers whose quotient is the tangent of `r + tail`: the sine, and the cosine of `r` alone, to which the tail of
    /// the sine is fitted.
    @inline(__always) var both: (Doubles, Doubles) {
        let z = r * r
        let share = fma(z * spread(0.5), tail, tail)
        let sine = r + fma(z * r, ReducedAngle.sineRest(z), share)
        return (sine, fma(fma(z, ReducedAngle.cosineRest(z), spread(-0.5)), z, spread(1)))
    }

    /// The sine of the angle, `quarters` quarter turns on.
    @inline(__always) func sine(turned quarters: Int64) -> Doubles {
        let n = apus_m8_add(nBits, apus_m8_set(quarters))
        let odd = apus_m8_shift_right(apus_m8_shift_left(n, 63), 63)
        let sign = apus_m8_shift_left(apus_m8_and(n, apus_m8_set(2)), 62)
        let value = apus_d8_select(odd, cosine, sine)
        return apus_m8_as_doubles(apus_m8_xor(apus_d8_bits(value), sign))
    }
}

/// `sin x`.
@inline(__always) func sine(_ x: Doubles) -> Doubles {
    let angle = ReducedAngle(x)
    let y = apus_d8_select(apus_d8_equal(x, spread(0)), x, angle.sine(turned: 0))
    return apus_m8_any(angle.far) != 0 ? apus_d8_library_sine(angle.far, x, y) : y
}

/// `cos x`.
@inline(__always) func cosine(_ x: Doubles) -> Doubles {
    let angle = ReducedAngle(x)
    let y = angle.sine(turned: 1)
    return apus_m8_any(angle.far) != 0 ? apus_d8_library_cosine(angle.far, x, y) : y
}

/// `tan x`.
@inline(__always) func tangent(_ x: Doubles) -> Doubles {
    let angle = ReducedAngle(x)
    let odd = apus_m8_shift_left(angle.nBits, 63)
    let isOdd = apus_m8_shift_right(odd, 63)
    let (sine, cosine) = angle.both
    let quotient = apus_d8_select(isOdd, cosine, sine) / apus_d8_select(isOdd, sine, cosine)
    let turned = apus_m8_as_doubles(apus_m8_xor(apus_d8_bits(quotient), odd))
    let y = apus_d8_select(apus_d8_equal(x, spread(0)), x, turned)
    if apus_m8_any(angle.far) == 0 { return y }
    return apus_d8_library_sine(angle.far, x, y) / apus_d8_library_cosine(angle.far, x, spread(1))
}
