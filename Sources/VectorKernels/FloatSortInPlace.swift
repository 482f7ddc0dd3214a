import CVector

// Quicksort in place, for AVX-512: a few vectors are taken out at both ends, then the lanes of one vector after the
// other are stored at both, those below the pivot in front (Bramas 2017, doi:10.14569/IJACSA.2017.081044). Vectors are
// read at the end that has less room, without a branch. Half the memory of a quicksort that goes back and forth is used.
// Written out for each type, because kernels are not generic (Lanes.swift).

// MARK: Doubles

/// Moves the values below `pivot`, or up to it, to the front; how many they are. At least 64 values.
@inline(__always) private func partInPlace(
    _ values: UnsafeMutablePointer<Double>, _ count: Int, _ pivot: Double, orEqual: Bool
) -> Int {
    let pivots = apus_d8_set(pivot)
    let whole = count & ~7
    // The next vector to read on both sides, and where the next ones are stored.
    var (left, right) = (32, whole &- 32)
    var (low, high) = (0, whole &- 8)
    @inline(__always) func bits(_ x: apus_d8) -> UInt32 {
        orEqual ? ~apus_d8_less_bits(pivots, x) & 0xff : apus_d8_less_bits(x, pivots)
    }
    @inline(__always) func place(_ x: apus_d8) {
        let bits = bits(x)
        let parted = apus_d8_parted(x, bits)
        let less = Int(truncatingIfNeeded: apus_count_bits(bits))
        apus_d8_store(values + low, parted)
        apus_d8_store(values + high, parted)
        low &+= less
        high &-= 8 &- less
    }
    /// Where to read `n` vectors: after that there is room for as many at both ends, for all the vectors that are out
    /// are room too.
    @inline(__always) func next(_ n: Int) -> Int {
        // All ones where the left side has less, for the compiler would make a branch of a choice.
        let isLeft = ((left &- low) &- (high &+ 9 &- right)) &>> 63
        let length = 8 &* n
        let at = right &- length
        let start = at &+ (left &- at) & isLeft
        left &+= length & isLeft
        right &-= length & ~isLeft
        return start
    }
    @inline(__always) func load(_ i: Int) -> apus_d8 { apus_d8_load(values + i) }
    let end = right
    let (a, b, c, d) = (load(0), load(8), load(16), load(24))
    let (e, f, g, h) = (load(end), load(end &+ 8), load(end &+ 16), load(end &+ 24))
    let rest = count &- whole
    let tail = apus_d8_load_filled(values + whole, Int64(truncatingIfNeeded: rest), 0)
    if right &- left >= 32 {
        // The next four are read before these four are stored, or they would have to wait.
        var at = next(4)
        var (p, q, r, s) = (load(at), load(at &+ 8), load(at &+ 16), load(at &+ 24))
        while right &- left >= 32 {
            at = next(4)
            let (p1, q1, r1, s1) = (load(at), load(at &+ 8), load(at &+ 16), load(at &+ 24))
            place(p)
            place(q)
            place(r)
            place(s)
            (p, q, r, s) = (p1, q1, r1, s1)
        }
        while right > left {
            let t = load(next(1))
            place(p)
            (p, q, r, s) = (q, r, s, t)
        }
        place(p)
        place(q)
        place(r)
        place(s)
    }
    while right > left { place(load(next(1))) }
    place(a)
    place(b)
    place(c)
    place(d)
    place(e)
    place(f)
    place(g)
    // There is room for just one.
    let last = bits(h)
    apus_d8_store(values + low, apus_d8_parted(h, last))
    low &+= Int(truncatingIfNeeded: apus_count_bits(last))
    if rest == 0 { return low }
    // The tail's values below the pivot take the place of as many others, which go behind.
    let all: UInt32 = 1 &<< UInt32(truncatingIfNeeded: rest) &- 1
    let below = bits(tail) & all
    let less = Int(truncatingIfNeeded: apus_count_bits(below))
    let moved = whole &- low < less ? whole &- low : less
    let others = apus_d8_load_filled(values + low, Int64(truncatingIfNeeded: moved), 0)
    apus_d8_store_first(values + (whole &+ less &- moved), others, Int64(truncatingIfNeeded: moved))
    apus_d8_store_chosen(values + low, tail, below)
    apus_d8_store_chosen(values + (whole &+ less), tail, ~below & all)
    return low &+ less
}

/// `patience` is how many splits may still be made.
func quicksortDoublesInPlace(
    _ values: UnsafeMutablePointer<Double>, _ count: Int, _ patience: Int
) {
    if count <= fewDoubles { return sortFewDoubles(UnsafePointer(values), values, count) }
    if patience == 0 { return heapsortDoubles(values, count) }
    let pivot = pivotDoubles(UnsafePointer(values), count)
    var less = partInPlace(values, count, pivot, orEqual: false)
    if less == 0 {
        // None is below the pivot: those that equal it come first, and are done.
        less = partInPlace(values, count, pivot, orEqual: true)
    } else {
        quicksortDoublesInPlace(values, less, patience &- 1)
    }
    if less < count { quicksortDoublesInPlace(values + less, count &- less, patience &- 1) }
}

