import CVector

/// `target[c, r] = source[r, c]` for floats, the rows any number of elements apart; the arrays have no byte in common.
///
/// Squares go through registers. The last ones begin where their rows and columns are the last: what they share with
/// those before is written twice.
func transpose4(
    _ source: UnsafePointer<Float>, _ stride: Int64, _ rows: Int64, _ columns: Int64, _ target: Target, _ targetStride: Int64
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let (from, to) = (Int(truncatingIfNeeded: stride), Int(truncatingIfNeeded: targetStride))
    let (isSmall, side) = (rows < 16 || columns < 16, 16)
    var r = 0
    while r < rows {
        let top = isSmall || r &+ side <= rows ? r : rows &- side
        var c = 0
        while c < columns {
            if isSmall {
                target[c &* to &+ r] = source[r &* from &+ c]
                c &+= 1
            } else {
                let left = c &+ side <= columns ? c : columns &- side
                apus_f16_transpose(
                    source + top &* from + left, stride, 16, 16, target + left &* to + top, targetStride)
                c &+= side
            }
        }
        r &+= isSmall ? 1 : side
    }
}

/// The same for doubles.
func transpose8(
    _ source: DoubleSource, _ stride: Int64, _ rows: Int64, _ columns: Int64, _ target: DoubleTarget,
    _ targetStride: Int64
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let (from, to) = (Int(truncatingIfNeeded: stride), Int(truncatingIfNeeded: targetStride))
    let (isSmall, side) = (rows < 8 || columns < 8, 8)
    var r = 0
    while r < rows {
        let top = isSmall || r &+ side <= rows ? r : rows &- side
        var c = 0
        while c < columns {
            if isSmall {
                target[c &* to &+ r] = source[r &* from &+ c]
                c &+= 1
            } else {
                let left = c &+ side <= columns ? c : columns &- side
                apus_d8_transpose(source + top &* from + left, stride, 8, 8, target + left &* to + top, targetStride)
                c &+= side
            }
        }
        r &+= isSmall ? 1 : side
    }
}
