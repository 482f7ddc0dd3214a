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

/// Adds rows of `columns` floats, the first first: a row of sums may begin within the last one.
func addRows(
    _ values: Source, _ valueStride: Int64, _ sums: Target, _ sumStride: Int64, _ rows: Int64, _ columns: Int64
) {
    let (valueStride, sumStride) = (Int(truncatingIfNeeded: valueStride), Int(truncatingIfNeeded: sumStride))
    let columns = Int(truncatingIfNeeded: columns)
    var (values, sums, left) = (values, sums, rows)
    while left > 0 {
        var i = 0
        while i &+ 16 <= columns {
            apus_f16_store(sums + i, apus_f16_load(sums + i) + apus_f16_load(values + i))
            i &+= 16
        }
        // One by one: a vector that overlaps what was stored just before it would wait for that store.
        while i < columns {
            sums[i] = sums[i] + values[i]
            i &+= 1
        }
        values += valueStride
        sums += sumStride
        left &-= 1
    }
}
