import CVector

// Powers and logarithms of 2 and of 10 of floats, in single precision. Polynomials are near-minimax fits,
// interpolated at Chebyshev points.

/// `2^x`, exact for whole `x`.
@inline(__always) func exponentialOfTwo(_ x: Lanes) -> Lanes {
    let bounded = atLeast(-160, atMost(130, x))
    let magic: Float = 12_582_912
    let shifted = bounded + splat(magic)
    let n = shifted - splat(magic)
    let nBits = apus_i16_subtract(apus_f16_bits(shifted), apus_i16_set(0x4B40_0000))
    let r = bounded - n
    var p = fma(r, splat(0.000_154_531_629_451), splat(0.001_339_086_336_47))
    p = fma(p, r, splat(0.009_618_082_557_28))
    p = fma(p, r, splat(0.055_503_571_142_1))
    p = fma(p, r, splat(0.240_226_507_606))
    p = fma(p, r, splat(0.693_147_188_026))
    return apus_f16_scale(fma(r, p, splat(1)), n, nBits)
}

/// `x = 2^k m`, `log2 x = k + part + rest + log2(1 + r)`, r from -1/53 to 1/32, by a table of 32 logarithms; k + part
/// and rest are 0 beside 1.
struct PartLogarithm {
    var k: Lanes
    var m: Lanes
    var r: Lanes

    /// Of positive finite `x`, denormal ones too; r is exact.
    @inline(__always) init(_ x: Lanes) {
        k = apus_f16_whole_exponent(x)
        m = apus_f16_whole_mantissa(x)
        r = fma(m, apus_f16_log2_of_part(m, 0), splat(-1))
    }

    /// `k + part`, exactly.
    @inline(__always) private var whole: Lanes { k + apus_f16_log2_of_part(m, 1) }

    @inline(__always) var base2: Lanes {
        var p = fma(r, splat(-0.354_919_434), splat(0.481_051_594))
        p = fma(p, r, splat(-0.721_349_18))
        return whole + fma(r, fma(p, r, splat(1.442_695_02)), apus_f16_log2_of_part(m, 2))
    }

    @inline(__always) var base10: Lanes {
        var p = fma(r, splat(-0.105_267_91), splat(0.144_757_062))
        p = fma(p, r, splat(-0.217_148_08))
        p = fma(p, r, splat(-1.010_305_005_2e-08))
        p = fma(p, r, fma(k, splat(-1.432_098_9e-08), apus_f16_log2_of_part(m, 4)))
        return fma(whole, splat(0.301_03), fma(r, splat(0.434_294_492), p))
    }

    /// `ln x + more`, `more` being small.
    @inline(__always) func natural(adding more: Lanes?) -> Lanes {
        var small = fma(k, splat(-1.904_654_2e-09), apus_f16_log2_of_part(m, 3))
        if let more { small = small + more }
        var p = fma(r, splat(-0.244_699_3), splat(0.333_394_378))
        p = fma(p, r, splat(-0.500_001_43))
        return fma(whole, splat(0.693_147_2), r + fma(r * r, p, small))
    }
}

/// `log2 x`, exact for powers of 2: `k + log2(1 + f)`, f from -1/4 to 1/2.
@inline(__always) func logarithmToBase2(_ x: Lanes) -> Lanes {
    if hasPermutations { return apus_f16_whole_logarithm(x, PartLogarithm(x).base2) }
    let k = apus_f16_exponent(x)
    let f = apus_f16_mantissa(x) - splat(1)
    var p = fma(f, splat(-0.068_358_389_347_9), splat(0.153_295_425_619))
    p = fma(p, f, splat(-0.189_323_094_348))
    p = fma(p, f, splat(0.208_302_899_511))
    p = fma(p, f, splat(-0.240_174_735_744))
    p = fma(p, f, splat(0.288_446_567_602))
    p = fma(p, f, splat(-0.360_675_980_274))
    p = fma(p, f, splat(0.480_899_243_108))
    p = fma(p, f, splat(-0.721_347_517_505))
    // 1 / ln 2 in two parts.
    let small = fma(f * f, p, f * splat(1.925_962_991_126_617_5e-08))
    return apus_f16_whole_logarithm(x, k + fma(f, splat(1.442_695_021_629_333_5), small))
}

/// `log10 x`, exact for the powers of 10 that are floats: `k log10 2 + log10(1 + f)`.
@inline(__always) func logarithmToBase10(_ x: Lanes) -> Lanes {
    if hasPermutations { return apus_f16_whole_logarithm(x, PartLogarithm(x).base10) }
    let k = apus_f16_exponent(x)
    let f = apus_f16_mantissa(x) - splat(1)
    var p = fma(f, splat(-0.020_577_925_649), splat(0.046_146_521_309_3))
    p = fma(p, f, splat(-0.056_991_930_270_8))
    p = fma(p, f, splat(0.062_705_420_936_7))
    p = fma(p, f, splat(-0.072_299_799_659_5))
    p = fma(p, f, splat(0.086_831_068_994_5))
    p = fma(p, f, splat(-0.108_574_288_778))
    p = fma(p, f, splat(0.144_765_097_068))
    p = fma(p, f, splat(-0.217_147_240_067))
    // log10 2, whose first part times k is exact, and 1 / ln 10 in two parts.
    var small = fma(f * f, p, f * splat(-1.010_305_005_223_168_3e-08))
    small = fma(k, splat(4.605_038_981_195_214e-06), small)
    let part = fma(f, splat(0.434_294_492_006_301_9), small)
    return apus_f16_whole_logarithm(x, fma(k, splat(0.301_025_390_625), part))
}
