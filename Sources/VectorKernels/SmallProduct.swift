import CVector

// Each element of the product is summed in one order that depends on k alone, so that a row gives the same bits alone
// and in a batch: k is cut into chunks of 256; a chunk of 32 or more into four stretches, the last taking what is left
// over; a stretch is summed from first to last, the stretches' sums are added first to last, then the chunks'.

private let chunkLength = 256
private let panelWidth = 32

/// The width of one column vector, 1 to 16; a constant `full` spares the masks.
private struct Columns {
    var n: Int
    var isFull: Bool

    static var full: Columns { @inline(__always) get { Columns(n: 16, isFull: true) } }
    @inline(__always) static func fewer(_ n: Int) -> Columns { Columns(n: n, isFull: false) }

    @inline(__always) func load(_ p: Source) -> Lanes {
        isFull ? apus_f16_load(p) : apus_f16_load_partial(p, Int64(truncatingIfNeeded: n))
    }
    @inline(__always) func store(_ x: Lanes, _ p: Target) {
        if isFull { apus_f16_store(p, x) } else { apus_f16_store_partial(p, x, Int64(truncatingIfNeeded: n)) }
    }
}

/// The product of some rows of op(a), within one chunk of k, with one block of columns: element (i, s) of op(a) is
/// `a[i * aRow + s * aStep]`, row s of op(b) begins at `b[s * bStep]`, row i of the product at `c[i * cRow]`.
private struct Block {
    var a: Source
    var aRow: Int
    var aStep: Int
    var b: Source
    var bStep: Int
    var c: Target
    var cRow: Int
    var rows: Int
    var length: Int
    /// What the old value of c is multiplied by; where 0, c is not read.
    var keep: Float

    /// The length of all stretches but the last.
    @inline(__always) var stretch: Int { length < 32 ? length : length &>> 2 }

    @inline(__always) func put(_ x: Lanes, _ c: Target, _ columns: Columns) {
        columns.store(keep == 0 ? x : fma(splat(keep), columns.load(Source(c)), x), c)
    }
}

/// Sums of four rows of one column vector.
private struct Tile {
    var r0 = splat(0)
    var r1 = splat(0)
    var r2 = splat(0)
    var r3 = splat(0)

    @inline(__always) init() {}

    @inline(__always) mutating func add(_ a: Source, _ aRow: Int, _ b: Lanes) {
        r0 = fma(splat(a[0]), b, r0)
        r1 = fma(splat(a[aRow]), b, r1)
        r2 = fma(splat(a[2 &* aRow]), b, r2)
        r3 = fma(splat(a[3 &* aRow]), b, r3)
    }

    @inline(__always) mutating func add(_ other: Tile) {
        r0 = r0 + other.r0
        r1 = r1 + other.r1
        r2 = r2 + other.r2
        r3 = r3 + other.r3
    }

    @inline(__always) func put(_ block: borrowing Block, _ c: Target, _ columns: Columns) {
        block.put(r0, c, columns)
        block.put(r1, c + block.cRow, columns)
        block.put(r2, c + 2 &* block.cRow, columns)
        block.put(r3, c + 3 &* block.cRow, columns)
    }
}

/// Two tiles, of eight rows of one column vector or of four rows of two, over a chunk, stretch by stretch.
@inline(__always) private func sumTiles(
    _ block: borrowing Block, _ a: Source, _ b: Source,
    _ step: (_ a: Source, _ lower: Source, _ b: Source, _ first: inout Tile, _ second: inout Tile) -> Void
) -> (Tile, Tile) {
    var (a, b) = (a, b)
    var lower = apus_f16_row(a + 4 &* block.aRow)
    var (first, second) = (Tile(), Tile())
    let q = block.stretch
    var left = q
    while left > 0 {
        step(a, lower, b, &first, &second)
        a += block.aStep
        lower += block.aStep
        b += block.bStep
        left &-= 1
    }
    guard q < block.length else { return (first, second) }
    var stretches = 3
    while stretches > 0 {
        var (firstPart, secondPart) = (Tile(), Tile())
        left = stretches == 1 ? block.length &- 3 &* q : q
        while left > 0 {
            step(a, lower, b, &firstPart, &secondPart)
            a += block.aStep
            lower += block.aStep
            b += block.bStep
            left &-= 1
        }
        first.add(firstPart)
        second.add(secondPart)
        stretches &-= 1
    }
    return (first, second)
}

