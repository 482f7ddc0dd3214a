import CVector

// Elementwise operations on doubles. Each is a function that its loop takes in whole: a closure may be left outside.

@inline(__always) private func select(_ m: apus_m8, _ x: Doubles, _ y: Doubles) -> Doubles { apus_d8_select(m, x, y) }
@inline(__always) private func magnitude(_ x: Doubles) -> Doubles { apus_d8_abs(x) }

// MARK: Two numbers to a number

@inline(__always) private func sum(_ a: Doubles, _ b: Doubles) -> Doubles { a + b }
@inline(__always) private func difference(_ a: Doubles, _ b: Doubles) -> Doubles { a - b }
@inline(__always) private func product(_ a: Doubles, _ b: Doubles) -> Doubles { a * b }
@inline(__always) private func quotient(_ a: Doubles, _ b: Doubles) -> Doubles { a / b }

/// The larger; NaN where either is; 0 counts above -0, which the conjunction of their bits says.
@inline(__always) private func maximum(_ a: Doubles, _ b: Doubles) -> Doubles {
    let same = apus_m8_as_doubles(apus_m8_and(apus_d8_bits(a), apus_d8_bits(b)))
    let ordered = select(apus_d8_less(a, b), b, select(apus_d8_equal(a, b), same, a))
    return select(apus_m8_or(isNaN(a), isNaN(b)), a + b, ordered)
}

/// The smaller; NaN where either is; -0 counts below 0.
@inline(__always) private func minimum(_ a: Doubles, _ b: Doubles) -> Doubles {
    let same = apus_m8_as_doubles(apus_m8_or(apus_d8_bits(a), apus_d8_bits(b)))
    let ordered = select(apus_d8_less(a, b), a, select(apus_d8_equal(a, b), same, b))
    return select(apus_m8_or(isNaN(a), isNaN(b)), a + b, ordered)
}

/// The larger, or the one that is not NaN.
@inline(__always) private func largerNumber(_ a: Doubles, _ b: Doubles) -> Doubles {
    select(isNaN(a), b, select(isNaN(b), a, maximum(a, b)))
}

/// The smaller, or the one that is not NaN.
@inline(__always) private func smallerNumber(_ a: Doubles, _ b: Doubles) -> Doubles {
    select(isNaN(a), b, select(isNaN(b), a, minimum(a, b)))
}

/// `out = a^b`. An exponent of 2 or -1 for a whole row is a product or a quotient, rounded once.
private func powersOfDoubles(_ job: Elements) {
    if job.pointee.b_step == 0, job.pointee.rows == 1 {
        let exponent = job.pointee.b.assumingMemoryBound(to: Double.self).pointee
        if exponent == 2 { return map(job, square) }
        if exponent == -1 { return map(job, reciprocal) }
    }
    combineFunction(job, power)
}

private func combineDoubles(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_ADD: combine(job, sum)
    case APUS_OP_SUBTRACT: combine(job, difference)
    case APUS_OP_MULTIPLY: combine(job, product)
    case APUS_OP_DIVIDE: combine(job, quotient)
    case APUS_OP_MAXIMUM: combineFunction(job, maximum)
    case APUS_OP_MINIMUM: combineFunction(job, minimum)
    case APUS_OP_FMAX: combineFunction(job, largerNumber)
    case APUS_OP_FMIN: combineFunction(job, smallerNumber)
    case APUS_OP_POWER: powersOfDoubles(job)
    default: break
    }
}

// MARK: Truths

@inline(__always) private func isEqual(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_d8_equal(a, b) }
@inline(__always) private func isNotEqual(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_d8_not_equal(a, b) }
@inline(__always) private func isLess(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_d8_less(a, b) }
@inline(__always) private func isLessEqual(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_d8_less_equal(a, b) }
@inline(__always) private func isGreater(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_d8_less(b, a) }
@inline(__always) private func isGreaterEqual(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_d8_less_equal(b, a) }
@inline(__always) private func isTrue(_ x: Doubles) -> apus_m8 { apus_d8_not_equal(x, spread(0)) }
@inline(__always) private func areBoth(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_m8_and(isTrue(a), isTrue(b)) }
@inline(__always) private func isEither(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_m8_or(isTrue(a), isTrue(b)) }
@inline(__always) private func isOne(_ a: Doubles, _ b: Doubles) -> apus_m8 { apus_m8_xor(isTrue(a), isTrue(b)) }
@inline(__always) private func isFalse(_ x: Doubles) -> apus_m8 { apus_d8_equal(x, spread(0)) }
@inline(__always) private func isNaN(_ x: Doubles) -> apus_m8 { apus_d8_not_equal(x, x) }
@inline(__always) private func isInfinite(_ x: Doubles) -> apus_m8 { apus_d8_equal(magnitude(x), spread(.infinity)) }
@inline(__always) private func isFinite(_ x: Doubles) -> apus_m8 { apus_d8_less(magnitude(x), spread(.infinity)) }

