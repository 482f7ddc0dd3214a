import CVector

/// `|x| = 2^(3q + i) m` with m from 1 to 2 and i of -1, 0 or 1; the cube root of m to 44 bits.
private struct ReducedCubeRoot {
    var q: Doubles
    var qBits: apus_m8
    var i: Doubles
    var m: Doubles
    /// `m^(-2/3) / 3` to 30 bits.
    var inverse: Doubles
    var root: Doubles

    /// Of positive finite numbers, denormal ones too. The fit of m^(-2/3) gives a root of relative error d, for which
    /// `(1 + d)^3 = 1 - e`; two terms of (1 - e)^(-1/3) leave 5 d^3, and `1 - d` is `1 + e / 3` to d^2.
    @inline(__always) init(_ magnitude: Doubles) {
        let magic = 6_755_399_441_055_744.0
        let k = apus_d8_whole_exponent(magnitude)
        m = apus_d8_whole_mantissa(magnitude)
        let shifted = fma(k, spread(0.3333333333333333), spread(magic))
        q = shifted - spread(magic)
        qBits = apus_m8_subtract(apus_d8_bits(shifted), apus_d8_bits(spread(magic)))
        i = fma(q, spread(-3), k)
        var inverse = horner(spread(-0.050449803738203285), m, 0.4579529509067652)
        inverse = horner(inverse, m, -1.7233133028595309)
        inverse = horner(inverse, m, 3.4625515263880056)
        inverse = horner(inverse, m, -3.9998436846107706)
        inverse = horner(inverse, m, 2.853081789166446)
        let y = m * inverse
        let e = apus_d8_fnma(y * y, inverse, spread(1))
        self.inverse = inverse * horner(spread(0.1111111111111111), e, 0.3333333333333333)
        root = fma(y * e, horner(spread(0.2222222222222222), e, 0.3333333333333333), y)
    }

    /// `2^q y` with the sign of `x`; x where it is 0, infinite or NaN.
    @inline(__always) func scaled(_ y: Doubles, as x: Doubles) -> Doubles {
        apus_d8_select(apus_d8_is_plain(x), signed(apus_d8_scale(y, q, qBits), as: x), x + x)
    }
}

/// The cube root, real for every sign: a step of Newton's with an exact remainder.
@inline(__always) func cubeRoot(_ x: Doubles) -> Doubles {
    let reduced = ReducedCubeRoot(absolute(x))
    let y = reduced.root
    let square = y * y
    let squareRest = apus_d8_product_rest(y, y, square)
    let factor = apus_d8_third_power(reduced.i, 0)
    let factorRest = y * apus_d8_third_power(reduced.i, 1)
    if apus_fma_rounds_once() != 0 {
        let left = apus_d8_fnma(squareRest, y, apus_d8_fnma(square, y, reduced.m))
        return reduced.scaled(fma(y, factor, fma(left * reduced.inverse, factor, factorRest)), as: x)
    }
    let cube = square * y
    let lost = squareRest * y + apus_d8_product_rest(square, y, cube)
    let small = ((reduced.m - cube) - lost) * reduced.inverse * factor + factorRest
    let product = y * factor
    return reduced.scaled(product + (apus_d8_product_rest(y, factor, product) + small), as: x)
}

/// The cube root to 43 bits, for floats.
@inline(__always) func shortCubeRoot(_ x: Doubles) -> Doubles {
    let reduced = ReducedCubeRoot(absolute(x))
    return reduced.scaled(reduced.root * apus_d8_third_power(reduced.i, 0), as: x)
}

/// The cube root of floats, where products are rounded once: as above, but for the last step.
@inline(__always) func cubeRoot(_ x: Lanes) -> Lanes {
    let magic: Float = 12_582_912
    let magnitude = apus_f16_abs(x)
    let k = apus_f16_whole_exponent(magnitude)
    let m = apus_f16_whole_mantissa(magnitude)
    let shifted = fma(k, splat(0.333_333_34), splat(magic))
    let q = shifted - splat(magic)
    let qBits = apus_i16_subtract(apus_f16_bits(shifted), apus_i16_set(0x4B40_0000))
    var inverse = fma(m, splat(-0.125_101_81), splat(0.770_134))
    inverse = fma(inverse, m, splat(-1.804_436_25))
    inverse = fma(inverse, m, splat(2.158_613_6))
    let y = m * inverse
    let e = apus_f16_fnma(y * y, inverse, splat(1))
    let step = y * e * fma(e, splat(0.222_222_22), splat(0.333_333_34))
    let factor = apus_f16_third_power(fma(q, splat(-3), k))
    let value = apus_f16_copysign(apus_f16_scale(fma(y, factor, step * factor), q, qBits), x)
    return apus_f16_select(apus_f16_is_plain(x), value, x + x)
}