/// Rows in eights and fours.
@inline(__always) private func tallRows(_ block: inout Block, _ column: Int, _ columns: Columns) {
    let (aRow, cRow) = (block.aRow, block.cRow)
    let b = block.b + column
    var (a, c) = (block.a, block.c + column)
    var rows = block.rows
    while rows >= 8 {
        let (upper, lower) = sumTiles(block, a, b) { a, aLower, b, upper, lower in
            let b = columns.load(b)
            upper.add(a, aRow, b)
            lower.add(aLower, aRow, b)
        }
        upper.put(block, c, columns)
        lower.put(block, c + 4 &* cRow, columns)
        a += 8 &* aRow
        c += 8 &* cRow
        rows &-= 8
    }
    if rows >= 4 {
        let (tile, _) = sumTiles(block, a, b) { a, _, b, tile, _ in tile.add(a, aRow, columns.load(b)) }
        tile.put(block, c, columns)
    }
}

/// Rows in fours.
@inline(__always) private func fourRows(_ block: inout Block, _ column: Int, _ columns: Columns) {
    let (aRow, cRow) = (block.aRow, block.cRow)
    let b = block.b + column
    var (a, c) = (block.a, block.c + column)
    var rows = block.rows
    while rows >= 4 {
        let (tile, _) = sumTiles(block, a, b) { a, _, b, tile, _ in tile.add(a, aRow, columns.load(b)) }
        tile.put(block, c, columns)
        a += 4 &* aRow
        c += 4 &* cRow
        rows &-= 4
    }
}

/// Rows in fours, sixteen columns and more after them.
@inline(__always) private func wideRows(_ block: inout Block, _ columns: Columns) {
    let (aRow, cRow) = (block.aRow, block.cRow)
    var (a, c) = (block.a, block.c)
    var rows = block.rows
    while rows >= 4 {
        let (left, right) = sumTiles(block, a, block.b) { a, _, b, left, right in
            left.add(a, aRow, apus_f16_load(b))
            right.add(a, aRow, columns.load(b + 16))
        }
        left.put(block, c, .full)
        right.put(block, c + 16, columns)
        a += 4 &* aRow
        c += 4 &* cRow
        rows &-= 4
    }
}

/// One row, the four stretches side by side.
@inline(__always) private func oneRow(_ block: inout Block, _ row: Int, _ column: Int, _ columns: Columns) {
    var sums = Tile()
    let length = block.length
    let q = length < 32 ? 0 : length &>> 2
    let c = block.c + row &* block.cRow + column
    var (a, b) = (block.a + row &* block.aRow, block.b + column)
    var s = 0
    while s < q {
        let (aSkip, bSkip) = (q &* block.aStep, q &* block.bStep)
        sums.r0 = fma(splat(a[0]), columns.load(b), sums.r0)
        sums.r1 = fma(splat(a[aSkip]), columns.load(b + bSkip), sums.r1)
        sums.r2 = fma(splat(a[2 &* aSkip]), columns.load(b + 2 &* bSkip), sums.r2)
        sums.r3 = fma(splat(a[3 &* aSkip]), columns.load(b + 3 &* bSkip), sums.r3)
        a += block.aStep
        b += block.bStep
        s &+= 1
    }
    a += 3 &* q &* block.aStep
    b += 3 &* q &* block.bStep
    s = 4 &* q
    while s < length {
        sums.r3 = fma(splat(a[0]), columns.load(b), sums.r3)
        a += block.aStep
        b += block.bStep
        s &+= 1
    }
    block.put(q > 0 ? ((sums.r0 + sums.r1) + sums.r2) + sums.r3 : sums.r3, c, columns)
}

