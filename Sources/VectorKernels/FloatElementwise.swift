import CVector

// Elementwise operations on floats: arithmetic, comparisons, and the choice among all operations that have a kernel.

@inline(__always) private func select(_ m: apus_i16, _ x: Lanes, _ y: Lanes) -> Lanes { apus_f16_select(m, x, y) }
@inline(__always) private func isNaN(_ x: Lanes) -> apus_i16 { apus_f16_not_equal(x, x) }
@inline(__always) private func magnitude(_ x: Lanes) -> Lanes {
    apus_i16_as_floats(apus_i16_and(apus_f16_bits(x), apus_i16_set(0x7FFF_FFFF)))
}

/// The larger; NaN where either is; 0 counts above -0, which the conjunction of their bits says.
@inline(__always) private func maximum(_ a: Lanes, _ b: Lanes) -> Lanes {
    let same = apus_i16_as_floats(apus_i16_and(apus_f16_bits(a), apus_f16_bits(b)))
    let ordered = select(apus_f16_less(a, b), b, select(apus_f16_equal(a, b), same, a))
    return select(apus_i16_or(isNaN(a), isNaN(b)), a + b, ordered)
}

/// The smaller; NaN where either is; -0 counts below 0.
@inline(__always) private func minimum(_ a: Lanes, _ b: Lanes) -> Lanes {
    let same = apus_i16_as_floats(apus_i16_or(apus_f16_bits(a), apus_f16_bits(b)))
    let ordered = select(apus_f16_less(a, b), a, select(apus_f16_equal(a, b), same, b))
    return select(apus_i16_or(isNaN(a), isNaN(b)), a + b, ordered)
}

/// -1, 0, 1; NaN of NaN.
@inline(__always) private func sign(_ x: Lanes) -> Lanes {
    let positive = select(apus_f16_less(splat(0), x), splat(1), x + splat(0))
    return select(apus_f16_less(x, splat(0)), splat(-1), positive)
}

@inline(__always) private func isTrue(_ x: Lanes) -> apus_i16 { apus_f16_not_equal(x, splat(0)) }

