import CVector

// The inner loops of the matrix products of DoublePackedProduct.swift, with the rows of ProductTile.swift.

/// Columns of a panel, and of a tile at most.
var doublePanelColumns: Int { @inline(__always) get { apus_compiled_isa_level() == APUS_ISA_V4 ? 16 : 8 } }

/// The product of `rows` rows of op(a) with a panel of columns of op(b), over a block of k: element (i, s) of op(a) is
/// `a[i * aRow + s * aStep]`, readable for whole units of rows; row s of the panel begins at `b[s * bStep]`, readable
/// for 8 columns or, where there are more than 8, for 16; row i of the product begins at `c[i * cRow]`.
struct DoubleProductTile {
    var a: UnsafePointer<Double>
    var aRow: Int
    var aStep: Int
    var b: UnsafePointer<Double>
    var bStep: Int
    var c: UnsafeMutablePointer<Double>
    var cRow: Int
    var rows: Int
    var columns: Int
    var length: Int
    /// What the old value of c is multiplied by; where 0, c is not read.
    var keep: Double

    /// Adds up and stores; each sum from the first of its terms to the last.
    @inline(__always) mutating func run() {
        if doublePanelColumns == 16, columns > 8 {
            if rows > 2 &* unitRows {
                threeWideUnits(&self)
            } else if rows > unitRows {
                twoWideUnits(&self)
            } else {
                oneWideUnit(&self)
            }
        } else if tileUnits > 2, rows > 2 &* unitRows {
            threeUnits(&self)
        } else if tileUnits > 1, rows > unitRows {
            twoUnits(&self)
        } else {
            oneUnit(&self)
        }
    }
}

/// The sums of a unit of rows, of one or two vectors of columns.
private struct DoubleSums {
    var left0 = apus_d8_set(0)
    var left1 = apus_d8_set(0)
    var left2 = apus_d8_set(0)
    var left3 = apus_d8_set(0)
    var right0 = apus_d8_set(0)
    var right1 = apus_d8_set(0)
    var right2 = apus_d8_set(0)
    var right3 = apus_d8_set(0)

    @inline(__always) init() {}

    @inline(__always) mutating func add(
        _ a: UnsafePointer<Double>, _ aRow: Int, _ left: apus_d8, _ right: apus_d8,
        _ isWide: Bool
    ) {
        let a0 = apus_d8_set(a[0])
        left0 = apus_d8_fma(a0, left, left0)
        if isWide { right0 = apus_d8_fma(a0, right, right0) }
        let a1 = apus_d8_set(a[aRow])
        left1 = apus_d8_fma(a1, left, left1)
        if isWide { right1 = apus_d8_fma(a1, right, right1) }
        let a2 = apus_d8_set(a[2 &* aRow])
        left2 = apus_d8_fma(a2, left, left2)
        if isWide { right2 = apus_d8_fma(a2, right, right2) }
        guard unitRows == 4 else { return }
        let a3 = apus_d8_set(a[3 &* aRow])
        left3 = apus_d8_fma(a3, left, left3)
        if isWide { right3 = apus_d8_fma(a3, right, right3) }
    }

    /// Stores the rows of unit `unit` that the tile has.
    @inline(__always) func put(_ tile: borrowing DoubleProductTile, _ unit: Int, _ isWide: Bool) {
        let first = unit &* unitRows
        let rows = tile.rows &- first
        let c = tile.c + first &* tile.cRow
        putRow(tile, c, left0, right0, isWide)
        if rows > 1 { putRow(tile, c + tile.cRow, left1, right1, isWide) }
        if rows > 2 { putRow(tile, c + 2 &* tile.cRow, left2, right2, isWide) }
        if unitRows > 3, rows > 3 { putRow(tile, c + 3 &* tile.cRow, left3, right3, isWide) }
    }

    @inline(__always) private func putRow(
        _ tile: borrowing DoubleProductTile, _ c: UnsafeMutablePointer<Double>, _ left: apus_d8, _ right: apus_d8,
        _ isWide: Bool
    ) {
        putLanes(tile, c, left, isWide ? 8 : tile.columns)
        if isWide { putLanes(tile, c + 8, right, tile.columns &- 8) }
    }