/// One row, 64 columns, stretch by stretch, so that memory is read in longer runs.
@inline(__always) private func oneLongRow(_ block: inout Block) {
    @inline(__always) func add(_ a: Source, _ b: Source, _ sums: inout Tile) {
        let a = splat(a[0])
        sums.r0 = fma(a, apus_f16_load(b), sums.r0)
        sums.r1 = fma(a, apus_f16_load(b + 16), sums.r1)
        sums.r2 = fma(a, apus_f16_load(b + 32), sums.r2)
        sums.r3 = fma(a, apus_f16_load(b + 48), sums.r3)
    }
    var (a, b) = (block.a, block.b)
    let q = block.length < 32 ? 0 : block.length &>> 2
    let (aSkip, bSkip) = (q &* block.aStep, q &* block.bStep)
    var total = Tile()
    // Two stretches at a time, then the two others and what is left over.
    var pass = 0
    while pass < 2, q > 0 {
        var (first, second) = (Tile(), Tile())
        var s = 0
        while s < q {
            add(a, b, &first)
            add(a + aSkip, b + bSkip, &second)
            a += block.aStep
            b += block.bStep
            s &+= 1
        }
        a += aSkip
        b += bSkip
        if pass == 0 {
            total = first
        } else {
            total.add(first)
            var s = 4 &* q
            while s < block.length {
                add(a, b, &second)
                a += block.aStep
                b += block.bStep
                s &+= 1
            }
        }
        total.add(second)
        pass &+= 1
    }
    var s = q > 0 ? block.length : 0
    while s < block.length {
        add(a, b, &total)
        a += block.aStep
        b += block.bStep
        s &+= 1
    }
    block.put(total.r0, block.c, .full)
    block.put(total.r1, block.c + 16, .full)
    block.put(total.r2, block.c + 32, .full)
    block.put(total.r3, block.c + 48, .full)
}

// The kernels proper, kept apart so that each has the registers for itself.
@inline(never) private func tallRowsOfSixteen(_ block: inout Block, _ column: Int) {
    tallRows(&block, column, .full)
}
@inline(never) private func tallRowsOfFewer(_ block: inout Block, _ column: Int, _ n: Int) {
    tallRows(&block, column, .fewer(n))
}
@inline(never) private func fourRowsOfSixteen(_ block: inout Block, _ column: Int) {
    fourRows(&block, column, .full)
}
@inline(never) private func fourRowsOfFewer(_ block: inout Block, _ column: Int, _ n: Int) {
    fourRows(&block, column, .fewer(n))
}
@inline(never) private func wideRowsOfThirtyTwo(_ block: inout Block) { wideRows(&block, .full) }
@inline(never) private func wideRowsOfFewer(_ block: inout Block, _ n: Int) { wideRows(&block, .fewer(n)) }
@inline(never) private func oneRowOfSixteen(_ block: inout Block, _ row: Int, _ column: Int) {
    oneRow(&block, row, column, .full)
}
@inline(never) private func oneRowOfFewer(_ block: inout Block, _ row: Int, _ column: Int, _ n: Int) {
    oneRow(&block, row, column, .fewer(n))
}
@inline(never) private func oneRowOfSixtyFour(_ block: inout Block) { oneLongRow(&block) }

/// Rows `first` and on, up to sixteen columns from `column` on.
@inline(__always) private func multiplyColumns(_ block: inout Block, _ first: Int, _ column: Int, _ n: Int) {
    var row = first
    if row == 0, block.rows >= 4 {
        // Eight sums of sixteen lanes want the thirty-two registers of AVX-512.
        if apus_compiled_isa_level() == APUS_ISA_V4 {
            if n == 16 { tallRowsOfSixteen(&block, column) } else { tallRowsOfFewer(&block, column, n) }
        } else {
            if n == 16 { fourRowsOfSixteen(&block, column) } else { fourRowsOfFewer(&block, column, n) }
        }
        row = block.rows & ~3
    }
    while row < block.rows {
        if n == 16 { oneRowOfSixteen(&block, row, column) } else { oneRowOfFewer(&block, row, column, n) }
        row &+= 1
    }
}

