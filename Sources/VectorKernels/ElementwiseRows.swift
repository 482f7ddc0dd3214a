import CVector

// The loops of the elementwise kernels: rows of operands, each of neighbours or of one element that stands for all.

/// Eight doubles.
typealias Doubles = apus_d8
typealias DoubleSource = UnsafePointer<Double>
typealias DoubleTarget = UnsafeMutablePointer<Double>
typealias Elements = UnsafePointer<apus_elements>

@inline(__always) func + (a: Doubles, b: Doubles) -> Doubles { apus_d8_add(a, b) }
@inline(__always) func - (a: Doubles, b: Doubles) -> Doubles { apus_d8_subtract(a, b) }
@inline(__always) func * (a: Doubles, b: Doubles) -> Doubles { apus_d8_multiply(a, b) }
@inline(__always) func / (a: Doubles, b: Doubles) -> Doubles { apus_d8_divide(a, b) }

/// All lanes `x`.
@inline(__always) func spread(_ x: Double) -> Doubles { apus_d8_set(x) }

@inline(__always) func fma(_ a: Doubles, _ b: Doubles, _ c: Doubles) -> Doubles { apus_d8_fma(a, b, c) }

/// The first `n` elements at `p`, 1 to 8, then zeros.
@inline(__always) func load(_ p: DoubleSource, _ n: Int) -> Doubles {
    n == 8 ? apus_d8_load(p) : apus_d8_load_partial(p, Int64(truncatingIfNeeded: n))
}

/// Stores the first `n` lanes, 1 to 8.
@inline(__always) func store(_ x: Doubles, _ p: DoubleTarget, _ n: Int) {
    if n == 8 { apus_d8_store(p, x) } else { apus_d8_store_partial(p, x, Int64(truncatingIfNeeded: n)) }
}

/// Stores the first `n` truths of a mask as bytes.
@inline(__always) func store(_ x: apus_i16, _ p: UnsafeMutablePointer<UInt8>, _ n: Int) {
    apus_i16_store_truths(p, x, Int64(truncatingIfNeeded: n))
}
@inline(__always) func store(_ x: apus_m8, _ p: UnsafeMutablePointer<UInt8>, _ n: Int) {
    apus_m8_store_truths(p, x, Int64(truncatingIfNeeded: n))
}

/// A row whose vectors are worth aligning.
private var longRow: Int { 256 }

/// Elements before the first one that begins a line of the cache: vectors that straddle two are read at half the speed.
@inline(__always) func head<Value>(_ p: UnsafePointer<Value>, _ size: Int) -> Int {
    ((0 &- Int(bitPattern: p)) & 63) / size
}

/// Calls `f(start, n)` for `head` elements of a long row, then for each block of sixteen, and stores its truths.
@inline(__always) private func storeTruths(
    _ count: Int64, _ head: Int, _ out: UnsafeMutablePointer<UInt8>, _ f: (_ start: Int, _ n: Int) -> apus_i16
) {
    let count = Int(truncatingIfNeeded: count)
    var i = count >= longRow ? head : 0
    if i > 0 { store(f(0, i), out, i) }
    while i &+ 64 <= count {
        apus_i16_store_64_truths(out + i, f(i, 16), f(i &+ 16, 16), f(i &+ 32, 16), f(i &+ 48, 16))
        i &+= 64
    }
    while i < count {
        let n = count &- i < 16 ? count &- i : 16
        store(f(i, n), out + i, n)
        i &+= 16
    }
}

/// The same for blocks of eight.
@inline(__always) private func storeTruths(
    _ count: Int64, _ head: Int, _ out: UnsafeMutablePointer<UInt8>, _ f: (_ start: Int, _ n: Int) -> apus_m8
) {
    let count = Int(truncatingIfNeeded: count)
    var i = count >= longRow ? head : 0
    if i > 0 { store(f(0, i), out, i) }
    while i &+ 32 <= count {
        apus_m8_store_32_truths(out + i, f(i, 8), f(i &+ 8, 8), f(i &+ 16, 8), f(i &+ 24, 8))
        i &+= 32
    }
    while i < count {
        let n = count &- i < 8 ? count &- i : 8
        store(f(i, n), out + i, n)
        i &+= 8
    }
}

