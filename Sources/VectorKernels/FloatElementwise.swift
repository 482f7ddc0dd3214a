import CVector

// Elementwise operations on floats. Each is a function that its loop takes in whole: a closure may be left outside.

@inline(__always) private func select(_ m: apus_i16, _ x: Lanes, _ y: Lanes) -> Lanes { apus_f16_select(m, x, y) }
@inline(__always) private func magnitude(_ x: Lanes) -> Lanes { apus_f16_abs(x) }

// MARK: Two numbers to a number

@inline(__always) private func sum(_ a: Lanes, _ b: Lanes) -> Lanes { a + b }
@inline(__always) private func difference(_ a: Lanes, _ b: Lanes) -> Lanes { a - b }
@inline(__always) private func product(_ a: Lanes, _ b: Lanes) -> Lanes { a * b }
@inline(__always) private func quotient(_ a: Lanes, _ b: Lanes) -> Lanes { a / b }

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

/// The larger, or the one that is not NaN.
@inline(__always) private func largerNumber(_ a: Lanes, _ b: Lanes) -> Lanes {
    select(isNaN(a), b, select(isNaN(b), a, maximum(a, b)))
}

/// The smaller, or the one that is not NaN.
@inline(__always) private func smallerNumber(_ a: Lanes, _ b: Lanes) -> Lanes {
    select(isNaN(a), b, select(isNaN(b), a, minimum(a, b)))
}

/// `out = a^b`. An exponent of 2 or -1 for a whole row is a product or a quotient, rounded once.
private func powersOfFloats(_ job: Elements) {
    if job.pointee.b_step == 0, job.pointee.rows == 1 {
        let exponent = job.pointee.b.assumingMemoryBound(to: Float.self).pointee
        if exponent == 2 { return map(job, square) }
        if exponent == -1 { return map(job, reciprocal) }
    }
    // Where a b + c is rounded twice the logarithm has to be made in double precision.
    if apus_compiled_isa_level() == APUS_ISA_BASELINE { return combineWide(job, shortPower) }
    combineFunction(job, floatPower)
}

private func combineFloats(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_ADD: combine(job, sum)
    case APUS_OP_SUBTRACT: combine(job, difference)
    case APUS_OP_MULTIPLY: combine(job, product)
    case APUS_OP_DIVIDE: combine(job, quotient)
    case APUS_OP_MAXIMUM: combineFunction(job, maximum)
    case APUS_OP_MINIMUM: combineFunction(job, minimum)
    case APUS_OP_FMAX: combineFunction(job, largerNumber)
    case APUS_OP_FMIN: combineFunction(job, smallerNumber)
    case APUS_OP_POWER: powersOfFloats(job)
    default: break
    }
}

// MARK: Truths

@inline(__always) private func isEqual(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_f16_equal(a, b) }
@inline(__always) private func isNotEqual(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_f16_not_equal(a, b) }
@inline(__always) private func isLess(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_f16_less(a, b) }
@inline(__always) private func isLessEqual(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_f16_less_equal(a, b) }
@inline(__always) private func isGreater(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_f16_less(b, a) }
@inline(__always) private func isGreaterEqual(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_f16_less_equal(b, a) }
@inline(__always) private func isTrue(_ x: Lanes) -> apus_i16 { apus_f16_not_equal(x, splat(0)) }
@inline(__always) private func areBoth(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_i16_and(isTrue(a), isTrue(b)) }
@inline(__always) private func isEither(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_i16_or(isTrue(a), isTrue(b)) }
@inline(__always) private func isOne(_ a: Lanes, _ b: Lanes) -> apus_i16 { apus_i16_xor(isTrue(a), isTrue(b)) }
@inline(__always) private func isFalse(_ x: Lanes) -> apus_i16 { apus_f16_equal(x, splat(0)) }
@inline(__always) private func isNaN(_ x: Lanes) -> apus_i16 { apus_f16_not_equal(x, x) }
@inline(__always) private func isInfinite(_ x: Lanes) -> apus_i16 { apus_f16_equal(magnitude(x), splat(.infinity)) }
@inline(__always) private func isFinite(_ x: Lanes) -> apus_i16 { apus_f16_less(magnitude(x), splat(.infinity)) }

private func compareFloats(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_EQUAL: compare(job, isEqual)
    case APUS_OP_NOT_EQUAL: compare(job, isNotEqual)
    case APUS_OP_LESS: compare(job, isLess)
    case APUS_OP_LESS_EQUAL: compare(job, isLessEqual)
    case APUS_OP_GREATER: compare(job, isGreater)
    case APUS_OP_GREATER_EQUAL: compare(job, isGreaterEqual)
    case APUS_OP_LOGICAL_AND: compareFunction(job, areBoth)
    case APUS_OP_LOGICAL_OR: compareFunction(job, isEither)
    case APUS_OP_LOGICAL_XOR: compareFunction(job, isOne)
    case APUS_OP_LOGICAL_NOT: test(job, isFalse)
    case APUS_OP_ISNAN: test(job, isNaN)
    case APUS_OP_ISINF: test(job, isInfinite)
    case APUS_OP_ISFINITE: test(job, isFinite)
    default: break
    }
}

// MARK: A number to a number

