import CVector

/// `out = a + b`.
func add(_ a: Source, _ b: Source, _ out: Target, _ count: Int64) {
    eachBlock(count) { i, n in store(load(a + i, n) + load(b + i, n), out + i, n) }
}

/// `out = a b`, element by element.
func multiply(_ a: Source, _ b: Source, _ out: Target, _ count: Int64) {
    eachBlock(count) { i, n in store(load(a + i, n) * load(b + i, n), out + i, n) }
}

/// `y += alpha x`.
func axpy(_ alpha: Float, _ x: Source, _ y: Target, _ count: Int64) {
    let alpha = splat(alpha)
    eachBlock(count) { i, n in store(fma(alpha, load(x + i, n), load(y + i, n)), y + i, n) }
}

/// `x *= alpha`.
func scale(_ alpha: Float, _ x: Target, _ count: Int64) {
    let alpha = splat(alpha)
    eachBlock(count) { i, n in store(load(x + i, n) * alpha, x + i, n) }
}

/// The sum of the elements, in sixteen double lanes.
func sum(_ x: Source, _ count: Int64) -> Double {
    var total = DoubleLanes()
    eachBlock(count) { i, n in total.add(load(x + i, n)) }
    return total.total
}

/// The sum of the squares, in sixteen double lanes: no square of a float overflows or vanishes there.
func sumSquares(_ x: Source, _ count: Int64) -> Double {
    var total = DoubleLanes()
    eachBlock(count) { i, n in
        let x = load(x + i, n)
        total.add(x, times: x)
    }
    return total.total
}

/// `out[c] = sum over rows of x[r, c]`. Stretches of 256 rows are summed in four interleaved chains, then the
/// stretches' sums in order, so that no chain of float additions is as long as the column.
func sumRows(_ x: Source, _ rows: Int64, _ columns: Int64, _ stride: Int64, _ out: Target) {
    let rows = Int(truncatingIfNeeded: rows)
    let stride = Int(truncatingIfNeeded: stride)
    eachBlock(columns) { column, n in
        var total = splat(0)
        var row = 0
        var p = x + column
        while row < rows {
            let end = rows &- row < 256 ? rows : row &+ 256
            var (a, b, c, d) = (splat(0), splat(0), splat(0), splat(0))
            while row &+ 4 <= end {
                a = a + load(p, n)
                b = b + load(p + stride, n)
                c = c + load(p + 2 &* stride, n)
                d = d + load(p + 3 &* stride, n)
                p += 4 &* stride
                row &+= 4
            }
            while row < end {
                a = a + load(p, n)
                p += stride
                row &+= 1
            }
            total = total + ((a + b) + (c + d))
        }
        store(total, out + column, n)
    }
}
