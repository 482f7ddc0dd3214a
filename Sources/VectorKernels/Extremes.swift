import CVector

// The least and the greatest elements, in the elements' own precision, which loses nothing. Two lanes are compared in
// one operation; whether one of them is NaN is asked of pairs on the way, and answered by the slower loop where it is
// so. `bestOfBlock` is in FirstBest.swift.

// MARK: Floats

/// The least, the greatest or the greatest magnitude of a run; NaN where there is one.
func extremeOfFloats(_ code: Int32, _ x: UnsafePointer<Float>, _ count: Int64) -> Double {
    let count = Int(truncatingIfNeeded: count)
    if code == APUS_R_MIN {
        guard let least = bestOfBlock(x, 0, count, .infinity, apus_f16_min) else { return .nan }
        return Double(apus_f16_least(least))
    }
    if code == APUS_R_MAX {
        guard let greatest = bestOfBlock(x, 0, count, -.infinity, apus_f16_max) else { return .nan }
        return Double(apus_f16_greatest(greatest))
    }
    guard let size = bestOfBlock(x, 0, count, 0, { apus_f16_max($0, apus_f16_abs($1)) }) else { return .nan }
    return Double(apus_f16_greatest(size))
}

/// Squares of eight rows and sixteen columns; `rest` takes those with a NaN and the edges.
@inline(__always) private func extremeRows(
    _ x: UnsafePointer<Float>, _ rows: Int64, _ columns: Int64, _ stride: Int64,
    _ total: UnsafeMutablePointer<Double>, _ better: (Lanes, Lanes) -> Lanes, _ join: (Doubles, Doubles) -> Doubles,
    _ rest: (UnsafePointer<Float>, _ rows: Int, _ columns: Int, UnsafeMutablePointer<Double>) -> Void
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let stride = Int(truncatingIfNeeded: stride)
    var row = 0
    while row &+ 8 <= rows {
        let top = x + row &* stride
        var column = 0
        while column &+ 16 <= columns {
            let at = top + column
            let (p, q) = (apus_f16_load(at), apus_f16_load(at + stride))
            let (r, s) = (apus_f16_load(at + 2 &* stride), apus_f16_load(at + 3 &* stride))
            let (t, u) = (apus_f16_load(at + 4 &* stride), apus_f16_load(at + 5 &* stride))
            let (v, w) = (apus_f16_load(at + 6 &* stride), apus_f16_load(at + 7 &* stride))
            let some = apus_f16_any_nan(p, q) | apus_f16_any_nan(r, s)
            if some | apus_f16_any_nan(t, u) | apus_f16_any_nan(v, w) != 0 {
                rest(at, 8, 16, total + column)
            } else {
                let upper = better(better(p, q), better(r, s))
                let best = better(upper, better(better(t, u), better(v, w)))
                let (low, high) = (total + column, total + (column &+ 8))
                apus_d8_store(low, join(apus_d8_load(low), apus_f16_low_doubles(best)))
                apus_d8_store(high, join(apus_d8_load(high), apus_f16_high_doubles(best)))
            }
            column &+= 16
        }
        if column < columns { rest(top + column, 8, columns &- column, total + column) }
        row &+= 8
    }
    if row < rows { rest(x + row &* stride, rows &- row, columns, total) }
}

/// `total` joined with the least or the greatest of each column.
func extremeRowsOfFloats(
    _ code: Int32, _ x: UnsafePointer<Float>, _ rows: Int64, _ columns: Int64, _ stride: Int64,
    _ total: UnsafeMutablePointer<Double>
) {
    if code == APUS_R_MIN {
        extremeRows(x, rows, columns, stride, total, apus_f16_min, apus_d8_min_or_nan) {
            foldRowsOfFloats(code, $0, $1, $2, Int(truncatingIfNeeded: stride), $3)
        }
    } else {
        extremeRows(x, rows, columns, stride, total, apus_f16_max, apus_d8_max_or_nan) {
            foldRowsOfFloats(code, $0, $1, $2, Int(truncatingIfNeeded: stride), $3)
        }
    }
}

// MARK: Doubles

/// The least, the greatest or the greatest magnitude of a run; NaN where there is one.
func extremeOfDoubles(_ code: Int32, _ x: UnsafePointer<Double>, _ count: Int64) -> Double {
    let count = Int(truncatingIfNeeded: count)
    if code == APUS_R_MIN {
        guard let least = bestOfBlock(x, 0, count, .infinity, apus_d8_min) else { return .nan }
        return apus_d8_least(least)
    }
    if code == APUS_R_MAX {
        guard let greatest = bestOfBlock(x, 0, count, -.infinity, apus_d8_max) else { return .nan }
        return apus_d8_greatest(greatest)
    }
    guard let size = bestOfBlock(x, 0, count, 0, { apus_d8_max($0, apus_d8_abs($1)) }) else { return .nan }
    return apus_d8_greatest(size)
}

/// Squares of eight rows and eight columns; `rest` takes those with a NaN and the edges.
@inline(__always) private func extremeRows(
    _ x: UnsafePointer<Double>, _ rows: Int64, _ columns: Int64, _ stride: Int64,
    _ total: UnsafeMutablePointer<Double>, _ better: (Doubles, Doubles) -> Doubles,
    _ join: (Doubles, Doubles) -> Doubles,
    _ rest: (UnsafePointer<Double>, _ rows: Int, _ columns: Int, UnsafeMutablePointer<Double>) -> Void
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let stride = Int(truncatingIfNeeded: stride)
    var row = 0
    while row &+ 8 <= rows {
        let top = x + row &* stride
        var column = 0
        while column &+ 8 <= columns {
            let at = top + column
            let (p, q) = (apus_d8_load(at), apus_d8_load(at + stride))
            let (r, s) = (apus_d8_load(at + 2 &* stride), apus_d8_load(at + 3 &* stride))
            let (t, u) = (apus_d8_load(at + 4 &* stride), apus_d8_load(at + 5 &* stride))
            let (v, w) = (apus_d8_load(at + 6 &* stride), apus_d8_load(at + 7 &* stride))
            let some = apus_d8_any_nan(p, q) | apus_d8_any_nan(r, s)
            if some | apus_d8_any_nan(t, u) | apus_d8_any_nan(v, w) != 0 {
                rest(at, 8, 8, total + column)
            } else {
                let upper = better(better(p, q), better(r, s))
                let best = better(upper, better(better(t, u), better(v, w)))
                apus_d8_store(total + column, join(apus_d8_load(total + column), best))
            }
            column &+= 8
        }
        if column < columns { rest(top + column, 8, columns &- column, total + column) }
        row &+= 8
    }
    if row < rows { rest(x + row &* stride, rows &- row, columns, total) }
}

/// `total` joined with the least or the greatest of each column.
func extremeRowsOfDoubles(
    _ code: Int32, _ x: UnsafePointer<Double>, _ rows: Int64, _ columns: Int64, _ stride: Int64,
    _ total: UnsafeMutablePointer<Double>
) {
    if code == APUS_R_MIN {
        extremeRows(x, rows, columns, stride, total, apus_d8_min, apus_d8_min_or_nan) {
            foldRowsOfDoubles(code, $0, $1, $2, Int(truncatingIfNeeded: stride), $3)
        }
    } else {
        extremeRows(x, rows, columns, stride, total, apus_d8_max, apus_d8_max_or_nan) {
            foldRowsOfDoubles(code, $0, $1, $2, Int(truncatingIfNeeded: stride), $3)
        }
    }
}
