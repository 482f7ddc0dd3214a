import Core

/// The sums of a least-squares problem about a shift: with d = x - shift, e = y - yShift and weights w,
/// gram = sum w d d' (its upper triangle), cross = sum w d e', and the weighted sums of d and e.
///
/// Rows are read once. Narrow problems are cut into slices of rows with a Gram matrix each, added in order; wide ones
/// go panel by panel, with the Gram matrix cut into tiles. Neither depends on the number of threads.
package struct GramSums {
    /// p x p, row-major; the lower triangle is not set.
    package let gram: Buffer<Double>
    /// t x p: one row for each target.
    package let cross: Buffer<Double>
    /// p
    package let sums: Buffer<Double>
    /// t
    package let targetSums: Buffer<Double>

    private static let widest = 256

    /// `weights` are the square roots of the rows' weights. The sums are not finite where a value is not.
    /// Throws `outOfMemory`, `interrupted`.
    package init(
        _ x: Matrix, _ y: Matrix, shift: UnsafePointer<Double>?, targetShift: UnsafePointer<Double>?,
        rootWeights: UnsafePointer<Double>?, in context: Context
    ) throws(ApusError) {
        let allocator = context.allocator
        let (cells, overflow) = x.columns.multipliedReportingOverflow(by: x.columns)
        if overflow { throw .limit("\(x.columns) columns are too many for the normal equations.") }
        gram = try Buffer(zeros: cells, in: allocator)
        cross = try Buffer(zeros: x.columns &* y.columns, in: allocator)
        sums = try Buffer(zeros: x.columns, in: allocator)
        targetSums = try Buffer(zeros: y.columns, in: allocator)
        context.holdBLAS()
        let rows = ShiftedRows(x: x, y: y, shift: shift, targetShift: targetShift, rootWeights: rootWeights)
        if x.columns <= GramSums.widest {
            try addSlices(rows, in: context)
        } else {
            try addPanels(rows, in: context)
        }
    }

    private func addSlices(_ rows: ShiftedRows, in context: Context) throws(ApusError) {
        let p = rows.x.columns
        let t = rows.y.columns
        let slices = RowSlices(rows: rows.x.rows, columns: p + t, most: 32)
        if slices.count == 0 { return }
        let block = min(slices.block, rows.x.rows)
        // One slice's Gram matrix, cross products, sums; then its block of shifted rows.
        let results = p &* p + p &* t + p + t
        let partial = try Buffer<Double>(zeros: slices.count &* results, in: context.allocator)
        let scratch = try Buffer<Double>(slices.count &* block &* (p + t), in: context.allocator)
        context.parallel(slices.count) { slice in
            let gram = partial.pointer + slice &* results
            let cross = gram + p &* p
            let sums = cross + p &* t
            let targetSums = sums + p
            let d = scratch.pointer + slice &* block &* (p + t)
            let e = d + block &* p
            slices.blocks(of: slice) { first, count in
                if context.isInterrupted { return }
                rows.copy(first, count, to: d, sums, e, targetSums)
                BLAS.addGram(p, count, d, p, gram, p)
                ShiftedRows.addCross(d, e, count, p, t, to: cross)
            }
        }
        try context.checkInterrupt()
        for slice in 0..<slices.count {
            let from = partial.pointer + slice &* results
            GramSums.add(from, to: gram.pointer, p &* p)
            GramSums.add(from + p &* p, to: cross.pointer, p &* t)
            GramSums.add(from + p &* (p + t), to: sums.pointer, p)
            GramSums.add(from + p &* (p + t) + p, to: targetSums.pointer, t)
        }
    }

    private func addPanels(_ rows: ShiftedRows, in context: Context) throws(ApusError) {
        let p = rows.x.columns
        let t = rows.y.columns
        let height = min(rows.x.rows, 512)
        let strip = 32
        let strips = (height - 1) / strip + 1
        let tile = 128
        let tiles = (p - 1) / tile + 1
        let d = try Buffer<Double>(height &* p, in: context.allocator)
        let e = try Buffer<Double>(height &* t, in: context.allocator)
        let stripSums = try Buffer<Double>(strips &* (p + t), in: context.allocator)
        var first = 0
        while first < rows.x.rows {
            try context.checkInterrupt()
            let count = min(height, rows.x.rows - first)
            let used = (count - 1) / strip + 1
            stripSums.clear()
            context.parallel(used) { index in
                let start = index * strip
                let sums = stripSums.pointer + index &* (p + t)
                rows.copy(
                    first + start, min(strip, count - start), to: d.pointer + start &* p, sums,
                    e.pointer + start &* t, sums + p)
            }
            for index in 0..<used {
                GramSums.add(stripSums.pointer + index &* (p + t), to: sums.pointer, p)
                GramSums.add(stripSums.pointer + index &* (p + t) + p, to: targetSums.pointer, t)
            }
            // Tile (i, j) of the upper triangle, and one slice for the cross products.
            context.parallel(tiles &* tiles + 1) { index in
                if index == tiles &* tiles {
                    ShiftedRows.addCross(d.pointer, e.pointer, count, p, t, to: cross.pointer)
                    return
                }
                let i = index / tiles &* tile
                let j = index % tiles &* tile
                if j < i { return }
                let c = gram.pointer + i &* p + j
                if i == j {
                    BLAS.addGram(min(tile, p - i), count, d.pointer + i, p, c, p)
                } else {
                    BLAS.product(
                        transposeA: true, transposeB: false, min(tile, p - i), min(tile, p - j), count,
                        d.pointer + i, p, d.pointer + j, p, beta: 1, c, p)
                }
            }
            first += count
        }
        try context.checkInterrupt()
    }

    @inline(__always)
    private static func add(_ from: UnsafePointer<Double>, to out: UnsafeMutablePointer<Double>, _ count: Int) {
        for i in 0..<count { out[i] += from[i] }
    }
}