/// Calls `body(start, n)` for each block of eight elements, then once for the rest, if any.
@inline(__always) func eachEight(_ count: Int64, _ body: (_ start: Int, _ n: Int) -> Void) {
    let count = Int(truncatingIfNeeded: count)
    var i = 0
    while i &+ 8 <= count {
        body(i, 8)
        i &+= 8
    }
    if i < count { body(i, count &- i) }
}

/// Calls `body` with the beginnings of each row.
@inline(__always) func eachRow(
    _ job: apus_elements, _ body: (UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
) {
    var (a, b, out) = (job.a, job.b, job.out)
    var row: Int64 = 0
    while row < job.rows {
        body(a, b, out)
        a += Int(truncatingIfNeeded: job.a_row)
        b += Int(truncatingIfNeeded: job.b_row)
        out += Int(truncatingIfNeeded: job.out_row)
        row &+= 1
    }
}

// MARK: Floats

/// `out = f(a)`.
@inline(__always) func map(_ job: Elements, _ f: (Lanes) -> Lanes) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), out.assumingMemoryBound(to: Float.self))
        if job.a_step == 0 {
            let value = f(splat(x.pointee))
            eachBlock(job.columns) { i, n in store(value, y + i, n) }
        } else {
            eachBlock(job.columns) { i, n in store(f(load(x + i, n)), y + i, n) }
        }
    }
}

/// `out = f(a)`, a truth.
@inline(__always) func test(_ job: Elements, _ f: (Lanes) -> apus_i16) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), out.assumingMemoryBound(to: UInt8.self))
        storeTruths(job.columns, head(x, 4), y) { i, n in f(job.a_step == 0 ? splat(x.pointee) : load(x + i, n)) }
    }
}

/// Blocks of both operands of a row, `body(start, n, a, b)`.
@inline(__always) private func pairs(
    _ job: apus_elements, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ body: (Int, Int, Lanes, Lanes) -> Void
) {
    let (x, y) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
    if job.b_step == 0 {
        let value = splat(y.pointee)
        if job.a_step == 0 {
            let other = splat(x.pointee)
            eachBlock(job.columns) { i, n in body(i, n, other, value) }
        } else {
            eachBlock(job.columns) { i, n in body(i, n, load(x + i, n), value) }
        }
    } else if job.a_step == 0 {
        let value = splat(x.pointee)
        eachBlock(job.columns) { i, n in body(i, n, value, load(y + i, n)) }
    } else {
        eachBlock(job.columns) { i, n in body(i, n, load(x + i, n), load(y + i, n)) }
    }
}

/// `out = f(a, b)`.
@inline(__always) func combine(_ job: Elements, _ f: (Lanes, Lanes) -> Lanes) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let z = out.assumingMemoryBound(to: Float.self)
        pairs(job, a, b) { i, n, x, y in store(f(x, y), z + i, n) }
    }
}

/// `out = f(a, b)`, a truth.
@inline(__always) func compare(_ job: Elements, _ f: (Lanes, Lanes) -> apus_i16) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
        let z = out.assumingMemoryBound(to: UInt8.self)
        if job.a_step == 0 {
            let value = splat(x.pointee)
            storeTruths(job.columns, head(y, 4), z) { i, n in
                f(value, job.b_step == 0 ? splat(y.pointee) : load(y + i, n))
            }
        } else if job.b_step == 0 {
            let value = splat(y.pointee)
            storeTruths(job.columns, head(x, 4), z) { i, n in f(load(x + i, n), value) }
        } else {
            storeTruths(job.columns, head(x, 4), z) { i, n in f(load(x + i, n), load(y + i, n)) }
        }
    }
}

// MARK: Doubles

