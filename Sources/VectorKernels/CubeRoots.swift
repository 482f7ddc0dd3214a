import CVector

/// `|x| = 2^(3q) c` with c from 3/8 to 3, and the cube root of c to 37 bits.
private struct ReducedCubeRoot {
    var q: Doubles
    var qBits: apus_m8
    var c: Doubles
    /// `1 / (3c)`.
    var inverse: Doubles
    var root: Doubles

    /// Of positive finite numbers, denormal ones too. A near-minimax fit to 2^-19, then a step of Newton's.
    @inline(__always) init(_ magnitude: Doubles) {
        let magic = 6_755_399_441_055_744.0
        let k = apus_d8_exponent(magnitude)
        let m = apus_d8_mantissa(magnitude)
        let shifted = fma(k, spread(0.3333333333333333), spread(magic))
        q = shifted - spread(magic)
        qBits = apus_m8_subtract(apus_d8_bits(shifted), apus_d8_bits(spread(magic)))
        let rest = fma(q, spread(-3), k)
        let (less, more) = (apus_d8_less(rest, spread(0)), apus_d8_less(spread(0), rest))
        c = m * apus_d8_select(less, spread(0.5), apus_d8_select(more, spread(2), spread(1)))
        let factor = apus_d8_select(
            less, spread(0.7937005259840998), apus_d8_select(more, spread(1.2599210498948732), spread(1)))
        var y = horner(spread(0.01942264194388914), m, -0.1387460195898683)
        y = horner(y, m, 0.4235204705683121)
        y = horner(y, m, -0.7434813139083554)
        y = horner(y, m, 1.0075850635732455)
        y = horner(y, m, 0.4316996412304047) * factor
        inverse = spread(0.3333333333333333) / c
        root = apus_d8_fnma(y * y * y - c, y * inverse, y)
    }

    /// `2^q y` with the sign of `x`; x where it is 0, infinite or NaN.
    @inline(__always) func scaled(_ y: Doubles, as x: Doubles) -> Doubles {
        let plain = apus_m8_and(apus_d8_less(spread(0), absolute(x)), apus_d8_less(absolute(x), spread(.infinity)))
        return apus_d8_select(plain, signed(apus_d8_scale(y, q, qBits), as: x), x + x)
    }
}

/// The cube root, real for every sign: a second step of Newton's with an exact remainder.
@inline(__always) func cubeRoot(_ x: Doubles) -> Doubles {
    let reduced = ReducedCubeRoot(absolute(x))
    let y = reduced.root
    let square = y * y
    let cube = square * y
    let lost = fma(apus_d8_product_rest(y, y, square), y, apus_d8_product_rest(square, y, cube))
    return reduced.scaled(apus_d8_fnma((cube - reduced.c) + lost, y * reduced.inverse, y), as: x)
}

/// The cube root to 37 bits, for floats.
@inline(__always) func shortCubeRoot(_ x: Doubles) -> Doubles {
    let reduced = ReducedCubeRoot(absolute(x))
    return reduced.scaled(reduced.root, as: x)
}

/// The cube root of floats, where products are rounded once: as above, with one step of Newton's.
@inline(__always) func cubeRoot(_ x: Lanes) -> Lanes {
    let magic: Float = 12_582_912
    let magnitude = apus_f16_abs(x)
    let k = apus_f16_exponent(magnitude)
    let m = apus_f16_mantissa(magnitude)
    let shifted = fma(k, splat(0.333_333_34), splat(magic))
    let q = shifted - splat(magic)
    let qBits = apus_i16_subtract(apus_f16_bits(shifted), apus_i16_set(0x4B40_0000))
    let rest = fma(q, splat(-3), k)
    let (less, more) = (apus_f16_less(rest, splat(0)), apus_f16_less(splat(0), rest))
    var y = fma(m, splat(0.047_699_979_183), splat(-0.256_274_509_753))
    y = fma(y, m, splat(0.703_621_064_132))
    y = fma(y, m, splat(0.504_969_599_608))
    let square = y * y
    let left = fma(square, y, splat(0) - m)
    let step = left * splat(-0.333_333_34) * apus_f16_rough_inverse(square)
    let factor = apus_f16_select(less, splat(0.793_700_52), apus_f16_select(more, splat(1.259_921_05), splat(1)))
    let value = apus_f16_copysign(apus_f16_scale((y + step) * factor, q, qBits), x)
    return apus_f16_select(apus_f16_is_plain(x), value, x + x)
}