@inline(__always) private func negative(_ x: Lanes) -> Lanes { apus_f16_negate(x) }
@inline(__always) private func square(_ x: Lanes) -> Lanes { x * x }
@inline(__always) private func root(_ x: Lanes) -> Lanes { apus_f16_sqrt(x) }
@inline(__always) private func reciprocal(_ x: Lanes) -> Lanes { splat(1) / x }
@inline(__always) private func floor(_ x: Lanes) -> Lanes { apus_f16_floor(x) }
@inline(__always) private func ceiling(_ x: Lanes) -> Lanes { apus_f16_ceil(x) }
@inline(__always) private func truncated(_ x: Lanes) -> Lanes { apus_f16_trunc(x) }
@inline(__always) private func rounded(_ x: Lanes) -> Lanes { apus_f16_round(x) }

/// -1, 0, 1; NaN of NaN.
@inline(__always) private func sign(_ x: Lanes) -> Lanes {
    let positive = select(apus_f16_less(splat(0), x), splat(1), x + splat(0))
    return select(apus_f16_less(x, splat(0)), splat(-1), positive)
}

private func mapFloats(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_NEGATIVE: map(job, negative)
    case APUS_OP_ABSOLUTE: map(job, magnitude)
    case APUS_OP_SIGN: mapFloatFunction(job, sign)
    case APUS_OP_SQUARE: map(job, square)
    case APUS_OP_SQRT: map(job, root)
    case APUS_OP_RECIPROCAL: map(job, reciprocal)
    case APUS_OP_FLOOR: map(job, floor)
    case APUS_OP_CEIL: map(job, ceiling)
    case APUS_OP_TRUNC: map(job, truncated)
    case APUS_OP_RINT: map(job, rounded)
    default: mapFunctionsOfFloats(operation, job)
    }
}

/// `ln x`.
@inline(__always) private func fullLogarithm(_ x: Lanes) -> Lanes {
    if hasPermutations { return apus_f16_whole_logarithm(x, PartLogarithm(x).natural(adding: nil)) }
    let y = logarithm(apus_f16_exponent(x), apus_f16_mantissa(x) - splat(1), adding: splat(0))
    return apus_f16_whole_logarithm(x, y)
}

/// `tanh x`, which is x where x^3 / 3 does not show.
@inline(__always) private func fullTangent(_ x: Lanes) -> Lanes {
    if hasPermutations { return hyperbolicTangent(x) }
    return whereLess(magnitude(x), splat(0x1p-13), x, hyperbolicTangent(x))
}

/// `1 / (1 + exp(-x))` down to the denormal numbers.
@inline(__always) private func fullLogistic(_ x: Lanes) -> Lanes {
    if hasPermutations { return logistic(x) }
    let e = exponential(splat(0) - magnitude(x))
    return whereLess(x, splat(0), e, splat(1)) / (splat(1) + e)
}

private func mapFunctionsOfFloats(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_EXP: mapFloatFunction(job, exponential)
    case APUS_OP_EXP2: mapFloatFunction(job, exponentialOfTwo)
    case APUS_OP_LOG: mapFloatFunction(job, fullLogarithm)
    case APUS_OP_LOG2: mapFloatFunction(job, logarithmToBase2)
    case APUS_OP_LOG10: mapFloatFunction(job, logarithmToBase10)
    case APUS_OP_LOG1P: mapFloatFunction(job, logarithmOfOnePlus)
    case APUS_OP_TANH: mapFloatFunction(job, fullTangent)
    case APUS_OP_SINH: mapFloatFunction(job, hyperbolicSine)
    case APUS_OP_COSH: mapFloatFunction(job, hyperbolicCosine)
    case APUS_OP_SIGMOID: mapFloatFunction(job, fullLogistic)
    case APUS_OP_ARCTAN: mapFloatFunction(job, arctangent)
    case APUS_OP_ARCSIN: mapFloatFunction(job, arcsine)
    case APUS_OP_ARCCOS: mapFloatFunction(job, arccosine)
    case APUS_OP_EXPM1: mapFloatFunction(job, wholeExponentialMinusOne)
    case APUS_OP_SIN, APUS_OP_COS, APUS_OP_TAN, APUS_OP_CBRT: mapExactly(operation, job)
    default: mapWideFunctions(operation, job)
    }
}

/// What needs products and sums that are rounded once, or double precision.
private func mapExactly(_ operation: Int32, _ job: Elements) {
    if apus_compiled_isa_level() == APUS_ISA_BASELINE { return mapWideFunctions(operation, job) }
    switch operation {
    case APUS_OP_SIN: mapFloatFunction(job, sine)
    case APUS_OP_COS: mapFloatFunction(job, cosine)
    case APUS_OP_TAN: mapFloatFunction(job, tangent)
    default: mapFloatFunction(job, cubeRoot)
    }
}

private func mapWideFunctions(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_SIN: mapWide(job, shortSine)
    case APUS_OP_COS: mapWide(job, shortCosine)
    case APUS_OP_TAN: mapWide(job, shortTangent)
    case APUS_OP_CBRT: mapWide(job, shortCubeRoot)
    case APUS_OP_ERF: mapWide(job, shortErrorFunction)
    default: break
    }
}

/// `out = operation(a, b)` on rows of floats.
func elementwiseFloat(_ operation: Int32, _ job: Elements) {
    if operation < APUS_OP_EQUAL {
        combineFloats(operation, job)
    } else if operation < APUS_OP_NEGATIVE {
        compareFloats(operation, job)
    } else {
        mapFloats(operation, job)
    }
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
