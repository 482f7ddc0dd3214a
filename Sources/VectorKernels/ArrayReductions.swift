import CVector

// Reductions in double precision of runs of elements and of columns of rows. An operation is what it makes of an
// element, how two results join, and the result of no elements, which joining does not change.

/// Eight doubles.
private typealias Eight = apus_d8

func reductionKernels() -> apus_reduction_kernels {
    apus_reduction_kernels(
        run_floats: reduceRunOfFloats, run_doubles: reduceRunOfDoubles,
        rows_floats: reduceRowsOfFloats, rows_doubles: reduceRowsOfDoubles,
        join: joinTotals,
        best_floats: bestOfFloats, best_doubles: bestOfDoubles,
        first_best_floats: firstBestOfFloats, first_best_doubles: firstBestOfDoubles,
        dot_floats: dotOfFloats, dot_doubles: dotOfDoubles,
        sort_floats: sortFloats, sort_doubles: sortDoubles, split_floats: splitFloats, split_doubles: splitDoubles,
        any_special_floats: anySpecialOfFloats, any_special_doubles: anySpecialOfDoubles,
        distinct_floats: distinctFloats, distinct_doubles: distinctDoubles)
}

// MARK: Elements

/// Elements `i` to `i + n` as doubles, n from 1 to 8; zeros follow.
@inline(__always) private func eight(_ x: UnsafePointer<Float>, _ n: Int) -> Eight {
    n == 8 ? apus_d8_load_floats(x) : apus_d8_load_floats_partial(x, Int64(truncatingIfNeeded: n))
}
@inline(__always) private func eight(_ x: UnsafePointer<Double>, _ n: Int) -> Eight {
    n == 8 ? apus_d8_load(x) : apus_d8_load_partial(x, Int64(truncatingIfNeeded: n))
}

@inline(__always) private func put(_ x: Eight, _ out: UnsafeMutablePointer<Double>, _ n: Int) {
    if n == 8 { apus_d8_store(out, x) } else { apus_d8_store_partial(out, x, Int64(truncatingIfNeeded: n)) }
}

@inline(__always) private func one(_ x: Eight) -> Eight {
    apus_d8_select(apus_d8_equal(x, apus_d8_set(0)), apus_d8_set(0), apus_d8_set(1))
}

@inline(__always) private func square(_ x: Eight) -> Eight { apus_d8_multiply(x, x) }

// MARK: Runs

/// Joins `count` elements in eight totals of eight lanes each; the last, incomplete eight is filled up with `none`.
@inline(__always) private func reduceRun(
    _ count: Int64, _ none: Double, _ load: (_ i: Int, _ n: Int) -> Eight, _ join: (Eight, Eight) -> Eight,
    _ fetch: (_ i: Int) -> Void = { _ in }
) -> Double {
    let count = Int(truncatingIfNeeded: count)
    let isLong = count >= 1024
    let empty = apus_d8_set(none)
    var (a, b, c, d) = (empty, empty, empty, empty)
    var (e, f, g, h) = (empty, empty, empty, empty)
    var i = 0
    while i &+ 64 <= count {
        if isLong { fetch(i) }
        a = join(a, load(i, 8))
        b = join(b, load(i &+ 8, 8))
        c = join(c, load(i &+ 16, 8))
        d = join(d, load(i &+ 24, 8))
        e = join(e, load(i &+ 32, 8))
        f = join(f, load(i &+ 40, 8))
        g = join(g, load(i &+ 48, 8))
        h = join(h, load(i &+ 56, 8))
        i &+= 64
    }
    while i &+ 8 <= count {
        a = join(a, load(i, 8))
        i &+= 8
    }
    if i < count {
        let n = count &- i
        b = join(b, apus_d8_first(load(i, n), empty, Int64(truncatingIfNeeded: n)))
    }
    let all = join(join(join(a, b), join(c, d)), join(join(e, f), join(g, h)))
    return fold(all, join)
}

/// The lanes joined half onto half.
@inline(__always) private func fold(_ x: Eight, _ join: (Eight, Eight) -> Eight) -> Double {
    let four = join(x, apus_d8_swap_fours(x))
    let two = join(four, apus_d8_swap_twos(four))
    return apus_d8_lane(join(two, apus_d8_swap_ones(two)), 0)
}

@inline(__always) private func reduceRun(
    _ code: Int32, _ count: Int64, _ load: (_ i: Int, _ n: Int) -> Eight, _ fetch: (_ i: Int) -> Void
) -> Double {
    switch code {
    case APUS_R_SUM: reduceRun(count, 0, load, apus_d8_add, fetch)
    case APUS_R_SUM_ABSOLUTE: reduceRun(count, 0, { apus_d8_abs(load($0, $1)) }, apus_d8_add, fetch)
    case APUS_R_SUM_SQUARES: reduceRun(count, 0, { square(load($0, $1)) }, apus_d8_add, fetch)
    case APUS_R_PRODUCT: reduceRun(count, 1, load, apus_d8_multiply, fetch)
    default: reduceRun(count, 0, { one(load($0, $1)) }, apus_d8_add, fetch)
    }
}