private func compareDoubles(_ operation: Int32, _ job: Elements) {
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

@inline(__always) private func negative(_ x: Doubles) -> Doubles { apus_d8_negate(x) }
@inline(__always) private func square(_ x: Doubles) -> Doubles { x * x }
@inline(__always) private func root(_ x: Doubles) -> Doubles { apus_d8_sqrt(x) }
@inline(__always) private func reciprocal(_ x: Doubles) -> Doubles { spread(1) / x }
@inline(__always) private func floor(_ x: Doubles) -> Doubles { apus_d8_floor(x) }
@inline(__always) private func ceiling(_ x: Doubles) -> Doubles { apus_d8_ceil(x) }
@inline(__always) private func truncated(_ x: Doubles) -> Doubles { apus_d8_trunc(x) }
@inline(__always) private func rounded(_ x: Doubles) -> Doubles { apus_d8_round(x) }

/// -1, 0, 1; NaN of NaN.
@inline(__always) private func sign(_ x: Doubles) -> Doubles {
    let positive = select(apus_d8_less(spread(0), x), spread(1), x + spread(0))
    return select(apus_d8_less(x, spread(0)), spread(-1), positive)
}

private func mapDoubles(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_NEGATIVE: map(job, negative)
    case APUS_OP_ABSOLUTE: map(job, magnitude)
    case APUS_OP_SIGN: mapDoubleFunction(job, sign)
    case APUS_OP_SQUARE: map(job, square)
    case APUS_OP_SQRT: map(job, root)
    case APUS_OP_RECIPROCAL: map(job, reciprocal)
    case APUS_OP_FLOOR: map(job, floor)
    case APUS_OP_CEIL: map(job, ceiling)
    case APUS_OP_TRUNC: map(job, truncated)
    case APUS_OP_RINT: map(job, rounded)
    default: mapFunctionsOfDoubles(operation, job)
    }
}

private func mapFunctionsOfDoubles(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_EXP: mapDoubleFunction(job, exponential)
    case APUS_OP_EXP2: mapDoubleFunction(job, exponentialOfTwo)
    case APUS_OP_EXPM1: mapDoubleFunction(job, exponentialMinusOne)
    case APUS_OP_LOG: mapDoubleFunction(job, logarithm)
    case APUS_OP_LOG2: mapDoubleFunction(job, logarithmToBase2)
    case APUS_OP_LOG10: mapDoubleFunction(job, logarithmToBase10)
    case APUS_OP_LOG1P: mapDoubleFunction(job, logarithmOfOnePlus)
    case APUS_OP_SIN: mapDoubleFunction(job, sine)
    case APUS_OP_COS: mapDoubleFunction(job, cosine)
    case APUS_OP_TAN: mapDoubleFunction(job, tangent)
    case APUS_OP_ARCSIN: mapDoubleFunction(job, arcsine)
    case APUS_OP_ARCCOS: mapDoubleFunction(job, arccosine)
    case APUS_OP_ARCTAN: mapDoubleFunction(job, arctangent)
    case APUS_OP_SINH: mapDoubleFunction(job, hyperbolicSine)
    case APUS_OP_COSH: mapDoubleFunction(job, hyperbolicCosine)
    case APUS_OP_TANH: mapDoubleFunction(job, hyperbolicTangent)
    case APUS_OP_CBRT: mapDoubleFunction(job, cubeRoot)
    case APUS_OP_SIGMOID: mapDoubleFunction(job, logistic)
    case APUS_OP_ERF: mapDoubleFunction(job, errorFunction)
    default: break
    }
}

/// `out = operation(a, b)` on rows of doubles.
func elementwiseDouble(_ operation: Int32, _ job: Elements) {
    if operation < APUS_OP_EQUAL {
        combineDoubles(operation, job)
    } else if operation < APUS_OP_NEGATIVE {
        compareDoubles(operation, job)
    } else {
        mapDoubles(operation, job)
    }
}

/// `out = c ? a : b` on rows of elements of 8 bytes.
func choose8(_ job: Elements) {
    let job = job.pointee
    var c = job.c
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), b.assumingMemoryBound(to: Double.self))
        let (z, truths) = (out.assumingMemoryBound(to: Double.self), c.assumingMemoryBound(to: UInt8.self))
        let (first, second) = (spread(x.pointee), spread(y.pointee))
        let all = apus_m8_set(truths.pointee == 0 ? 0 : -1)
        eachEight(job.columns) { i, n in
            let mask = job.c_step == 0 ? all : apus_m8_load_truths(truths + i, Int64(truncatingIfNeeded: n))
            let chosen = job.a_step == 0 ? first : load(x + i, n)
            let other = job.b_step == 0 ? second : load(y + i, n)
            store(select(mask, chosen, other), z + i, n)
        }
        c += Int(truncatingIfNeeded: job.c_row)
    }
}
