import CVector

// Each element of the product is summed in one order that depends on k alone, however rows and columns are cut, packed
// or not: k is cut into the fewest blocks of at most 800, of one length but for the last; a block is summed from first
// to last, then the blocks' sums are added first to last.

private let longestBlock = 800

/// Where the stack's room for a panel begins, after that for a tile's rows and what a store writes past them.
private let panelOffset = 12 * longestBlock + 16
/// Panels that a tile's rows are multiplied with before the next tile's are: they stay in the level 2 cache.
private let panelGroup = 16

/// One call: the columns of the panels `panelFrom` to `panelTo`.
private struct Product {
    var m: Int
    var n: Int
    var k: Int
    var a: Source
    var aRow: Int
    var aStep: Int
    var b: Source
    var isPacked: Bool
    /// The distance of rows of b that is not packed, and whether it is transposed.
    var bRow: Int
    var isTransposed: Bool
    var panelFrom: Int
    var panelTo: Int
    var beta: Float
    var c: Target
    var cRow: Int

    func run(_ room: Target) {
        let blocks = k > 0 ? (k &+ longestBlock &- 1) / longestBlock : 1
        let blockLength = (k &+ blocks &- 1) / blocks
        var panel = panelFrom
        while panel < panelTo {
            let end = panelTo &- panel < panelGroup ? panelTo : panel &+ panelGroup
            var start = 0
            repeat {
                let length = k &- start < blockLength ? k &- start : blockLength
                if isPacked {
                    multiplyRows(panel, end, start, length, room)
                } else {
                    multiplyStraight(panel, end, start, length, room)
                }
                start &+= blockLength
            } while start < k
            panel = end
        }
    }

    /// b is packed: each tile's rows with all panels.
    @inline(__always) private func multiplyRows(_ from: Int, _ to: Int, _ start: Int, _ length: Int, _ room: Target) {
        // Rows strided by 1 are scattered over k; several panels share a copy. Rows are copied, too, to fill a unit.
        let shared = aRow == 1 && to &- from > 1
        let distance = tileRows &* length &+ 16
        var row = 0
        var copied = 0
        while row < m {
            var tile = tile(row, start, length)
            if shared, copied == 0, m &- row >= 3 &* tileRows {
                copyThreeTiles(tile, room, distance)
                copied = 3
            }
            if copied > 0 {
                tile.a = Source(room + (3 &- copied) &* distance)
                (tile.aRow, tile.aStep) = (1, tileRows)
                copied &-= 1
            } else if shared || tile.rows % unitRows != 0 {
                copyRows(&tile, room)
            }
            var panel = from
            while panel < to {
                let left = n &- panel &* panelColumns
                tile.columns = left < panelColumns ? left : panelColumns
                tile.bStep = tile.columns > 16 ? 32 : 16
                tile.b = b + panel &* panelColumns &* k + start &* tile.bStep
                tile.c = c + row &* cRow + panel &* panelColumns
                tile.run()
                panel &+= 1
            }
            row &+= tileRows
        }
    }

    /// b as it is: each panel with all rows; its last columns, or b transposed, are packed block by block.
    @inline(__always) private func multiplyStraight(
        _ from: Int, _ to: Int, _ start: Int, _ length: Int, _ room: Target
    ) {
        var panel = from
        while panel < to {
            let column = panel &* panelColumns
            let columns = n &- column < panelColumns ? n &- column : panelColumns
            var source = b + (isTransposed ? column &* bRow + start : start &* bRow + column)
            var step = bRow
            if isTransposed || columns & 15 != 0 {
                step = columns > 16 ? 32 : 16
                let copy = room + panelOffset
                packPanel(isTransposed, source, bRow, length, columns, copy)
                source = Source(copy)
            }
            var row = 0
            while row < m {
                var tile = tile(row, start, length)
                if tile.rows % unitRows != 0 { copyRows(&tile, room) }
                tile.columns = columns
                tile.b = source
                tile.bStep = step
                tile.c = c + row &* cRow + column
                tile.run()
                row &+= tileRows
            }
            panel &+= 1
        }
    }

    /// The rows from `row` on, a block of k; columns to be filled in.
    @inline(__always) private func tile(_ row: Int, _ start: Int, _ length: Int) -> ProductTile {
        ProductTile(
            a: a + row &* aRow + start &* aStep, aRow: aRow, aStep: aStep, b: b, bStep: 0, c: c, cRow: cRow,
            rows: m &- row < tileRows ? m &- row : tileRows, columns: 0, length: length, keep: start == 0 ? beta : 1)
    }
}

/// Copies three tiles' rows of op(a), strided by 1, step by step, each tile's `distance` floats after the last one's: a
/// step's floats are neighbours in memory, the steps far apart.
@inline(never) private func copyThreeTiles(_ tile: ProductTile, _ room: Target, _ distance: Int) {
    var (a, out) = (tile.a, room)
    let (first, second) = (tileRows, 2 &* tileRows)
    var left = tile.length
    while left > 0 {
        apus_prefetch(a + 48 &* tile.aStep)
        apus_prefetch(a + (48 &* tile.aStep &+ 16))
        apus_prefetch(a + (48 &* tile.aStep &+ 3 &* tileRows &- 1))
        // What follows a tile's last step is no one's.
        apus_f16_store(out, load(a, tileRows))
        apus_f16_store(out + distance, load(a + first, tileRows))
        apus_f16_store(out + 2 &* distance, load(a + second, tileRows))
        a += tile.aStep
        out += tileRows
        left &-= 1
    }
}

