import CVector

// The packed product of PackedProduct.swift in double precision: eight lanes in place of sixteen, panels of sixteen
// columns (AVX-512) or eight. k is cut into the fewest blocks of at most 400, of one length but for the last; a block is
// summed from first to last, then the blocks' sums are added first to last: one order, however rows and columns are cut.

private let longestBlock = 400
/// Panels that a tile's rows are multiplied with before the next tile's are: they stay in the level 2 cache.
private let panelGroup = 16

/// One call: the columns of the panels `panelFrom` to `panelTo`.
private struct DoubleProduct {
    var m: Int
    var n: Int
    var k: Int
    var a: UnsafePointer<Double>
    var aRow: Int
    var aStep: Int
    var b: UnsafePointer<Double>
    var panelFrom: Int
    var panelTo: Int
    var beta: Double
    var c: UnsafeMutablePointer<Double>
    var cRow: Int

    func run(_ room: UnsafeMutablePointer<Double>) {
        let blocks = k > 0 ? (k &+ longestBlock &- 1) / longestBlock : 1
        let blockLength = (k &+ blocks &- 1) / blocks
        var panel = panelFrom
        while panel < panelTo {
            let end = panelTo &- panel < panelGroup ? panelTo : panel &+ panelGroup
            var start = 0
            repeat {
                let length = k &- start < blockLength ? k &- start : blockLength
                multiplyRows(panel, end, start, length, room)
                start &+= blockLength
            } while start < k
            panel = end
        }
    }

    /// Each tile's rows with all panels.
    @inline(__always) private func multiplyRows(
        _ from: Int, _ to: Int, _ start: Int, _ length: Int, _ room: UnsafeMutablePointer<Double>
    ) {
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
                tile.a = UnsafePointer<Double>(room + (3 &- copied) &* distance)
                (tile.aRow, tile.aStep) = (1, tileRows)
                copied &-= 1
            } else if shared || tile.rows % unitRows != 0 {
                copyRows(&tile, room)
            }
            var panel = from
            while panel < to {
                let left = n &- panel &* doublePanelColumns
                tile.columns = left < doublePanelColumns ? left : doublePanelColumns
                tile.bStep = tile.columns > 8 ? 16 : 8
                tile.b = b + panel &* doublePanelColumns &* k + start &* tile.bStep
                tile.c = c + row &* cRow + panel &* doublePanelColumns
                tile.run()
                panel &+= 1
            }
            row &+= tileRows
        }
    }

    /// The rows from `row` on, a block of k; columns to be filled in.
    @inline(__always) private func tile(_ row: Int, _ start: Int, _ length: Int) -> DoubleProductTile {
        DoubleProductTile(
            a: a + row &* aRow + start &* aStep, aRow: aRow, aStep: aStep, b: b, bStep: 0, c: c, cRow: cRow,
            rows: m &- row < tileRows ? m &- row : tileRows, columns: 0, length: length, keep: start == 0 ? beta : 1)
    }
}

/// Copies three tiles' rows of op(a), strided by 1, step by step, each tile's `distance` doubles after the last one's: a
/// step's doubles are neighbours in memory, the steps far apart.
@inline(never) private func copyThreeTiles(
    _ tile: DoubleProductTile, _ room: UnsafeMutablePointer<Double>, _ distance: Int
) {
    var (a, out) = (tile.a, room)
    let (first, second) = (tileRows, 2 &* tileRows)
    var left = tile.length
    while left > 0 {
        prefetch(a + 48 &* tile.aStep)
        prefetch(a + (48 &* tile.aStep &+ 16))
        prefetch(a + (48 &* tile.aStep &+ 3 &* tileRows &- 1))
        // What follows a tile's last step is no one's.
        copyStep(a, tileRows, out)
        copyStep(a + first, tileRows, out + distance)
        copyStep(a + second, tileRows, out + 2 &* distance)
        a += tile.aStep
        out += tileRows
        left &-= 1
    }
}