// MARK: Floats

/// Moves the values below `pivot`, or up to it, to the front; how many they are. At least 128 values.
@inline(__always) private func partInPlace(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, _ pivot: Float, orEqual: Bool
) -> Int {
    let pivots = apus_f16_set(pivot)
    let whole = count & ~15
    // The next vector to read on both sides, and where the next ones are stored.
    var (left, right) = (64, whole &- 64)
    var (low, high) = (0, whole &- 16)
    @inline(__always) func bits(_ x: apus_f16) -> UInt32 {
        orEqual ? ~apus_f16_less_bits(pivots, x) & 0xffff : apus_f16_less_bits(x, pivots)
    }
    @inline(__always) func place(_ x: apus_f16) {
        let bits = bits(x)
        let less = Int(truncatingIfNeeded: apus_count_bits(bits))
        apus_f16_store_parted(values + low, values + (high &+ less), x, bits)
        low &+= less
        high &-= 16 &- less
    }
    /// Where to read `n` vectors: after that there is room for as many at both ends, for all the vectors that are out
    /// are room too.
    @inline(__always) func next(_ n: Int) -> Int {
        // All ones where the left side has less, for the compiler would make a branch of a choice.
        let isLeft = ((left &- low) &- (high &+ 17 &- right)) &>> 63
        let length = 16 &* n
        let at = right &- length
        let start = at &+ (left &- at) & isLeft
        left &+= length & isLeft
        right &-= length & ~isLeft
        return start
    }
    @inline(__always) func load(_ i: Int) -> apus_f16 { apus_f16_load(values + i) }
    let end = right
    let (a, b, c, d) = (load(0), load(16), load(32), load(48))
    let (e, f, g, h) = (load(end), load(end &+ 16), load(end &+ 32), load(end &+ 48))
    let rest = count &- whole
    let tail = apus_f16_load_filled(values + whole, Int64(truncatingIfNeeded: rest), 0)
    if right &- left >= 64 {
        // The next four are read before these four are stored, or they would have to wait.
        var at = next(4)
        var (p, q, r, s) = (load(at), load(at &+ 16), load(at &+ 32), load(at &+ 48))
        while right &- left >= 64 {
            at = next(4)
            let (p1, q1, r1, s1) = (load(at), load(at &+ 16), load(at &+ 32), load(at &+ 48))
            place(p)
            place(q)
            place(r)
            place(s)
            (p, q, r, s) = (p1, q1, r1, s1)
        }
        while right > left {
            let t = load(next(1))
            place(p)
            (p, q, r, s) = (q, r, s, t)
        }
        place(p)
        place(q)
        place(r)
        place(s)
    }
    while right > left { place(load(next(1))) }
    place(a)
    place(b)
    place(c)
    place(d)
    place(e)
    place(f)
    place(g)
    // There is room for just one.
    let last = bits(h)
    let front = Int(truncatingIfNeeded: apus_count_bits(last))
    apus_f16_store_chosen(values + (low &+ front), h, ~last & 0xffff)
    apus_f16_store_chosen(values + low, h, last)
    low &+= front
    if rest == 0 { return low }
    // The tail's values below the pivot take the place of as many others, which go behind.
    let all: UInt32 = 1 &<< UInt32(truncatingIfNeeded: rest) &- 1
    let below = bits(tail) & all
    let less = Int(truncatingIfNeeded: apus_count_bits(below))
    let moved = whole &- low < less ? whole &- low : less
    let others = apus_f16_load_filled(values + low, Int64(truncatingIfNeeded: moved), 0)
    apus_f16_store_first(values + (whole &+ less &- moved), others, Int64(truncatingIfNeeded: moved))
    apus_f16_store_chosen(values + low, tail, below)
    apus_f16_store_chosen(values + (whole &+ less), tail, ~below & all)
    return low &+ less
}

/// `patience` is how many splits may still be made.
func quicksortFloatsInPlace(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, _ patience: Int
) {
    if count <= fewFloats { return sortFewFloats(UnsafePointer(values), values, count) }
    if patience == 0 { return heapsortFloats(values, count) }
    let pivot = pivotFloats(UnsafePointer(values), count)
    var less = partInPlace(values, count, pivot, orEqual: false)
    if less == 0 {
        // None is below the pivot: those that equal it come first, and are done.
        less = partInPlace(values, count, pivot, orEqual: true)
    } else {
        quicksortFloatsInPlace(values, less, patience &- 1)
    }
    if less < count { quicksortFloatsInPlace(values + less, count &- less, patience &- 1) }
}