/// Up to `panelWidth` columns.
@inline(__always) private func multiplyPanel(_ block: inout Block, _ width: Int) {
    if width <= 16 {
        multiplyColumns(&block, 0, 0, width)
        return
    }
    var row = 0
    if apus_compiled_isa_level() == APUS_ISA_V4, block.rows >= 4 {
        if width == 32 { wideRowsOfThirtyTwo(&block) } else { wideRowsOfFewer(&block, width &- 16) }
        row = block.rows & ~3
    }
    multiplyColumns(&block, row, 0, 16)
    multiplyColumns(&block, row, 16, width &- 16)
}

/// One call of `smallProduct`.
private struct Product {
    var m: Int
    var n: Int
    var k: Int
    var a: Source
    var aRow: Int
    var aStep: Int
    var b: Source
    var bRow: Int
    var beta: Float
    var c: Target
    var cRow: Int

    /// A chunk of k and the columns from `column` on; `b` as it is.
    @inline(__always) private func block(_ start: Int, _ column: Int) -> Block {
        Block(
            a: a + start &* aStep, aRow: aRow, aStep: aStep, b: b + start &* bRow + column, bStep: bRow, c: c + column,
            cRow: cRow, rows: m, length: k &- start < chunkLength ? k &- start : chunkLength,
            keep: start == 0 ? beta : 1)
    }

    /// `b` as it is.
    @inline(__always) func runStraight() {
        var column = 0
        while column < n {
            let width = n &- column
            let isLongRow = m == 1 && width >= 64
            var start = 0
            repeat {
                var block = block(start, column)
                if isLongRow {
                    oneRowOfSixtyFour(&block)
                } else {
                    multiplyPanel(&block, width < panelWidth ? width : panelWidth)
                }
                start &+= chunkLength
            } while start < k
            column &+= isLongRow ? 64 : panelWidth
        }
    }

    /// `b` transposed, a chunk of a column block at a time, into `panel`.
    func runTransposed(_ panel: Target) {
        var column = 0
        while column < n {
            let width = n &- column < panelWidth ? n &- column : panelWidth
            var start = 0
            repeat {
                var block = block(start, column)
                pack(start, block.length, column, width, panel)
                block.b = Source(panel)
                block.bStep = panelWidth
                multiplyPanel(&block, width)
                start &+= chunkLength
            } while start < k
            column &+= panelWidth
        }
    }

    /// Rows `column` and on of `b`, its columns `start` and on, become the panel's columns and rows.
    @inline(__always) private func pack(_ start: Int, _ length: Int, _ column: Int, _ width: Int, _ panel: Target) {
        var left = 0
        while left < width {
            let tileRows = width &- left < 16 ? width &- left : 16
            var s = 0
            while s < length {
                let tileColumns = length &- s < 16 ? length &- s : 16
                apus_f16_transpose(
                    b + (column &+ left) &* bRow + start + s, Int64(truncatingIfNeeded: bRow),
                    Int64(truncatingIfNeeded: tileRows), Int64(truncatingIfNeeded: tileColumns),
                    panel + s &* panelWidth + left, Int64(truncatingIfNeeded: panelWidth))
                s &+= 16
            }
            left &+= 16
        }
    }
}

/// `c = op(a) op(b) + beta c` for products too small for a call into OpenBLAS, row-major: op(a) is m x k, op(b) k x n.
func smallProduct(
    _ transposeA: Int32, _ transposeB: Int32, _ m: Int64, _ n: Int64, _ k: Int64, _ a: Source, _ lda: Int64,
    _ b: Source, _ ldb: Int64, _ beta: Float, _ c: Target, _ ldc: Int64
) {
    let lda = Int(truncatingIfNeeded: lda)
    var product = Product(
        m: Int(truncatingIfNeeded: m), n: Int(truncatingIfNeeded: n), k: Int(truncatingIfNeeded: k), a: a,
        aRow: transposeA != 0 ? 1 : lda, aStep: transposeA != 0 ? lda : 1, b: b, bRow: Int(truncatingIfNeeded: ldb),
        beta: beta, c: c, cRow: Int(truncatingIfNeeded: ldc))
    if transposeB == 0 {
        product.runStraight()
    } else {
        apus_with_panel(
            { job, panel in job.assumingMemoryBound(to: Product.self).pointee.runTransposed(panel) }, &product)
    }
}
