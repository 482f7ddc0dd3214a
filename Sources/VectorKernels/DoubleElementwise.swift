import CVector

// Elementwise operations on doubles: arithmetic, comparisons, and the choice among all operations that have a kernel.

@inline(__always) private func select(_ m: apus_m8, _ x: Doubles, _ y: Doubles) -> Doubles { apus_d8_select(m, x, y) }
@inline(__always) private func isNaN(_ x: Doubles) -> apus_m8 { apus_d8_not_equal(x, x) }
@inline(__always) private func magnitude(_ x: Doubles) -> Doubles {
    apus_m8_as_doubles(apus_m8_and(apus_d8_bits(x), apus_m8_set(0x7FFF_FFFF_FFFF_FFFF)))
}

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

/// -1, 0, 1; NaN of NaN.
@inline(__always) private func sign(_ x: Doubles) -> Doubles {
    let positive = select(apus_d8_less(spread(0), x), spread(1), x + spread(0))
    return select(apus_d8_less(x, spread(0)), spread(-1), positive)
}

@inline(__always) private func isTrue(_ x: Doubles) -> apus_m8 { apus_d8_not_equal(x, spread(0)) }

/// `out = operation(a, b)` on rows of doubles.
func elementwiseDouble(_ operation: Int32, _ job: Elements) {
    switch operation {
    case APUS_OP_ADD: combine(job) { (a: Doubles, b: Doubles) in a + b }
    case APUS_OP_SUBTRACT: combine(job) { (a: Doubles, b: Doubles) in a - b }
    case APUS_OP_MULTIPLY: combine(job) { (a: Doubles, b: Doubles) in a * b }
    case APUS_OP_DIVIDE: combine(job) { (a: Doubles, b: Doubles) in a / b }
    case APUS_OP_MAXIMUM: combine(job) { (a: Doubles, b: Doubles) in maximum(a, b) }
    case APUS_OP_MINIMUM: combine(job) { (a: Doubles, b: Doubles) in minimum(a, b) }
    case APUS_OP_FMAX:
        combine(job) { (a: Doubles, b: Doubles) in select(isNaN(a), b, select(isNaN(b), a, maximum(a, b))) }
    case APUS_OP_FMIN:
        combine(job) { (a: Doubles, b: Doubles) in select(isNaN(a), b, select(isNaN(b), a, minimum(a, b))) }
    case APUS_OP_EQUAL: compare(job) { (a: Doubles, b: Doubles) in apus_d8_equal(a, b) }
    case APUS_OP_NOT_EQUAL: compare(job) { (a: Doubles, b: Doubles) in apus_d8_not_equal(a, b) }
    case APUS_OP_LESS: compare(job) { (a: Doubles, b: Doubles) in apus_d8_less(a, b) }
    case APUS_OP_LESS_EQUAL: compare(job) { (a: Doubles, b: Doubles) in apus_d8_less_equal(a, b) }
    case APUS_OP_GREATER: compare(job) { (a: Doubles, b: Doubles) in apus_d8_less(b, a) }
    case APUS_OP_GREATER_EQUAL: compare(job) { (a: Doubles, b: Doubles) in apus_d8_less_equal(b, a) }
    case APUS_OP_LOGICAL_AND: compare(job) { (a: Doubles, b: Doubles) in apus_m8_and(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_OR: compare(job) { (a: Doubles, b: Doubles) in apus_m8_or(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_XOR: compare(job) { (a: Doubles, b: Doubles) in apus_m8_xor(isTrue(a), isTrue(b)) }
    case APUS_OP_LOGICAL_NOT: test(job) { (x: Doubles) in apus_d8_equal(x, spread(0)) }
    case APUS_OP_ISNAN: test(job) { (x: Doubles) in isNaN(x) }
    case APUS_OP_ISINF: test(job) { (x: Doubles) in apus_d8_equal(magnitude(x), spread(.infinity)) }
    case APUS_OP_ISFINITE: test(job) { (x: Doubles) in apus_d8_less(magnitude(x), spread(.infinity)) }
    case APUS_OP_NEGATIVE:
        map(job) { (x: Doubles) in apus_m8_as_doubles(apus_m8_xor(apus_d8_bits(x), apus_m8_set(Int64.min))) }
    case APUS_OP_ABSOLUTE: map(job) { (x: Doubles) in magnitude(x) }
    case APUS_OP_SIGN: map(job) { (x: Doubles) in sign(x) }
    case APUS_OP_SQUARE: map(job) { (x: Doubles) in x * x }
    case APUS_OP_SQRT: map(job) { (x: Doubles) in apus_d8_sqrt(x) }
    case APUS_OP_RECIPROCAL: map(job) { (x: Doubles) in spread(1) / x }
    case APUS_OP_FLOOR: map(job) { (x: Doubles) in apus_d8_floor(x) }
    case APUS_OP_CEIL: map(job) { (x: Doubles) in apus_d8_ceil(x) }
    case APUS_OP_TRUNC: map(job) { (x: Doubles) in apus_d8_trunc(x) }
    case APUS_OP_RINT: map(job) { (x: Doubles) in apus_d8_round(x) }
    default: break
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
