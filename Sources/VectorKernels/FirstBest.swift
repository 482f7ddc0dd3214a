import CVector

// The place of the first least or greatest element of a run, or of its first NaN, in the elements' own precision. Each
// block is passed over for its best; the one block with the best of all is then searched for its place. Written out for
// each type, because kernels are not generic (Lanes.swift).

/// Elements of a block, whose second reading comes from the first cache.
private var block: Int { 1024 }

/// Bytes ahead of the element at hand that memory is asked for: the processor's own foresight ends with the page.
private var ahead: Int { 4096 }
/// A run this long has more memory behind it, as a rule.
private var longRun: Int { 1024 }

// MARK: Floats

/// Asks for the 64 elements a page ahead.
@inline(__always) func fetchAhead(_ x: UnsafePointer<Float>) {
    let next = UnsafeRawPointer(x) + ahead
    apus_prefetch(next.assumingMemoryBound(to: Float.self))
    apus_prefetch((next + 64).assumingMemoryBound(to: Float.self))
    apus_prefetch((next + 128).assumingMemoryBound(to: Float.self))
    apus_prefetch((next + 192).assumingMemoryBound(to: Float.self))
}

/// The best of the elements from `start` to `end`; nil where one of them is NaN.
@inline(__always) func bestOfBlock(
    _ x: UnsafePointer<Float>, _ start: Int, _ end: Int, _ none: Float, _ better: (Lanes, Lanes) -> Lanes
) -> Lanes? {
    let empty = splat(none)
    var (a, b, c, d) = (empty, empty, empty, empty)
    var unknown: Int32 = 0
    let isLong = end &- start >= longRun
    var i = start
    while i &+ 64 <= end {
        if isLong { fetchAhead(x + i) }
        let (p, q) = (apus_f16_load(x + i), apus_f16_load(x + (i &+ 16)))
        let (r, s) = (apus_f16_load(x + (i &+ 32)), apus_f16_load(x + (i &+ 48)))
        unknown |= apus_f16_any_nan(p, q) | apus_f16_any_nan(r, s)
        a = better(a, p)
        b = better(b, q)
        c = better(c, r)
        d = better(d, s)
        i &+= 64
    }
    while i < end {
        let n = end &- i < 16 ? end &- i : 16
        let p = apus_f16_first(load(x + i, n), empty, Int64(truncatingIfNeeded: n))
        unknown |= apus_f16_any_nan(p, p)
        a = better(a, p)
        i &+= 16
    }
    return unknown != 0 ? nil : better(better(a, b), better(c, d))
}

/// The first element from `start` on that `isIt` holds for, which one does.
@inline(__always) private func search(
    _ x: UnsafePointer<Float>, _ start: Int, _ count: Int, _ isIt: (Lanes) -> apus_i16
) -> Int64 {
    var i = start
    while i &+ 32 <= count {
        let (p, q) = (apus_f16_load(x + i), apus_f16_load(x + (i &+ 16)))
        if apus_i16_any(apus_i16_or(isIt(p), isIt(q))) != 0 { break }
        i &+= 32
    }
    while i < count {
        let n = count &- i < 16 ? count &- i : 16
        let first = Int(truncatingIfNeeded: apus_i16_first_true(isIt(load(x + i, n))))
        if first < n { return Int64(truncatingIfNeeded: i &+ first) }
        i &+= 16
    }
    return 0
}

@inline(__always) private func firstBest(
    _ x: UnsafePointer<Float>, _ count: Int64, _ best: UnsafeMutablePointer<Double>, _ none: Float,
    _ better: (Lanes, Lanes) -> Lanes, _ beats: (Lanes, Lanes) -> apus_i16, _ fold: (Lanes) -> Float
) -> Int64 {
    let count = Int(truncatingIfNeeded: count)
    var (kept, place, start) = (none, 0, 0)
    while start < count {
        let end = count &- start < block ? count : start &+ block
        guard let values = bestOfBlock(x, start, end, none, better) else {
            best.pointee = .nan
            return search(x, start, count) { apus_f16_not_equal($0, $0) }
        }
        if apus_i16_any(beats(values, splat(kept))) != 0 { (kept, place) = (fold(values), start) }
        start = end
    }
    best.pointee = Double(kept)
    let wanted = splat(kept)
    return search(x, place, count) { apus_f16_equal($0, wanted) }
}

func firstBestOfFloats(
    _ code: Int32, _ x: UnsafePointer<Float>, _ count: Int64, _ best: UnsafeMutablePointer<Double>
) -> Int64 {
    code == APUS_R_MIN ? firstLeast(x, count, best) : firstGreatest(x, count, best)
}

// Functions of their own, for the compiler inlines everything into one of them only.
@inline(never) private func firstLeast(
    _ x: UnsafePointer<Float>, _ count: Int64, _ best: UnsafeMutablePointer<Double>
) -> Int64 {
    firstBest(x, count, best, .infinity, { apus_f16_min($0, $1) }, { apus_f16_less($0, $1) }, { apus_f16_least($0) })
}

