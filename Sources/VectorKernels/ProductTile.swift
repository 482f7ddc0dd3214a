import CVector

// The inner loops of the matrix products of PackedProduct.swift. Rows are taken in units of four (AVX-512) or three,
// up to three units at once, as many as the registers hold next to the columns: 12 x 32, 6 x 16 and 3 x 16 sums.

/// Rows of a unit.
var unitRows: Int { @inline(__always) get { apus_compiled_isa_level() == APUS_ISA_V4 ? 4 : 3 } }

/// Units of a tile at most.
var tileUnits: Int {
    @inline(__always) get {
        #if arch(x86_64)
        return Int(apus_compiled_isa_level())
        #else
        return 2
        #endif
    }
}

/// Rows of a tile at most.
var tileRows: Int { @inline(__always) get { unitRows &* tileUnits } }

/// Columns of a panel, and of a tile at most.
var panelColumns: Int { @inline(__always) get { apus_compiled_isa_level() == APUS_ISA_V4 ? 32 : 16 } }

/// The product of `rows` rows of op(a) with a panel of columns of op(b), over a block of k: element (i, s) of op(a) is
/// `a[i * aRow + s * aStep]`, readable for whole units of rows; row s of the panel begins at `b[s * bStep]`, readable
/// for 16 columns or, where there are more than 16, for 32; row i of the product begins at `c[i * cRow]`.
struct ProductTile {
    var a: Source
    var aRow: Int
    var aStep: Int
    var b: Source
    var bStep: Int
    var c: Target
    var cRow: Int
    var rows: Int
    var columns: Int
    var length: Int
    /// What the old value of c is multiplied by; where 0, c is not read.
    var keep: Float

