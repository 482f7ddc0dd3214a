import CVector

// Quicksort of numbers that are not NaN, from one memory to another and back. With AVX-512 the lanes below the pivot are
// stored to one end and the others to the other end without a branch (Bramas 2017, doi:10.14569/IJACSA.2017.081044),
// elsewhere values go one by one, without a branch too; what is left is sorted by a network. Written out for each type,
// because kernels are not generic (Lanes.swift).

/// Values that are not split any further.
var fewFloats: Int { apus_compiled_isa_level() == APUS_ISA_V4 ? 512 : 128 }
var fewDoubles: Int { apus_compiled_isa_level() == APUS_ISA_V4 ? 256 : 64 }
/// Values whose pivot is chosen with more care.
private var many: Int { 1024 }

// MARK: Doubles

/// Moves the values below `pivot` to the front of `other` and the rest behind them.
@inline(__always) private func partitionDoubles(
    _ values: UnsafePointer<Double>, _ other: UnsafeMutablePointer<Double>, _ count: Int, _ pivot: Double, orEqual: Bool
) -> Int {
    var (low, high, i) = (0, count, 0)
    if apus_compiled_isa_level() == APUS_ISA_V4 {
        let pivots = apus_d8_set(pivot)
        @inline(__always) func bits(_ x: apus_d8) -> UInt32 {
            orEqual ? ~apus_d8_less_bits(pivots, x) & 0xff : apus_d8_less_bits(x, pivots)
        }
        // Between low and high there is as much place as values are left: two vectors' at least, so that a whole one, its
        // lower lanes those below the pivot, can be stored at both ends.
        @inline(__always) func place(_ x: apus_d8) {
            let bits = bits(x)
            let parted = apus_d8_parted(x, bits)
            let less = Int(truncatingIfNeeded: apus_count_bits(bits))
            apus_d8_store(other + low, parted)
            apus_d8_store(other + (high &- 8), parted)
            low &+= less
            high &-= 8 &- less
        }
        while i &+ 40 <= count {
            let (first, second) = (apus_d8_load(values + i), apus_d8_load(values + (i &+ 8)))
            let (third, fourth) = (apus_d8_load(values + (i &+ 16)), apus_d8_load(values + (i &+ 24)))
            place(first)
            place(second)
            place(third)
            place(fourth)
            i &+= 32
        }
        while i &+ 16 <= count {
            place(apus_d8_load(values + i))
            i &+= 8
        }
        while i < count {
            let n = count &- i < 8 ? count &- i : 8
            let x = apus_d8_load_filled(values + i, Int64(truncatingIfNeeded: n), 0)
            let all: UInt32 = 1 &<< UInt32(truncatingIfNeeded: n) &- 1
            let less = bits(x) & all
            let more = ~less & all
            apus_d8_store_chosen(other + low, x, less)
            low &+= Int(truncatingIfNeeded: apus_count_bits(less))
            high &-= Int(truncatingIfNeeded: apus_count_bits(more))
            apus_d8_store_chosen(other + high, x, more)
            i &+= 8
        }
        return low
    }
    while i < count {
        // Written to both ends; the place that does not count is written again.
        let value = values[i]
        let isLess = value < pivot ? 1 : 0
        other[low] = value
        other[high &- 1] = value
        low &+= isLess
        high &-= 1 &- isLess
        i &+= 1
    }
    return low
}

/// Sorts up to `fewDoubles` values.
@inline(never) func sortFewDoubles(
    _ values: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int
) {
    let n = Int64(truncatingIfNeeded: count)
    if fewDoubles == 64 || count <= 64 { return apus_d8_sort_64(values, out, n) }
    if count <= 128 { return apus_d8_sort_128(values, out, n) }
    sortFewDoubles(values, out, 128)
    sortFewDoubles(values + 128, out + 128, count &- 128)
    apus_d8_merge(out, n)
}

/// About the middle one of 24 values in three places, or of 72 in nine of many: in each lane the middle one of three,
/// or of three such, then the middle one of the lanes.
@inline(__always) func pivotDoubles(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    @inline(__always) func middle(_ a: apus_d8, _ b: apus_d8, _ c: apus_d8) -> apus_d8 {
        let (low, high) = (apus_d8_min(a, b), apus_d8_max(a, b))
        return apus_d8_max(low, apus_d8_min(high, c))
    }
    let places = count < many ? 3 : 9
    let step = (count &- 8) / places
    @inline(__always) func three(_ first: Int) -> apus_d8 {
        let p = values + (first &* step &+ step / 2)
        return middle(apus_d8_load(p), apus_d8_load(p + step), apus_d8_load(p + 2 &* step))
    }
    if places == 3 { return apus_d8_middle(three(0)) }
    return apus_d8_middle(middle(three(0), three(3), three(6)))
}

func splitDoubles(_ values: UnsafePointer<Double>, _ other: UnsafeMutablePointer<Double>, _ count: Int64) -> Int64 {
    let count = Int(truncatingIfNeeded: count)
    if count < many { return 0 }
    return Int64(
        truncatingIfNeeded: partitionDoubles(values, other, count, pivotDoubles(values, count), orEqual: false))
}