@inline(never) private func firstGreatest(
    _ x: UnsafePointer<Float>, _ count: Int64, _ best: UnsafeMutablePointer<Double>
) -> Int64 {
    firstBest(
        x, count, best, -.infinity, { apus_f16_max($0, $1) }, { apus_f16_less($1, $0) }, { apus_f16_greatest($0) })
}

// MARK: Doubles

/// Asks for the 32 elements a page ahead.
@inline(__always) func fetchAhead(_ x: UnsafePointer<Double>) {
    let next = UnsafeRawPointer(x) + ahead
    apus_prefetch_doubles(next.assumingMemoryBound(to: Double.self))
    apus_prefetch_doubles((next + 64).assumingMemoryBound(to: Double.self))
    apus_prefetch_doubles((next + 128).assumingMemoryBound(to: Double.self))
    apus_prefetch_doubles((next + 192).assumingMemoryBound(to: Double.self))
}

/// The best of the elements from `start` to `end`; nil where one of them is NaN.
@inline(__always) func bestOfBlock(
    _ x: UnsafePointer<Double>, _ start: Int, _ end: Int, _ none: Double, _ better: (Doubles, Doubles) -> Doubles
) -> Doubles? {
    let empty = spread(none)
    var (a, b, c, d) = (empty, empty, empty, empty)
    var unknown: Int32 = 0
    let isLong = end &- start >= longRun
    var i = start
    while i &+ 32 <= end {
        if isLong { fetchAhead(x + i) }
        let (p, q) = (apus_d8_load(x + i), apus_d8_load(x + (i &+ 8)))
        let (r, s) = (apus_d8_load(x + (i &+ 16)), apus_d8_load(x + (i &+ 24)))
        unknown |= apus_d8_any_nan(p, q) | apus_d8_any_nan(r, s)
        a = better(a, p)
        b = better(b, q)
        c = better(c, r)
        d = better(d, s)
        i &+= 32
    }
    while i < end {
        let n = end &- i < 8 ? end &- i : 8
        let p = apus_d8_first(load(x + i, n), empty, Int64(truncatingIfNeeded: n))
        unknown |= apus_d8_any_nan(p, p)
        a = better(a, p)
        i &+= 8
    }
    return unknown != 0 ? nil : better(better(a, b), better(c, d))
}

/// The first element from `start` on that `isIt` holds for, which one does.
@inline(__always) private func search(
    _ x: UnsafePointer<Double>, _ start: Int, _ count: Int, _ isIt: (Doubles) -> apus_m8
) -> Int64 {
    var i = start
    while i &+ 16 <= count {
        let (p, q) = (apus_d8_load(x + i), apus_d8_load(x + (i &+ 8)))
        if apus_m8_any(apus_m8_or(isIt(p), isIt(q))) != 0 { break }
        i &+= 16
    }
    while i < count {
        let n = count &- i < 8 ? count &- i : 8
        let first = Int(truncatingIfNeeded: apus_m8_first_true(isIt(load(x + i, n))))
        if first < n { return Int64(truncatingIfNeeded: i &+ first) }
        i &+= 8
    }
    return 0
}

@inline(__always) private func firstBest(
    _ x: UnsafePointer<Double>, _ count: Int64, _ best: UnsafeMutablePointer<Double>, _ none: Double,
    _ better: (Doubles, Doubles) -> Doubles, _ beats: (Doubles, Doubles) -> apus_m8, _ fold: (Doubles) -> Double
) -> Int64 {
    let count = Int(truncatingIfNeeded: count)
    var (kept, place, start) = (none, 0, 0)
    while start < count {
        let end = count &- start < block ? count : start &+ block
        guard let values = bestOfBlock(x, start, end, none, better) else {
            best.pointee = .nan
            return search(x, start, count) { apus_d8_not_equal($0, $0) }
        }
        if apus_m8_any(beats(values, spread(kept))) != 0 { (kept, place) = (fold(values), start) }
        start = end
    }
    best.pointee = Double(kept)
    let wanted = spread(kept)
    return search(x, place, count) { apus_d8_equal($0, wanted) }
}

func firstBestOfDoubles(
    _ code: Int32, _ x: UnsafePointer<Double>, _ count: Int64, _ best: UnsafeMutablePointer<Double>
) -> Int64 {
    code == APUS_R_MIN ? firstLeast(x, count, best) : firstGreatest(x, count, best)
}

@inline(never) private func firstLeast(
    _ x: UnsafePointer<Double>, _ count: Int64, _ best: UnsafeMutablePointer<Double>
) -> Int64 {
    firstBest(x, count, best, .infinity, { apus_d8_min($0, $1) }, { apus_d8_less($0, $1) }, { apus_d8_least($0) })
}

@inline(never) private func firstGreatest(
    _ x: UnsafePointer<Double>, _ count: Int64, _ best: UnsafeMutablePointer<Double>
) -> Int64 {
    firstBest(
        x, count, best, -.infinity, { apus_d8_max($0, $1) }, { apus_d8_less($1, $0) }, { apus_d8_greatest($0) })
}