/// Rows less a shift, times the square root of their weight.
struct ShiftedRows: @unchecked Sendable {
    let x: Matrix
    let y: Matrix
    let shift: UnsafePointer<Double>?
    let targetShift: UnsafePointer<Double>?
    let rootWeights: UnsafePointer<Double>?

    /// Writes rows first ..< first + count of x and y densely to d and e, and adds their weighted sums.
    func copy(
        _ first: Int, _ count: Int, to d: UnsafeMutablePointer<Double>, _ sums: UnsafeMutablePointer<Double>,
        _ e: UnsafeMutablePointer<Double>, _ targetSums: UnsafeMutablePointer<Double>
    ) {
        ShiftedRows.copy(x, shift, rootWeights, first, count, to: d, sums)
        ShiftedRows.copy(y, targetShift, rootWeights, first, count, to: e, targetSums)
    }

    private static func copy(
        _ m: Matrix, _ shift: UnsafePointer<Double>?, _ rootWeights: UnsafePointer<Double>?, _ first: Int,
        _ count: Int, to out: UnsafeMutablePointer<Double>, _ sums: UnsafeMutablePointer<Double>
    ) {
        let columns = m.columns
        for r in 0..<count {
            let values = m.row(first + r)
            let to = out + r &* columns
            let root = rootWeights.map { $0[first + r] } ?? 1
            var c = 0
            let rootLanes = SIMD4<Double>(repeating: root)
            while c + 4 <= columns {
                var lanes = UnsafeRawPointer(values + c).loadUnaligned(as: SIMD4<Double>.self)
                if let shift { lanes -= UnsafeRawPointer(shift + c).loadUnaligned(as: SIMD4<Double>.self) }
                lanes *= rootLanes
                UnsafeMutableRawPointer(to + c).storeBytes(of: lanes, as: SIMD4<Double>.self)
                let sum = UnsafeRawPointer(sums + c).loadUnaligned(as: SIMD4<Double>.self) + lanes * rootLanes
                UnsafeMutableRawPointer(sums + c).storeBytes(of: sum, as: SIMD4<Double>.self)
                c += 4
            }
            while c < columns {
                let value = (values[c] - (shift.map { $0[c] } ?? 0)) * root
                to[c] = value
                sums[c] += value * root
                c += 1
            }
        }
    }

    /// cross (t x p) += e' d
    @inline(__always)
    static func addCross(
        _ d: UnsafePointer<Double>, _ e: UnsafePointer<Double>, _ count: Int, _ p: Int, _ t: Int,
        to cross: UnsafeMutablePointer<Double>
    ) {
        if t == 1 {
            BLAS.matrixVector(transpose: true, count, p, d, p, e, beta: 1, cross)
        } else {
            BLAS.product(transposeA: true, transposeB: false, t, p, count, e, t, d, p, beta: 1, cross, p)
        }
    }
}

/// The residual's products with the shifted columns, for a step of refinement.
package enum NormalResidual {
    /// cross (t x p) = sum w d (e - d b')' with the coefficients b (t x p).
    package static func cross(
        _ x: Matrix, _ y: Matrix, shift: UnsafePointer<Double>?, targetShift: UnsafePointer<Double>?,
        rootWeights: UnsafePointer<Double>?, coefficients: UnsafePointer<Double>, in context: Context
    ) throws(ApusError) -> Buffer<Double> {
        let p = x.columns
        let t = y.columns
        let rows = ShiftedRows(x: x, y: y, shift: shift, targetShift: targetShift, rootWeights: rootWeights)
        let results = p &* t
        // Many coefficients mean large partial sums: fewer slices then.
        let most = min(max((1 << 24) / max(results, 1), 1), 32)
        let slices = RowSlices(rows: x.rows, columns: p + t, most: most)
        let block = min(slices.block, x.rows)
        let share = results + (block + 1) &* (p + t)
        let scratch = try Buffer<Double>(zeros: slices.count &* share, in: context.allocator)
        let cross = try Buffer<Double>(zeros: results, in: context.allocator)
        context.holdBLAS()
        context.parallel(slices.count) { slice in
            let partial = scratch.pointer + slice &* share
            let d = partial + results
            let e = d + block &* p
            let sums = e + block &* t
            slices.blocks(of: slice) { first, count in
                if context.isInterrupted { return }
                rows.copy(first, count, to: d, sums, e, sums + p)
                // e - d b' as -(d b' - e)
                for i in 0..<count &* t { e[i] = -e[i] }
                if t == 1 {
                    BLAS.matrixVector(transpose: false, count, p, d, p, coefficients, beta: 1, e)
                } else {
                    BLAS.product(transposeA: false, transposeB: true, count, t, p, d, p, coefficients, p, beta: 1, e, t)
                }
                for i in 0..<count &* t { e[i] = -e[i] }
                ShiftedRows.addCross(d, e, count, p, t, to: partial)
            }
        }
        try context.checkInterrupt()
        for slice in 0..<slices.count {
            let partial = scratch.pointer + slice &* share
            for i in 0..<results { cross.pointer[i] += partial[i] }
        }
        return cross
    }
}
