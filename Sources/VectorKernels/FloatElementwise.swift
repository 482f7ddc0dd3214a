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
    case APUS_OP_MAXIMUM: combine(job) { (a: Lanes, b: Lanes) in maximum(a, b) }
    case APUS_OP_MINIMUM: combine(job) { (a: Lanes, b: Lanes) in minimum(a, b) }
    case APUS_OP_FMAX:
        combine(job) { (a: Lanes, b: Lanes) in select(isNaN(a), b, select(isNaN(b), a, maximum(a, b))) }
    case APUS_OP_FMIN:
        combine(job) { (a: Lanes, b: Lanes) in select(isNaN(a), b, select(isNaN(b), a, minimum(a, b))) }
    case APUS_OP_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_equal(a, b) }
    case APUS_OP_NOT_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_not_equal(a, b) }
    case APUS_OP_LESS: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less(a, b) }
    case APUS_OP_LESS_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less_equal(a, b) }
    case APUS_OP_GREATER: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less(b, a) }
    case APUS_OP_GREATER_EQUAL: compare(job) { (a: Lanes, b: Lanes) in apus_f16_less_equal(b, a) }
    case APUS_OP_LOGICAL_AND: compare(job) { (a: Lanes, b: Lanes) in apus_i16_and(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_OR: compare(job) { (a: Lanes, b: Lanes) in apus_i16_or(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_XOR: compare(job) { (a: Lanes, b: Lanes) in apus_i16_xor(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_NOT: test(job) { (x: Lanes) in apus_f16_equal(x, splat(0)) }
    case APUS_OP_ISNAN: test(job) { (x: Lanes) in isNaN(x) }
    case APUS_OP_ISINF: test(job) { (x: Lanes) in apus_f16_equal(magnitude(x), splat(.infinity)) }
    case APUS_OP_ISFINITE: test(job) { (x: Lanes) in apus_f16_less(magnitude(x), splat(.infinity)) }
    case APUS_OP_NEGATIVE:
        map(job) { (x: Lanes) in apus_i16_as_floats(apus_i16_xor(apus_f16_bits(x), apus_i16_set(Int32.min))) }
    case APUS_OP_ABSOLUTE: map(job) { (x: Lanes) in magnitude(x) }
    case APUS_OP_SIGN: map(job) { (x: Lanes) in sign(x) }
    case APUS_OP_SQUARE: map(job) { (x: Lanes) in x * x }
    case APUS_OP_SQRT: map(job) { (x: Lanes) in apus_f16_sqrt(x) }
    case APUS_OP_RECIPROCAL: map(job) { (x: Lanes) in splat(1) / x }
    case APUS_OP_FLOOR: map(job) { (x: Lanes) in apus_f16_floor(x) }
    case APUS_OP_CEIL: map(job) { (x: Lanes) in apus_f16_ceil(x) }
    case APUS_OP_TRUNC: map(job) { (x: Lanes) in apus_f16_trunc(x) }
    case APUS_OP_RINT: map(job) { (x: Lanes) in apus_f16_round(x) }
    default: break
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
