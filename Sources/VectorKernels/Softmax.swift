import CVector

/// The first `n` elements at `p`, then `fill`.
@inline(__always) private func load(_ p: Source, _ n: Int, fill: Lanes) -> Lanes {
    n == 16 ? load(p, 16) : apus_f16_first(load(p, n), fill, Int64(truncatingIfNeeded: n))
}

/// `exp(x - largest)` of the first `n` elements, then zeros. The lanes past them hold the largest until then: the
/// exponential of something far below would be a denormal number, which takes a hundred times as long.
@inline(__always) private func shiftedExponentials(_ p: Source, _ n: Int, _ largest: Lanes) -> Lanes {
    let e = exponential(load(p, n, fill: largest) - largest)
    return n == 16 ? e : apus_f16_first(e, splat(0), Int64(truncatingIfNeeded: n))
}

/// One row of at most sixteen columns, kept in a register from load to store.
@inline(__always) private func shortRow(_ x: Source, _ y: Target, _ n: Int) -> (largest: Float, sum: Float) {
    let largest = apus_f16_largest(load(x, n, fill: splat(-.infinity)))
    let e = shiftedExponentials(x, n, splat(largest))
    let sum = apus_f16_sum(e)
    store(e / splat(sum), y, n)
    return (largest, sum)
}

/// One row of any length: maximum, exponentials and their sum, then the quotients. Sums of 1024 elements are kept in
/// sixteen floats, sums of those in doubles, so that the error does not grow with the row.
@inline(__always) private func longRow(_ x: Source, _ y: Target, _ columns: Int64) -> (largest: Float, sum: Float) {
    var highest = splat(-.infinity)
    eachBlock(columns) { i, n in highest = apus_f16_max(load(x + i, n, fill: splat(-.infinity)), highest) }
    let largest = apus_f16_largest(highest)
    let shift = splat(largest)
    var total = DoubleLanes()
    var start: Int64 = 0
    while start < columns {
        var part = splat(0)
        let offset = Int(truncatingIfNeeded: start)
        eachBlock(columns &- start < 1024 ? columns &- start : 1024) { i, n in
            let e = shiftedExponentials(x + offset + i, n, shift)
            part = part + e
            store(e, y + offset + i, n)
        }
        total.add(part)
        start &+= 1024
    }
    let sum = Float(total.total)
    let inverse = splat(1 / sum)
    eachBlock(columns) { i, n in store(load(y + i, n) * inverse, y + i, n) }
    return (largest, sum)
}

/// Each row's `exp(x - max) / sum exp(x - max)`, and `ln sum exp x` where asked. Entries of minus infinity give 0; a
/// row that holds NaN or plus infinity, or nothing but minus infinity, gives NaN.
func softmax(_ x: Source, _ y: Target, _ logSumExp: Target?, _ rows: Int64, _ columns: Int64) {
    let width = Int(truncatingIfNeeded: columns)
    guard width > 0 else { return }
    var row = 0
    var start = 0
    while row < Int(truncatingIfNeeded: rows) {
        let (x, y) = (x + start, y + start)
        let (largest, sum) = width <= 16 ? shortRow(x, y, width) : longRow(x, y, columns)
        if let logSumExp { logSumExp[row] = largest + apus_f16_lane(logarithm(splat(sum)), 0) }
        start &+= width
        row &+= 1
    }
}

/// `dx = y (dy - sum(dy y))` for each row of a softmax's output `y`.
func softmaxGradient(_ y: Source, _ dy: Source, _ dx: Target, _ rows: Int64, _ columns: Int64) {
    let width = Int(truncatingIfNeeded: columns)
    var row = 0
    var start = 0
    while row < Int(truncatingIfNeeded: rows) {
        let (y, dy, dx) = (y + start, dy + start, dx + start)
        var products = DoubleLanes()
        eachBlock(columns) { i, n in products.add(load(y + i, n), times: load(dy + i, n)) }
        let inner = splat(Float(products.total))
        eachBlock(columns) { i, n in store(load(y + i, n) * (load(dy + i, n) - inner), dx + i, n) }
        start &+= width
        row &+= 1
    }
}

/// Each row's `x - ln sum exp x`. A row that holds NaN or plus infinity gives NaN.
func logSoftmax(_ x: Source, _ y: Target, _ rows: Int64, _ columns: Int64) {
    let width = Int(truncatingIfNeeded: columns)
    guard width > 0 else { return }
    var row = 0
    var start = 0
    while row < Int(truncatingIfNeeded: rows) {
        let (x, y) = (x + start, y + start)
        var highest = splat(-.infinity)
        eachBlock(columns) { i, n in highest = apus_f16_max(load(x + i, n, fill: splat(-.infinity)), highest) }
        let largest = splat(apus_f16_largest(highest))
        var total = DoubleLanes()
        eachBlock(columns) { i, n in total.add(shiftedExponentials(x + i, n, largest)) }
        let rest = logarithm(splat(Float(total.total)))
        // Two differences: the largest of the row comes out as minus `rest` exactly.
        eachBlock(columns) { i, n in store(load(x + i, n) - largest - rest, y + i, n) }
        start &+= width
        row &+= 1
    }
}

/// `dx = dy - exp(y) sum(dy)` for each row of a log softmax's output `y`.
func logSoftmaxGradient(_ y: Source, _ dy: Source, _ dx: Target, _ rows: Int64, _ columns: Int64) {
    let width = Int(truncatingIfNeeded: columns)
    var row = 0
    var start = 0
    while row < Int(truncatingIfNeeded: rows) {
        let (y, dy, dx) = (y + start, dy + start, dx + start)
        var total = DoubleLanes()
        eachBlock(columns) { i, n in total.add(load(dy + i, n)) }
        let sum = splat(Float(total.total))
        eachBlock(columns) { i, n in store(load(dy + i, n) - exponential(load(y + i, n)) * sum, dx + i, n) }
        start &+= width
        row &+= 1
    }
}