/// Copies a tile's rows of op(a) step by step, with zeros up to whole units.
@inline(never) private func copyRows(_ tile: inout DoubleProductTile, _ room: UnsafeMutablePointer<Double>) {
    let rows = tile.rows
    var step = unitRows
    while step < rows { step &+= unitRows }
    var s = 0
    if tile.aRow == 1 {
        var (a, out) = (tile.a, room)
        while s < tile.length {
            // Whatever follows in `room` is overwritten by the steps that follow.
            prefetch(a + 48 &* tile.aStep)
            copyStep(a, rows, out)
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
    tile.a = UnsafePointer<Double>(room)
    tile.aRow = 1
    tile.aStep = step
}

/// Packs up to `doublePanelColumns` columns of op(b), `length` long: 8 or 16 doubles a step, those past the columns 0.
@inline(never) private func packPanel(
    _ isTransposed: Bool, _ b: UnsafePointer<Double>, _ bRow: Int, _ length: Int, _ columns: Int,
    _ panel: UnsafeMutablePointer<Double>
) {
    let step = columns > 8 ? 16 : 8
    guard isTransposed else {
        var (b, panel) = (b, panel)
        let (left, right) = (columns < 8 ? columns : 8, columns &- 8)
        var s = 0
        while s < length {
            prefetch(b + 48 &* bRow)
            prefetch(b + (48 &* bRow &+ columns &- 1))
            apus_d8_store(panel, loadDoubles(b, left))
            if right > 0 { apus_d8_store(panel + 8, loadDoubles(b + 8, right)) }
            b += bRow
            panel += step
            s &+= 1
        }
        return
    }
    // Eight rows of b side by side: each of their cache lines is used up before it goes.
    var column = 0
    while column < step {
        var s = 0
        while s < length {
            var c = column
            while c < column &+ 8 {
                panel[s &* step &+ c] = c < columns ? b[c &* bRow &+ s] : 0
                c &+= 1
            }
            s &+= 1
        }
        column &+= 8
    }
}

/// Packs the panels `panelFrom` to `panelTo` of op(b), k x n.
func packDoubleColumns(
    _ transposeB: Int32, _ k: Int64, _ n: Int64, _ b: UnsafePointer<Double>, _ ldb: Int64,
    _ panelFrom: Int64, _ panelTo: Int64, _ packed: UnsafeMutablePointer<Double>
) {
    let (k, n, ldb) = (Int(truncatingIfNeeded: k), Int(truncatingIfNeeded: n), Int(truncatingIfNeeded: ldb))
    var panel = Int(truncatingIfNeeded: panelFrom)
    let end = Int(truncatingIfNeeded: panelTo)
    while panel < end {
        let column = panel &* doublePanelColumns
        packPanel(
            transposeB != 0, b + (transposeB != 0 ? column &* ldb : column), ldb, k,
            n &- column < doublePanelColumns ? n &- column : doublePanelColumns, packed + column &* k)
        panel &+= 1
    }
}

/// The columns of the panels `panelFrom` to `panelTo` of `c = op(a) op(b) + beta c`, op(b) packed by
/// `packDoubleColumns`.
func packedDoubleProduct(
    _ transposeA: Int32, _ m: Int64, _ n: Int64, _ k: Int64, _ a: UnsafePointer<Double>, _ lda: Int64,
    _ packed: UnsafePointer<Double>, _ panelFrom: Int64, _ panelTo: Int64, _ beta: Double,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int64
) {
    let lda = Int(truncatingIfNeeded: lda)
    var product = DoubleProduct(
        m: Int(truncatingIfNeeded: m), n: Int(truncatingIfNeeded: n), k: Int(truncatingIfNeeded: k), a: a,
        aRow: transposeA != 0 ? 1 : lda, aStep: transposeA != 0 ? lda : 1, b: packed,
        panelFrom: Int(truncatingIfNeeded: panelFrom), panelTo: Int(truncatingIfNeeded: panelTo),
        beta: beta, c: c, cRow: Int(truncatingIfNeeded: ldc))
    runInRoom(&product)
}

@inline(never) private func runInRoom(_ product: inout DoubleProduct) {
    apus_with_double_room({ job, room in job.assumingMemoryBound(to: DoubleProduct.self).pointee.run(room) }, &product)
}

/// The first `n` elements at `a`, 1 to 16, to `out`, which has room for whole vectors.
@inline(__always) private func copyStep(_ a: UnsafePointer<Double>, _ n: Int, _ out: UnsafeMutablePointer<Double>) {
    apus_d8_store(out, loadDoubles(a, n < 8 ? n : 8))
    if n > 8 { apus_d8_store(out + 8, loadDoubles(a + 8, n &- 8)) }
}