func sortDoubles(
    _ values: UnsafeMutablePointer<Double>, _ other: UnsafeMutablePointer<Double>, _ count: Int64, _ toOther: Int32
) {
    let count = Int(truncatingIfNeeded: count)
    if count == 0 { return }
    let patience = 2 &* (Int.bitWidth &- count.leadingZeroBitCount)
    if apus_compiled_isa_level() == APUS_ISA_V4, toOther == 0 {
        quicksortDoublesInPlace(values, count, patience)
    } else {
        quicksortDoubles(values, other, count, toOther != 0, patience)
    }
}

/// `patience` is how many splits may still be made.
private func quicksortDoubles(
    _ values: UnsafeMutablePointer<Double>, _ other: UnsafeMutablePointer<Double>, _ count: Int, _ toOther: Bool,
    _ patience: Int
) {
    if count <= fewDoubles {
        sortFewDoubles(UnsafePointer(values), toOther ? other : values, count)
        return
    }
    if patience == 0 {
        heapsortDoubles(values, count)
        if toOther { copyDoubles(UnsafePointer(values), other, count) }
        return
    }
    let pivot = pivotDoubles(UnsafePointer(values), count)
    var less = partitionDoubles(UnsafePointer(values), other, count, pivot, orEqual: false)
    if apus_compiled_isa_level() == APUS_ISA_V4 {
        // Moved over once; the rest is sorted where it is.
        quicksortDoublesInPlace(other, less, patience &- 1)
        quicksortDoublesInPlace(other + less, count &- less, patience &- 1)
        return
    }
    if less == 0 {
        // None is below the pivot: those that equal it come first, and are done.
        less = partitionDoubles(UnsafePointer(values), other, count, pivot, orEqual: true)
        if !toOther { copyDoubles(UnsafePointer(other), values, less) }
    } else {
        quicksortDoubles(other, values, less, !toOther, patience &- 1)
    }
    if less < count { quicksortDoubles(other + less, values + less, count &- less, !toOther, patience &- 1) }
}

/// Slower, but never more than slower: for what splits badly again and again.
func heapsortDoubles(_ values: UnsafeMutablePointer<Double>, _ count: Int) {
    var (start, end) = (count / 2, count)
    while end > 1 {
        if start > 0 {
            start &-= 1
        } else {
            end &-= 1
            (values[0], values[end]) = (values[end], values[0])
        }
        var parent = start
        let value = values[parent]
        while 2 &* parent &+ 1 < end {
            var child = 2 &* parent &+ 1
            if child &+ 1 < end, values[child] < values[child &+ 1] { child &+= 1 }
            if values[child] <= value { break }
            values[parent] = values[child]
            parent = child
        }
        values[parent] = value
    }
}

private func copyDoubles(_ from: UnsafePointer<Double>, _ to: UnsafeMutablePointer<Double>, _ count: Int) {
    var i = 0
    while i < count {
        to[i] = from[i]
        i &+= 1
    }
}

// MARK: Floats

/// Moves the values below `pivot` to the front of `other` and the rest behind them.
@inline(__always) private func partitionFloats(
    _ values: UnsafePointer<Float>, _ other: UnsafeMutablePointer<Float>, _ count: Int, _ pivot: Float, orEqual: Bool
) -> Int {
    var (low, high, i) = (0, count, 0)
    if apus_compiled_isa_level() == APUS_ISA_V4 {
        let pivots = apus_f16_set(pivot)
        @inline(__always) func bits(_ x: apus_f16) -> UInt32 {
            orEqual ? ~apus_f16_less_bits(pivots, x) & 0xffff : apus_f16_less_bits(x, pivots)
        }
        // Between low and high there is as much place as values are left: two vectors' at least, so that a whole one, its
        // lower lanes those below the pivot, can be stored at both ends.
        @inline(__always) func place(_ x: apus_f16) {
            let bits = bits(x)
            let less = Int(truncatingIfNeeded: apus_count_bits(bits))
            apus_f16_store_parted(other + low, other + (high &- 16 &+ less), x, bits)
            low &+= less
            high &-= 16 &- less
        }
        while i &+ 80 <= count {
            let (first, second) = (apus_f16_load(values + i), apus_f16_load(values + (i &+ 16)))
            let (third, fourth) = (apus_f16_load(values + (i &+ 32)), apus_f16_load(values + (i &+ 48)))
            place(first)
            place(second)
            place(third)
            place(fourth)
            i &+= 64
        }
        while i &+ 32 <= count {
            place(apus_f16_load(values + i))
            i &+= 16
        }
        while i < count {
            let n = count &- i < 16 ? count &- i : 16
            let x = apus_f16_load_filled(values + i, Int64(truncatingIfNeeded: n), 0)
            let all: UInt32 = 1 &<< UInt32(truncatingIfNeeded: n) &- 1
            let less = bits(x) & all
            let more = ~less & all
            apus_f16_store_chosen(other + low, x, less)
            low &+= Int(truncatingIfNeeded: apus_count_bits(less))
            high &-= Int(truncatingIfNeeded: apus_count_bits(more))
            apus_f16_store_chosen(other + high, x, more)
            i &+= 16
        }
        return low
    }
    while i < count {
        // Written to both ends; the place that does not count is written again.
        let value = values[i]
        let isLess = value < pivot ? 1 : 0
        other[low] = value
        other[high &- 1] = value
        low &+= isLess
        high &-= 1 &- isLess
        i &+= 1
    }
    return low
}

