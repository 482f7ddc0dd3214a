import CVector

/// `target[c, r] = source[r, c]` for floats, the rows any number of elements apart.
///
/// Whole squares go through registers, the edges one by one.
func transpose4(
    _ source: UnsafePointer<Float>, _ stride: Int64, _ rows: Int64, _ columns: Int64, _ target: Target, _ targetStride: Int64
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let (from, to) = (Int(truncatingIfNeeded: stride), Int(truncatingIfNeeded: targetStride))
    let (whole, side) = (rows & ~15, columns & ~15)
    var r = 0
    while r < whole {
        var c = 0
        while c < side {
            apus_f16_transpose(source + r &* from + c, stride, 16, 16, target + c &* to + r, targetStride)
            c &+= 16
        }
        r &+= 16
    }
    r = 0
    while r < rows {
        var c = r < whole ? side : 0
        while c < columns {
            target[c &* to &+ r] = source[r &* from &+ c]
            c &+= 1
        }
        r &+= 1
    }
}

/// The same for doubles.
func transpose8(
    _ source: DoubleSource, _ stride: Int64, _ rows: Int64, _ columns: Int64, _ target: DoubleTarget,
    _ targetStride: Int64
) {
    let (rows, columns) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    let (from, to) = (Int(truncatingIfNeeded: stride), Int(truncatingIfNeeded: targetStride))
    let (whole, side) = (rows & ~7, columns & ~7)
    var r = 0
    while r < whole {
        var c = 0
        while c < side {
            apus_d8_transpose(source + r &* from + c, stride, 8, 8, target + c &* to + r, targetStride)
            c &+= 8
        }
        r &+= 8
    }
    r = 0
    while r < rows {
        var c = r < whole ? side : 0
        while c < columns {
            target[c &* to &+ r] = source[r &* from &+ c]
            c &+= 1
        }
        r &+= 1
    }
}