func reduceRunOfFloats(_ code: Int32, _ x: UnsafePointer<Float>, _ count: Int64) -> Double {
    if code >= APUS_R_MIN { return extremeOfFloats(code, x, count) }
    return reduceRun(code, count, { eight(x + $0, $1) }) { fetchAhead(x + $0) }
}

func reduceRunOfDoubles(_ code: Int32, _ x: UnsafePointer<Double>, _ count: Int64) -> Double {
    if code >= APUS_R_MIN { return extremeOfDoubles(code, x, count) }
    return reduceRun(code, count, { eight(x + $0, $1) }) {
        fetchAhead(x + $0)
        fetchAhead(x + ($0 &+ 32))
    }
}

func dotOfFloats(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int64) -> Double {
    reduceRun(count, 0, { apus_d8_multiply(eight(x + $0, $1), eight(y + $0, $1)) }, apus_d8_add)
}

func dotOfDoubles(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int64) -> Double {
    reduceRun(count, 0, { apus_d8_multiply(eight(x + $0, $1), eight(y + $0, $1)) }, apus_d8_add)
}

// MARK: Rows

/// Rows in eights, from left to right, so that memory is read as it lies while the totals stay in the cache: sixteen
/// columns at a time, a line of the cache of floats, and what is left of columns and rows one row after the other.
@inline(__always) private func reduceRows(
    _ rows: Int, _ columns: Int, _ total: UnsafeMutablePointer<Double>,
    _ load: (_ row: Int, _ column: Int, _ n: Int) -> Eight, _ join: (Eight, Eight) -> Eight
) {
    var row = 0
    while row < rows {
        let end = rows &- row < 8 ? rows : row &+ 8
        var column = 0
        while end &- row == 8, column &+ 16 <= columns {
            var half = column
            while half < column &+ 16 {
                let first = join(
                    join(load(row, half, 8), load(row &+ 1, half, 8)),
                    join(load(row &+ 2, half, 8), load(row &+ 3, half, 8)))
                let second = join(
                    join(load(row &+ 4, half, 8), load(row &+ 5, half, 8)),
                    join(load(row &+ 6, half, 8), load(row &+ 7, half, 8)))
                put(join(eight(total + half, 8), join(first, second)), total + half, 8)
                half &+= 8
            }
            column &+= 16
        }
        while column < columns {
            let n = columns &- column < 8 ? columns &- column : 8
            var sum = load(row, column, n)
            var r = row &+ 1
            while r < end {
                sum = join(sum, load(r, column, n))
                r &+= 1
            }
            put(join(eight(total + column, n), sum), total + column, n)
            column &+= 8
        }
        row &+= 8
    }
}

@inline(__always) private func eight(_ x: UnsafeMutablePointer<Double>, _ n: Int) -> Eight {
    eight(UnsafePointer(x), n)
}

@inline(__always) private func reduceRows(
    _ code: Int32, _ rows: Int, _ columns: Int, _ total: UnsafeMutablePointer<Double>,
    _ load: (_ row: Int, _ column: Int, _ n: Int) -> Eight
) {
    switch code {
    case APUS_R_SUM: reduceRows(rows, columns, total, load, apus_d8_add)
    case APUS_R_SUM_ABSOLUTE: reduceRows(rows, columns, total, { apus_d8_abs(load($0, $1, $2)) }, apus_d8_add)
    case APUS_R_SUM_SQUARES: reduceRows(rows, columns, total, { square(load($0, $1, $2)) }, apus_d8_add)
    case APUS_R_PRODUCT: reduceRows(rows, columns, total, load, apus_d8_multiply)
    case APUS_R_COUNT: reduceRows(rows, columns, total, { one(load($0, $1, $2)) }, apus_d8_add)
    case APUS_R_MIN: reduceRows(rows, columns, total, load, apus_d8_min_or_nan)
    case APUS_R_MAX: reduceRows(rows, columns, total, load, apus_d8_max_or_nan)
    default: reduceRows(rows, columns, total, { apus_d8_abs(load($0, $1, $2)) }, apus_d8_max_or_nan)
    }
}

func reduceRowsOfFloats(
    _ code: Int32, _ x: UnsafePointer<Float>, _ rows: Int64, _ columns: Int64, _ stride: Int64,
    _ total: UnsafeMutablePointer<Double>
) {
    if code == APUS_R_MIN || code == APUS_R_MAX {
        extremeRowsOfFloats(code, x, rows, columns, stride, total)
    } else {
        foldRowsOfFloats(
            code, x, Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns),
            Int(truncatingIfNeeded: stride), total)
    }
}

