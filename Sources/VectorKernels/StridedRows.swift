import CVector

// What windows of pictures need: many short rows at equal distances in one call.

/// Copies rows of `columns` floats.
func copyRows(
    _ from: Source, _ fromStride: Int64, _ to: Target, _ toStride: Int64, _ rows: Int64, _ columns: Int64
) {
    let (fromStride, toStride) = (Int(truncatingIfNeeded: fromStride), Int(truncatingIfNeeded: toStride))
    var (from, to, left) = (from, to, rows)
    while left > 0 {
        eachBlock(columns) { i, n in store(load(from + i, n), to + i, n) }
        from += fromStride
        to += toStride
        left &-= 1
    }
}

/// Adds rows of `columns` floats, the first first: a row of sums may begin within the last one. `sumStride` is not
/// below 0.
func addRows(
    _ values: Source, _ valueStride: Int64, _ sums: Target, _ sumStride: Int64, _ rows: Int64, _ columns: Int64
) {
    let (valueStride, sumStride) = (Int(truncatingIfNeeded: valueStride), Int(truncatingIfNeeded: sumStride))
    let (columns, count) = (Int(truncatingIfNeeded: columns), Int(truncatingIfNeeded: rows))
    let whole = columns & ~15
    if whole < columns { addNarrowRows(values + whole, valueStride, sums + whole, sumStride, count, columns &- whole) }
    if whole == 0 { return }
    var (values, sums, left) = (values, sums, count)
    while left > 0 {
        var i = 0
        while i < whole {
            apus_f16_store(sums + i, apus_f16_load(sums + i) + apus_f16_load(values + i))
            i &+= 16
        }
        values += valueStride
        sums += sumStride
        left &-= 1
    }
}

/// Column by column, the last first: a sum that rows share still gets the first row's value first, but not right after
/// it was stored, which would wait for that store.
@inline(never) private func addNarrowRows(
    _ values: Source, _ valueStride: Int, _ sums: Target, _ sumStride: Int, _ rows: Int, _ columns: Int
) {
    var column = columns
    while column > 0 {
        column &-= 1
        var (value, sum, left) = (values + column, sums + column, rows)
        while left > 0 {
            sum[0] = sum[0] + value[0]
            value += valueStride
            sum += sumStride
            left &-= 1
        }
    }
}