/// Sorts up to `fewFloats` values.
@inline(never) func sortFewFloats(
    _ values: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int
) {
    let n = Int64(truncatingIfNeeded: count)
    if fewFloats == 128 || count <= 128 { return apus_f16_sort_128(values, out, n) }
    if count <= 256 { return apus_f16_sort_256(values, out, n) }
    sortFewFloats(values, out, 256)
    sortFewFloats(values + 256, out + 256, count &- 256)
    apus_f16_merge(out, n)
}

/// About the middle one of 48 values in three places, or of 144 in nine of many: in each lane the middle one of three,
/// or of three such, then the middle one of the lanes.
@inline(__always) func pivotFloats(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
    @inline(__always) func middle(_ a: apus_f16, _ b: apus_f16, _ c: apus_f16) -> apus_f16 {
        let (low, high) = (apus_f16_min(a, b), apus_f16_max(a, b))
        return apus_f16_max(low, apus_f16_min(high, c))
    }
    let places = count < many ? 3 : 9
    let step = (count &- 16) / places
    @inline(__always) func three(_ first: Int) -> apus_f16 {
        let p = values + (first &* step &+ step / 2)
        return middle(apus_f16_load(p), apus_f16_load(p + step), apus_f16_load(p + 2 &* step))
    }
    if places == 3 { return apus_f16_middle(three(0)) }
    return apus_f16_middle(middle(three(0), three(3), three(6)))
}

func splitFloats(_ values: UnsafePointer<Float>, _ other: UnsafeMutablePointer<Float>, _ count: Int64) -> Int64 {
    let count = Int(truncatingIfNeeded: count)
    if count < many { return 0 }
    return Int64(
        truncatingIfNeeded: partitionFloats(values, other, count, pivotFloats(values, count), orEqual: false))
}

func sortFloats(
    _ values: UnsafeMutablePointer<Float>, _ other: UnsafeMutablePointer<Float>, _ count: Int64, _ toOther: Int32
) {
    let count = Int(truncatingIfNeeded: count)
    if count == 0 { return }
    let patience = 2 &* (Int.bitWidth &- count.leadingZeroBitCount)
    if apus_compiled_isa_level() == APUS_ISA_V4, toOther == 0 {
        quicksortFloatsInPlace(values, count, patience)
    } else {
        quicksortFloats(values, other, count, toOther != 0, patience)
    }
}

/// `patience` is how many splits may still be made.
private func quicksortFloats(
    _ values: UnsafeMutablePointer<Float>, _ other: UnsafeMutablePointer<Float>, _ count: Int, _ toOther: Bool,
    _ patience: Int
) {
    if count <= fewFloats {
        sortFewFloats(UnsafePointer(values), toOther ? other : values, count)
        return
    }
    if patience == 0 {
        heapsortFloats(values, count)
        if toOther { copyFloats(UnsafePointer(values), other, count) }
        return
    }
    let pivot = pivotFloats(UnsafePointer(values), count)
    var less = partitionFloats(UnsafePointer(values), other, count, pivot, orEqual: false)
    if apus_compiled_isa_level() == APUS_ISA_V4 {
        // Moved over once; the rest is sorted where it is.
        quicksortFloatsInPlace(other, less, patience &- 1)
        quicksortFloatsInPlace(other + less, count &- less, patience &- 1)
        return
    }
    if less == 0 {
        // None is below the pivot: those that equal it come first, and are done.
        less = partitionFloats(UnsafePointer(values), other, count, pivot, orEqual: true)
        if !toOther { copyFloats(UnsafePointer(other), values, less) }
    } else {
        quicksortFloats(other, values, less, !toOther, patience &- 1)
    }
    if less < count { quicksortFloats(other + less, values + less, count &- less, !toOther, patience &- 1) }
}

/// Slower, but never more than slower: for what splits badly again and again.
func heapsortFloats(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
    var (start, end) = (count / 2, count)
    while end > 1 {
        if start > 0 {
            start &-= 1
        } else {
            end &-= 1
            (values[0], values[end]) = (values[end], values[0])
        }
        var parent = start
        let value = values[parent]
        while 2 &* parent &+ 1 < end {
            var child = 2 &* parent &+ 1
            if child &+ 1 < end, values[child] < values[child &+ 1] { child &+= 1 }
            if values[child] <= value { break }
            values[parent] = values[child]
            parent = child
        }
        values[parent] = value
    }
}

private func copyFloats(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
    var i = 0
    while i < count {
        to[i] = from[i]
        i &+= 1
    }
}