    /// Adds up and stores; each sum from the first of its terms to the last.
    @inline(__always) mutating func run() {
        if panelColumns == 32, columns > 16 {
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
private struct Sums {
    var left0 = splat(0)
    var left1 = splat(0)
    var left2 = splat(0)
    var left3 = splat(0)
    var right0 = splat(0)
    var right1 = splat(0)
    var right2 = splat(0)
    var right3 = splat(0)

    @inline(__always) init() {}

    @inline(__always) mutating func add(_ a: Source, _ aRow: Int, _ left: Lanes, _ right: Lanes, _ isWide: Bool) {
        let a0 = splat(a[0])
        left0 = fma(a0, left, left0)
        if isWide { right0 = fma(a0, right, right0) }
        let a1 = splat(a[aRow])
        left1 = fma(a1, left, left1)
        if isWide { right1 = fma(a1, right, right1) }
        let a2 = splat(a[2 &* aRow])
        left2 = fma(a2, left, left2)
        if isWide { right2 = fma(a2, right, right2) }
        guard unitRows == 4 else { return }
        let a3 = splat(a[3 &* aRow])
        left3 = fma(a3, left, left3)
        if isWide { right3 = fma(a3, right, right3) }
    }

    /// Stores four rows (three) of whole vectors, or adds them to `keep` times what is there.
    @inline(__always) func putWhole(_ c: Target, _ cRow: Int, _ keep: Lanes?, _ isWide: Bool) {
        @inline(__always) func row(_ c: Target, _ left: Lanes, _ right: Lanes) {
            if let keep {
                apus_f16_store(c, fma(keep, apus_f16_load(c), left))
                if isWide { apus_f16_store(c + 16, fma(keep, apus_f16_load(c + 16), right)) }
            } else {
                apus_f16_store(c, left)
                if isWide { apus_f16_store(c + 16, right) }
            }
        }
        row(c, left0, right0)
        row(c + cRow, left1, right1)
        row(c + 2 &* cRow, left2, right2)
        if unitRows > 3 { row(c + 3 &* cRow, left3, right3) }
    }

    /// Stores the rows of unit `unit` that the tile has.
    @inline(__always) func put(_ tile: borrowing ProductTile, _ unit: Int, _ isWide: Bool) {
        let first = unit &* unitRows
        let rows = tile.rows &- first
        let c = tile.c + first &* tile.cRow
        putRow(tile, c, left0, right0, isWide)
        if rows > 1 { putRow(tile, c + tile.cRow, left1, right1, isWide) }
        if rows > 2 { putRow(tile, c + 2 &* tile.cRow, left2, right2, isWide) }
        if unitRows > 3, rows > 3 { putRow(tile, c + 3 &* tile.cRow, left3, right3, isWide) }
    }

    @inline(__always) private func putRow(
        _ tile: borrowing ProductTile, _ c: Target, _ left: Lanes, _ right: Lanes, _ isWide: Bool
    ) {
        putLanes(tile, c, left, isWide ? 16 : tile.columns)
        if isWide { putLanes(tile, c + 16, right, tile.columns &- 16) }
    }

    @inline(__always) private func putLanes(_ tile: borrowing ProductTile, _ c: Target, _ x: Lanes, _ n: Int) {
        store(tile.keep == 0 ? x : fma(splat(tile.keep), load(c, n), x), c, n)
    }
}

@inline(__always) private func prefetch(_ tile: borrowing ProductTile, _ isWide: Bool) {
    var c = tile.c
    var rows = tile.rows
    while rows > 0 {
        apus_prefetch_to_write(c)
        if isWide { apus_prefetch_to_write(c + 16) }
        apus_prefetch_to_write(c + (tile.columns &- 1))
        c += tile.cRow
        rows &-= 1
    }
}

@inline(__always) private func sum(_ tile: borrowing ProductTile, _ units: Int, _ isWide: Bool) {
    let (aRow, aStep, bStep) = (tile.aRow, tile.aStep, tile.bStep)
    var (a, b) = (tile.a, tile.b)
    var second = apus_f16_row(a + (units > 1 ? unitRows &* aRow : 0))
    var third = apus_f16_row(a + (units > 2 ? 2 &* unitRows &* aRow : 0))
    var (sums, secondSums, thirdSums) = (Sums(), Sums(), Sums())
    prefetch(tile, isWide)
    let ahead = 16 &* bStep
    var left = tile.length
    while left > 0 {
        apus_prefetch(b + ahead)
        if isWide { apus_prefetch(b + ahead + 16) }
        let columns = apus_f16_load(b)
        let more = isWide ? apus_f16_load(b + 16) : columns
        sums.add(a, aRow, columns, more, isWide)
        a = apus_f16_row(a + aStep)
        if units > 1 {
            secondSums.add(second, aRow, columns, more, isWide)
            second = apus_f16_row(second + aStep)
        }
        if units > 2 {
            thirdSums.add(third, aRow, columns, more, isWide)
            third = apus_f16_row(third + aStep)
        }
        b += bStep
        left &-= 1
    }
    // Most tiles are whole; those that are not take their time.
    if tile.rows == units &* unitRows, tile.columns == (isWide ? 32 : 16) {
        let (c, cRow) = (tile.c, tile.cRow)
        let next = unitRows &* cRow
        if tile.keep == 0 {
            sums.putWhole(c, cRow, nil, isWide)
            if units > 1 { secondSums.putWhole(c + next, cRow, nil, isWide) }
            if units > 2 { thirdSums.putWhole(c + 2 &* next, cRow, nil, isWide) }
        } else {
            let keep = splat(tile.keep)
            sums.putWhole(c, cRow, keep, isWide)
            if units > 1 { secondSums.putWhole(c + next, cRow, keep, isWide) }
            if units > 2 { thirdSums.putWhole(c + 2 &* next, cRow, keep, isWide) }
        }
        return
    }
    sums.put(tile, 0, isWide)
    if units > 1 { secondSums.put(tile, 1, isWide) }
    if units > 2 { thirdSums.put(tile, 2, isWide) }
}

// Kept apart so that each has the registers for itself.
@inline(never) private func oneUnit(_ tile: inout ProductTile) { sum(tile, 1, false) }
@inline(never) private func twoUnits(_ tile: inout ProductTile) { sum(tile, 2, false) }
@inline(never) private func threeUnits(_ tile: inout ProductTile) { sum(tile, 3, false) }
@inline(never) private func oneWideUnit(_ tile: inout ProductTile) { sum(tile, 1, true) }
@inline(never) private func twoWideUnits(_ tile: inout ProductTile) { sum(tile, 2, true) }
@inline(never) private func threeWideUnits(_ tile: inout ProductTile) { sum(tile, 3, true) }