    @inline(__always) private func putLanes(
        _ tile: borrowing DoubleProductTile, _ c: UnsafeMutablePointer<Double>, _ x: apus_d8, _ n: Int
    ) {
        storeDoubles(tile.keep == 0 ? x : apus_d8_fma(apus_d8_set(tile.keep), loadDoubles(UnsafePointer(c), n), x), c, n)
    }
}

@inline(__always) private func prefetch(_ tile: borrowing DoubleProductTile, _ isWide: Bool) {
    var c = tile.c
    var rows = tile.rows
    while rows > 0 {
        prefetchToWrite(c)
        if isWide { prefetchToWrite(c + 8) }
        prefetchToWrite(c + (tile.columns &- 1))
        c += tile.cRow
        rows &-= 1
    }
}

@inline(__always) private func sum(_ tile: borrowing DoubleProductTile, _ units: Int, _ isWide: Bool) {
    let (aRow, aStep, bStep) = (tile.aRow, tile.aStep, tile.bStep)
    var (a, b) = (tile.a, tile.b)
    var second = apus_d8_row(a + (units > 1 ? unitRows &* aRow : 0))
    var third = apus_d8_row(a + (units > 2 ? 2 &* unitRows &* aRow : 0))
    var (sums, secondSums, thirdSums) = (DoubleSums(), DoubleSums(), DoubleSums())
    prefetch(tile, isWide)
    let ahead = 16 &* bStep
    var left = tile.length
    while left > 0 {
        prefetch(b + ahead)
        if isWide { prefetch(b + ahead + 8) }
        let columns = apus_d8_load(b)
        let more = isWide ? apus_d8_load(b + 8) : columns
        sums.add(a, aRow, columns, more, isWide)
        a = apus_d8_row(a + aStep)
        if units > 1 {
            secondSums.add(second, aRow, columns, more, isWide)
            second = apus_d8_row(second + aStep)
        }
        if units > 2 {
            thirdSums.add(third, aRow, columns, more, isWide)
            third = apus_d8_row(third + aStep)
        }
        b += bStep
        left &-= 1
    }
    sums.put(tile, 0, isWide)
    if units > 1 { secondSums.put(tile, 1, isWide) }
    if units > 2 { thirdSums.put(tile, 2, isWide) }
}

// Kept apart so that each has the registers for itself.
@inline(never) private func oneUnit(_ tile: inout DoubleProductTile) { sum(tile, 1, false) }
@inline(never) private func twoUnits(_ tile: inout DoubleProductTile) { sum(tile, 2, false) }
@inline(never) private func threeUnits(_ tile: inout DoubleProductTile) { sum(tile, 3, false) }
@inline(never) private func oneWideUnit(_ tile: inout DoubleProductTile) { sum(tile, 1, true) }
@inline(never) private func twoWideUnits(_ tile: inout DoubleProductTile) { sum(tile, 2, true) }
@inline(never) private func threeWideUnits(_ tile: inout DoubleProductTile) { sum(tile, 3, true) }

@inline(__always) func prefetch(_ p: UnsafePointer<Double>) { apus_prefetch_doubles(p) }
@inline(__always) func prefetchToWrite(_ p: UnsafePointer<Double>) { apus_prefetch_doubles_to_write(p) }

/// The first `n` elements at `p`, 1 to 8, then zeros.
@inline(__always) func loadDoubles(_ p: UnsafePointer<Double>, _ n: Int) -> apus_d8 {
    n == 8 ? apus_d8_load(p) : apus_d8_load_partial(p, Int64(truncatingIfNeeded: n))
}

/// Stores the first `n` lanes, 1 to 8.
@inline(__always) func storeDoubles(_ x: apus_d8, _ p: UnsafeMutablePointer<Double>, _ n: Int) {
    if n == 8 { apus_d8_store(p, x) } else { apus_d8_store_partial(p, x, Int64(truncatingIfNeeded: n)) }
}
