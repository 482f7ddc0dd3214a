import CVector

/// `target[c, r] = source[r, c]` for floats, the rows any number of elements apart; the arrays have no byte in common.
///
/// Squares go through registers. The last one of a column begins where its rows are the last: what it shares with the one
/// before is written twice.
func transpose4(
    _ source: UnsafePointer<Float>, _ stride: Int64, _ rows: Int64, _ columns: Int64, _ target: Target, _ targetStride: Int64
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let (from, to) = (Int(truncatingIfNeeded: stride), Int(truncatingIfNeeded: targetStride))
    if rows < 16 {
        for r in 0..<rows { for c in 0..<columns { target[c &* to &+ r] = source[r &* from &+ c] } }
        return
    }
    let side = columns & ~15
    let rest = Int64(truncatingIfNeeded: columns &- side)
    var r = 0
    while r < rows {
        let top = r &+ 16 <= rows ? r : rows &- 16
        var c = 0
        while c < side {
            apus_f16_transpose(source + top &* from + c, stride, 16, 16, target + c &* to + top, targetStride)
            c &+= 16
        }
        if rest > 0 {
            apus_f16_transpose(source + top &* from + side, stride, 16, rest, target + side &* to + top, targetStride)
        }
        r &+= 16
    }
}

/// The same for doubles.
func transpose8(
    _ source: DoubleSource, _ stride: Int64, _ rows: Int64, _ columns: Int64, _ target: DoubleTarget,
    _ targetStride: Int64
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let (from, to) = (Int(truncatingIfNeeded: stride), Int(truncatingIfNeeded: targetStride))
    if rows < 8 {
        for r in 0..<rows { for c in 0..<columns { target[c &* to &+ r] = source[r &* from &+ c] } }
        return
    }
    let side = columns & ~7
    let rest = Int64(truncatingIfNeeded: columns &- side)
    var r = 0
    while r < rows {
        let top = r &+ 8 <= rows ? r : rows &- 8
        var c = 0
        while c < side {
            apus_d8_transpose(source + top &* from + c, stride, 8, 8, target + c &* to + top, targetStride)
            c &+= 8
        }
        if rest > 0 {
            apus_d8_transpose(source + top &* from + side, stride, 8, rest, target + side &* to + top, targetStride)
        }
        r &+= 8
    }
}