func reduceRowsOfDoubles(
    _ code: Int32, _ x: UnsafePointer<Double>, _ rows: Int64, _ columns: Int64, _ stride: Int64,
    _ total: UnsafeMutablePointer<Double>
) {
    if code == APUS_R_MIN || code == APUS_R_MAX {
        extremeRowsOfDoubles(code, x, rows, columns, stride, total)
    } else {
        foldRowsOfDoubles(
            code, x, Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns),
            Int(truncatingIfNeeded: stride), total)
    }
}

@inline(never) func foldRowsOfFloats(
    _ code: Int32, _ x: UnsafePointer<Float>, _ rows: Int, _ columns: Int, _ stride: Int,
    _ total: UnsafeMutablePointer<Double>
) {
    reduceRows(code, rows, columns, total) { eight(x + ($0 &* stride &+ $1), $2) }
}

@inline(never) func foldRowsOfDoubles(
    _ code: Int32, _ x: UnsafePointer<Double>, _ rows: Int, _ columns: Int, _ stride: Int,
    _ total: UnsafeMutablePointer<Double>
) {
    reduceRows(code, rows, columns, total) { eight(x + ($0 &* stride &+ $1), $2) }
}

/// `total = total joined with other`.
func joinTotals(_ code: Int32, _ other: UnsafePointer<Double>, _ count: Int64, _ total: UnsafeMutablePointer<Double>) {
    @inline(__always) func each(_ join: (Eight, Eight) -> Eight) {
        let count = Int(truncatingIfNeeded: count)
        var i = 0
        while i < count {
            let n = count &- i < 8 ? count &- i : 8
            put(join(eight(total + i, n), eight(other + i, n)), total + i, n)
            i &+= 8
        }
    }
    switch code {
    case APUS_R_PRODUCT: each(apus_d8_multiply)
    case APUS_R_MIN: each(apus_d8_min_or_nan)
    case APUS_R_MAX, APUS_R_MAX_ABSOLUTE: each(apus_d8_max_or_nan)
    default: each(apus_d8_add)
    }
}

// MARK: The place of the least and the greatest

/// Rows in groups of sixteen; `keep` says where the best so far stays.
@inline(__always) private func best(
    _ rows: Int64, _ columns: Int64, _ first: Double, _ best: UnsafeMutablePointer<Double>,
    _ place: UnsafeMutablePointer<Double>, _ load: (_ row: Int, _ column: Int, _ n: Int) -> Eight,
    _ isNoBetter: (_ x: Eight, _ best: Eight) -> apus_m8
) {
    let rows = Int(truncatingIfNeeded: rows)
    let columns = Int(truncatingIfNeeded: columns)
    var row = 0
    while row < rows {
        let end = rows &- row < 16 ? rows : row &+ 16
        var column = 0
        while column < columns {
            let n = columns &- column < 8 ? columns &- column : 8
            var kept = eight(best + column, n)
            var at = eight(place + column, n)
            var number = apus_d8_set(first + Double(row))
            var r = row
            while r < end {
                let x = load(r, column, n)
                let keep = apus_m8_or(isNoBetter(x, kept), apus_d8_isnan(kept))
                kept = apus_d8_select(keep, kept, x)
                at = apus_d8_select(keep, at, number)
                number = apus_d8_add(number, apus_d8_set(1))
                r &+= 1
            }
            put(kept, best + column, n)
            put(at, place + column, n)
            column &+= 8
        }
        row = end
    }
}

func bestOfFloats(
    _ code: Int32, _ x: UnsafePointer<Float>, _ rows: Int64, _ columns: Int64, _ stride: Int64, _ first: Double,
    _ kept: UnsafeMutablePointer<Double>, _ place: UnsafeMutablePointer<Double>
) {
    let stride = Int(truncatingIfNeeded: stride)
    if code == APUS_R_MIN {
        best(rows, columns, first, kept, place, { eight(x + ($0 &* stride &+ $1), $2) }) { apus_d8_less_equal($1, $0) }
    } else {
        best(rows, columns, first, kept, place, { eight(x + ($0 &* stride &+ $1), $2) }) { apus_d8_less_equal($0, $1) }
    }
}

func bestOfDoubles(
    _ code: Int32, _ x: UnsafePointer<Double>, _ rows: Int64, _ columns: Int64, _ stride: Int64, _ first: Double,
    _ kept: UnsafeMutablePointer<Double>, _ place: UnsafeMutablePointer<Double>
) {
    let stride = Int(truncatingIfNeeded: stride)
    if code == APUS_R_MIN {
        best(rows, columns, first, kept, place, { eight(x + ($0 &* stride &+ $1), $2) }) { apus_d8_less_equal($1, $0) }
    } else {
        best(rows, columns, first, kept, place, { eight(x + ($0 &* stride &+ $1), $2) }) { apus_d8_less_equal($0, $1) }
    }
}