/// Copies a tile's rows of op(a) step by step, with zeros up to whole units.
@inline(never) private func copyRows(_ tile: inout ProductTile, _ room: Target) {
    let rows = tile.rows
    var step = unitRows
    while step < rows { step &+= unitRows }
    var s = 0
    if tile.aRow == 1 {
        var (a, out) = (tile.a, room)
        while s < tile.length {
            // Whatever follows in `room` is overwritten by the steps that follow.
            apus_prefetch(a + 48 &* tile.aStep)
            apus_f16_store(out, load(a, rows))
            a += tile.aStep
            out += step
            s &+= 1
        }
    } else {
        while s < tile.length {
            var r = 0
            while r < step {
                room[s &* step &+ r] = r < rows ? tile.a[r &* tile.aRow &+ s &* tile.aStep] : 0
                r &+= 1
            }
            s &+= 1
        }
    }
    tile.a = Source(room)
    tile.aRow = 1
    tile.aStep = step
}

/// Packs up to `panelColumns` columns of op(b), `length` long: 16 or 32 floats a step, those past the columns 0.
@inline(never) private func packPanel(
    _ isTransposed: Bool, _ b: Source, _ bRow: Int, _ length: Int, _ columns: Int, _ panel: Target
) {
    let step = columns > 16 ? 32 : 16
    guard isTransposed else {
        var (b, panel) = (b, panel)
        let (left, right) = (columns < 16 ? columns : 16, columns &- 16)
        var s = 0
        while s < length {
            apus_prefetch(b + 48 &* bRow)
            apus_prefetch(b + (48 &* bRow &+ columns &- 1))
            apus_f16_store(panel, load(b, left))
            if right > 0 { apus_f16_store(panel + 16, load(b + 16, right)) }
            b += bRow
            panel += step
            s &+= 1
        }
        return
    }
    var column = 0
    while column < columns {
        let width = columns &- column < 16 ? columns &- column : 16
        var s = 0
        while s < length {
            apus_f16_transpose(
                b + (column &* bRow &+ s), Int64(truncatingIfNeeded: bRow), Int64(truncatingIfNeeded: width),
                Int64(truncatingIfNeeded: length &- s < 16 ? length &- s : 16), panel + (s &* step &+ column),
                Int64(truncatingIfNeeded: step))
            s &+= 16
        }
        column &+= 16
    }
}

/// Packs the panels `panelFrom` to `panelTo` of op(b), k x n.
func packColumns(
    _ transposeB: Int32, _ k: Int64, _ n: Int64, _ b: Source, _ ldb: Int64, _ panelFrom: Int64, _ panelTo: Int64,
    _ packed: Target
) {
    let (k, n, ldb) = (Int(truncatingIfNeeded: k), Int(truncatingIfNeeded: n), Int(truncatingIfNeeded: ldb))
    var panel = Int(truncatingIfNeeded: panelFrom)
    let end = Int(truncatingIfNeeded: panelTo)
    while panel < end {
        let column = panel &* panelColumns
        packPanel(
            transposeB != 0, b + (transposeB != 0 ? column &* ldb : column), ldb, k,
            n &- column < panelColumns ? n &- column : panelColumns, packed + column &* k)
        panel &+= 1
    }
}

/// The columns of the panels `panelFrom` to `panelTo` of `c = op(a) op(b) + beta c`, op(b) packed by `packColumns`.
func packedProduct(
    _ transposeA: Int32, _ m: Int64, _ n: Int64, _ k: Int64, _ a: Source, _ lda: Int64, _ packed: Source,
    _ panelFrom: Int64, _ panelTo: Int64, _ beta: Float, _ c: Target, _ ldc: Int64
) {
    let lda = Int(truncatingIfNeeded: lda)
    var product = Product(
        m: Int(truncatingIfNeeded: m), n: Int(truncatingIfNeeded: n), k: Int(truncatingIfNeeded: k), a: a,
        aRow: transposeA != 0 ? 1 : lda, aStep: transposeA != 0 ? lda : 1, b: packed, isPacked: true, bRow: 0,
        isTransposed: false, panelFrom: Int(truncatingIfNeeded: panelFrom), panelTo: Int(truncatingIfNeeded: panelTo),
        beta: beta, c: c, cRow: Int(truncatingIfNeeded: ldc))
    runInRoom(&product)
}

/// `c = op(a) op(b) + beta c`, op(b) as it is.
func directProduct(
    _ transposeA: Int32, _ transposeB: Int32, _ m: Int64, _ n: Int64, _ k: Int64, _ a: Source, _ lda: Int64,
    _ b: Source, _ ldb: Int64, _ beta: Float, _ c: Target, _ ldc: Int64
) {
    let (n, lda) = (Int(truncatingIfNeeded: n), Int(truncatingIfNeeded: lda))
    var product = Product(
        m: Int(truncatingIfNeeded: m), n: n, k: Int(truncatingIfNeeded: k), a: a, aRow: transposeA != 0 ? 1 : lda,
        aStep: transposeA != 0 ? lda : 1, b: b, isPacked: false, bRow: Int(truncatingIfNeeded: ldb),
        isTransposed: transposeB != 0, panelFrom: 0, panelTo: (n &+ panelColumns &- 1) / panelColumns, beta: beta,
        c: c, cRow: Int(truncatingIfNeeded: ldc))
    runInRoom(&product)
}

@inline(never) private func runInRoom(_ product: inout Product) {
    apus_with_room({ job, room in job.assumingMemoryBound(to: Product.self).pointee.run(room) }, &product)
}