/// `out = operation(a, b)` on rows of floats.
func elementwiseFloat(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_ADD: combine(job) { (a: Lanes, b: Lanes) in a + b }
    case APUS_OP_SUBTRACT: combine(job) { (a: Lanes, b: Lanes) in a - b }
    case APUS_OP_MULTIPLY: combine(job) { (a: Lanes, b: Lanes) in a * b }
    case APUS_OP_DIVIDE: combine(job) { (a: Lanes, b: Lanes) in a / b }
    case APUS_OP_MAXIMUM: combineFunction(job) { (a: Lanes, b: Lanes) in maximum(a, b) }
    case APUS_OP_MINIMUM: combineFunction(job) { (a: Lanes, b: Lanes) in minimum(a, b) }
    case APUS_OP_FMAX:
        combineFunction(job) { (a: Lanes, b: Lanes) in select(isNaN(a), b, select(isNaN(b), a, maximum(a, b))) }
    case APUS_OP_FMIN:
        combineFunction(job) { (a: Lanes, b: Lanes) in select(isNaN(a), b, select(isNaN(b), a, minimum(a, b))) }
    case APUS_OP_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_equal(a, b) }
    case APUS_OP_NOT_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_not_equal(a, b) }
    case APUS_OP_LESS: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less(a, b) }
    case APUS_OP_LESS_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less_equal(a, b) }
    case APUS_OP_GREATER: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less(b, a) }
    case APUS_OP_GREATER_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less_equal(b, a) }
    case APUS_OP_LOGICAL_AND: compareFunction(job) { (a: Lanes, b: Lanes) in apus_i16_and(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_OR: compareFunction(job) { (a: Lanes, b: Lanes) in apus_i16_or(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_XOR: compareFunction(job) { (a: Lanes, b: Lanes) in apus_i16_xor(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_NOT: test(job) { (x: Lanes) in apus_f16_equal(x, splat(0)) }
    case APUS_OP_ISNAN: test(job) { (x: Lanes) in isNaN(x) }
    case APUS_OP_ISINF: test(job) { (x: Lanes) in apus_f16_equal(magnitude(x), splat(.infinity)) }
    case APUS_OP_ISFINITE: test(job) { (x: Lanes) in apus_f16_less(magnitude(x), splat(.infinity)) }
    case APUS_OP_NEGATIVE:
        map(job) { (x: Lanes) in apus_i16_as_floats(apus_i16_xor(apus_f16_bits(x), apus_i16_set(Int32.min))) }
    case APUS_OP_ABSOLUTE: map(job) { (x: Lanes) in magnitude(x) }
    case APUS_OP_SIGN: mapFunction(job) { (x: Lanes) in sign(x) }
    case APUS_OP_SQUARE: map(job) { (x: Lanes) in x * x }
    case APUS_OP_SQRT: map(job) { (x: Lanes) in apus_f16_sqrt(x) }
    case APUS_OP_RECIPROCAL: map(job) { (x: Lanes) in splat(1) / x }
    case APUS_OP_FLOOR: map(job) { (x: Lanes) in apus_f16_floor(x) }
    case APUS_OP_CEIL: map(job) { (x: Lanes) in apus_f16_ceil(x) }
    case APUS_OP_TRUNC: map(job) { (x: Lanes) in apus_f16_trunc(x) }
    case APUS_OP_RINT: map(job) { (x: Lanes) in apus_f16_round(x) }
    case APUS_OP_POWER: floatPowers(job)
    case APUS_OP_EXP: mapFunction(job) { (x: Lanes) in exponential(x) }
    case APUS_OP_LOG: mapFunction(job) { (x: Lanes) in fullLogarithm(x) }
    case APUS_OP_TANH: mapFunction(job) { (x: Lanes) in fullTangent(x) }
    case APUS_OP_SIGMOID: mapFunction(job) { (x: Lanes) in fullLogistic(x) }
    case APUS_OP_EXP2: mapWide(job) { (x: Doubles) in shortExponentialOfTwo(x) }
    case APUS_OP_EXPM1: mapWide(job) { (x: Doubles) in shortExponentialMinusOne(x) }
    case APUS_OP_LOG2: mapWide(job) { (x: Doubles) in shortLogarithm(x, 1, 1.4426950408889634) }
    case APUS_OP_LOG10:
        mapWide(job) { (x: Doubles) in shortLogarithm(x, 0.3010299956639812, 0.4342944819032518) }
    case APUS_OP_LOG1P: mapWide(job) { (x: Doubles) in shortLogarithmOfOnePlus(x) }
    case APUS_OP_SIN: mapWide(job) { (x: Doubles) in shortSine(x) }
    case APUS_OP_COS: mapWide(job) { (x: Doubles) in shortCosine(x) }
    case APUS_OP_ERF: mapWide(job) { (x: Doubles) in shortErrorFunction(x) }
    default: break
    }
}

/// `ln x`, within 2 ulp: the mantissa m from 3/4 to 3/2, `ln m = f - f^2 / 2 + f^3 P(f)`, `f = m - 1`. The polynomial is
/// a near-minimax fit to 2^-27 of the logarithm.
@inline(__always) private func fullLogarithm(_ x: Lanes) -> Lanes {
    let k = apus_f16_exponent(x)
    let f = apus_f16_mantissa(x) - splat(1)
    let square = f * f
    var p = fma(f, splat(0.042_871_978_037), splat(-0.095_613_400_136))
    p = fma(p, f, splat(0.116_806_817_905))
    p = fma(p, f, splat(-0.126_393_111_383))
    p = fma(p, f, splat(0.142_683_059_703))
    p = fma(p, f, splat(-0.166_608_175_306))
    p = fma(p, f, splat(0.200_001_408_962))
    p = fma(p, f, splat(-0.250_000_567_144))
    p = fma(p, f, splat(0.333_333_331_473))
    var y = fma(k, splat(-2.121_944_4e-4), square * f * p)
    y = fma(square, splat(-0.5), y)
    return apus_f16_whole_logarithm(x, fma(k, splat(0.693_359_375), f + y))
}

/// `tanh x`, which is x where x^3 / 3 does not show.
@inline(__always) private func fullTangent(_ x: Lanes) -> Lanes {
    whereLess(magnitude(x), splat(0x1p-13), x, hyperbolicTangent(x))
}

/// `1 / (1 + exp(-x))` down to the denormal numbers.
@inline(__always) private func fullLogistic(_ x: Lanes) -> Lanes {
    let e = exponential(splat(0) - magnitude(x))
    return whereLess(x, splat(0), e, splat(1)) / (splat(1) + e)
}

/// `out = a^b`, in double precision. An exponent of 2 or -1 for a whole row is a product or a quotient, rounded once.
private func floatPowers(_ job: Elements) {
    if job.pointee.b_step == 0, job.pointee.rows == 1 {
        let exponent = job.pointee.b.assumingMemoryBound(to: Float.self).pointee
        if exponent == 2 { return map(job) { (x: Lanes) in x * x } }
        if exponent == -1 { return map(job) { (x: Lanes) in splat(1) / x } }
    }
    combineWide(job) { (x: Doubles, y: Doubles) in shortPower(x, y) }
}

/// `out = c ? a : b` on rows of elements of 4 bytes.
func choose4(_ job: Elements) {
    let job = job.pointee
    var c = job.c
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
        let (z, truths) = (out.assumingMemoryBound(to: Float.self), c.assumingMemoryBound(to: UInt8.self))
        let (first, second) = (splat(x.pointee), splat(y.pointee))
        let all = apus_i16_set(truths.pointee == 0 ? 0 : -1)
        eachBlock(job.columns) { i, n in
            let mask = job.c_step == 0 ? all : apus_i16_load_truths(truths + i, Int64(truncatingIfNeeded: n))
            let chosen = job.a_step == 0 ? first : load(x + i, n)
            let other = job.b_step == 0 ? second : load(y + i, n)
            store(select(mask, chosen, other), z + i, n)
        }
        c += Int(truncatingIfNeeded: job.c_row)
    }
}