/// `out = f(a)`.
@inline(__always) func map(_ job: Elements, _ f: (Doubles) -> Doubles) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), out.assumingMemoryBound(to: Double.self))
        if job.a_step == 0 {
            let value = f(spread(x.pointee))
            eachEight(job.columns) { i, n in store(value, y + i, n) }
        } else {
            eachEight(job.columns) { i, n in store(f(load(x + i, n)), y + i, n) }
        }
    }
}

/// `out = f(a)`, a truth.
@inline(__always) func test(_ job: Elements, _ f: (Doubles) -> apus_m8) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), out.assumingMemoryBound(to: UInt8.self))
        storeTruths(job.columns, head(x, 8), y) { i, n in f(job.a_step == 0 ? spread(x.pointee) : load(x + i, n)) }
    }
}

/// Blocks of both operands of a row, `body(start, n, a, b)`.
@inline(__always) private func pairs(
    _ job: apus_elements, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ body: (Int, Int, Doubles, Doubles) -> Void
) {
    let (x, y) = (a.assumingMemoryBound(to: Double.self), b.assumingMemoryBound(to: Double.self))
    if job.b_step == 0 {
        let value = spread(y.pointee)
        if job.a_step == 0 {
            let other = spread(x.pointee)
            eachEight(job.columns) { i, n in body(i, n, other, value) }
        } else {
            eachEight(job.columns) { i, n in body(i, n, load(x + i, n), value) }
        }
    } else if job.a_step == 0 {
        let value = spread(x.pointee)
        eachEight(job.columns) { i, n in body(i, n, value, load(y + i, n)) }
    } else {
        eachEight(job.columns) { i, n in body(i, n, load(x + i, n), load(y + i, n)) }
    }
}

/// `out = f(a, b)`.
@inline(__always) func combine(_ job: Elements, _ f: (Doubles, Doubles) -> Doubles) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let z = out.assumingMemoryBound(to: Double.self)
        pairs(job, a, b) { i, n, x, y in store(f(x, y), z + i, n) }
    }
}

/// `out = f(a, b)`, a truth.
@inline(__always) func compare(_ job: Elements, _ f: (Doubles, Doubles) -> apus_m8) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), b.assumingMemoryBound(to: Double.self))
        let z = out.assumingMemoryBound(to: UInt8.self)
        if job.a_step == 0 {
            let value = spread(x.pointee)
            storeTruths(job.columns, head(y, 8), z) { i, n in
                f(value, job.b_step == 0 ? spread(y.pointee) : load(y + i, n))
            }
        } else if job.b_step == 0 {
            let value = spread(y.pointee)
            storeTruths(job.columns, head(x, 8), z) { i, n in f(load(x + i, n), value) }
        } else {
            storeTruths(job.columns, head(x, 8), z) { i, n in f(load(x + i, n), load(y + i, n)) }
        }
    }
}

// MARK: Functions
//
// Their bodies are long, so each loop holds its function once.

/// `out = f(a)`.
@inline(__always) func mapFloatFunction(_ job: Elements, _ f: (Lanes) -> Lanes) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), out.assumingMemoryBound(to: Float.self))
        eachRun(job.columns, of: 16, head: head(x, 4)) { i, n in
            store(f(job.a_step == 0 ? splat(x.pointee) : load(x + i, n)), y + i, n)
        }
    }
}

/// `out = f(a)`.
@inline(__always) func mapDoubleFunction(_ job: Elements, _ f: (Doubles) -> Doubles) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), out.assumingMemoryBound(to: Double.self))
        eachRun(job.columns, of: 8, head: head(x, 8)) { i, n in
            store(f(job.a_step == 0 ? spread(x.pointee) : load(x + i, n)), y + i, n)
        }
    }
}

/// `out = f(a, b)`.
@inline(__always) func combineFunction(_ job: Elements, _ f: (Lanes, Lanes) -> Lanes) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
        let z = out.assumingMemoryBound(to: Float.self)
        eachRun(job.columns, of: 16) { i, n in
            let first = job.a_step == 0 ? splat(x.pointee) : load(x + i, n)
            let second = job.b_step == 0 ? splat(y.pointee) : load(y + i, n)
            store(f(first, second), z + i, n)
        }
    }
}

/// `out = f(a, b)`.
@inline(__always) func combineFunction(_ job: Elements, _ f: (Doubles, Doubles) -> Doubles) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), b.assumingMemoryBound(to: Double.self))
        let z = out.assumingMemoryBound(to: Double.self)
        eachRun(job.columns, of: 8) { i, n in
            let first = job.a_step == 0 ? spread(x.pointee) : load(x + i, n)
            let second = job.b_step == 0 ? spread(y.pointee) : load(y + i, n)
            store(f(first, second), z + i, n)
        }
    }
}

/// `out = f(a, b)`, a truth.
@inline(__always) func compareFunction(_ job: Elements, _ f: (Lanes, Lanes) -> apus_i16) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
        let z = out.assumingMemoryBound(to: UInt8.self)
        storeTruths(job.columns, head(x, 4), z) { i, n in
            let first = job.a_step == 0 ? splat(x.pointee) : load(x + i, n)
            return f(first, job.b_step == 0 ? splat(y.pointee) : load(y + i, n))
        }
    }
}

/// `out = f(a, b)`, a truth.
@inline(__always) func compareFunction(_ job: Elements, _ f: (Doubles, Doubles) -> apus_m8) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Double.self), b.assumingMemoryBound(to: Double.self))
        let z = out.assumingMemoryBound(to: UInt8.self)
        storeTruths(job.columns, head(x, 8), z) { i, n in
            let first = job.a_step == 0 ? spread(x.pointee) : load(x + i, n)
            return f(first, job.b_step == 0 ? spread(y.pointee) : load(y + i, n))
        }
    }
}

/// `out = f(a)` of floats, in double precision and rounded once.
@inline(__always) func mapWide(_ job: Elements, _ f: (Doubles) -> Doubles) {
    let job = job.pointee
    eachRow(job) { a, _, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), out.assumingMemoryBound(to: Float.self))
        eachRun(job.columns, of: 8) { i, n in storeWide(f(loadWide(x, i, n, job.a_step)), y + i, n) }
    }
}

/// `out = f(a, b)` of floats, in double precision and rounded once.
@inline(__always) func combineWide(_ job: Elements, _ f: (Doubles, Doubles) -> Doubles) {
    let job = job.pointee
    eachRow(job) { a, b, out in
        let (x, y) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
        let z = out.assumingMemoryBound(to: Float.self)
        eachRun(job.columns, of: 8) { i, n in
            storeWide(f(loadWide(x, i, n, job.a_step), loadWide(y, i, n, job.b_step)), z + i, n)
        }
    }
}

/// Calls `body(start, n)` for runs of `width` elements, the first of `head` if that is not 0, the last one shorter. The
/// body is there twice, for whole runs and for others.
@inline(__always) func eachRun(
    _ count: Int64, of width: Int, head: Int = 0, _ body: (_ start: Int, _ n: Int) -> Void
) {
    let count = Int(truncatingIfNeeded: count)
    var i = 0
    var part = head < count ? head : count
    while true {
        if part > 0 {
            body(i, part)
            i &+= part
        }
        while i &+ width <= count {
            body(i, width)
            i &+= width
        }
        if i >= count { return }
        part = count &- i
    }
}

@inline(__always) private func loadWide(_ p: Source, _ i: Int, _ n: Int, _ step: Int64) -> Doubles {
    if step == 0 { return spread(Double(p.pointee)) }
    if n == 8 { return apus_d8_load_floats(p + i) }
    return apus_f16_low_doubles(apus_f16_load_partial(p + i, Int64(truncatingIfNeeded: n)))
}

@inline(__always) private func storeWide(_ x: Doubles, _ p: Target, _ n: Int) {
    if n == 8 { return apus_d8_store_floats(p, x) }
    apus_f16_store_partial(p, apus_f16_from_doubles(x, x), Int64(truncatingIfNeeded: n))
}
