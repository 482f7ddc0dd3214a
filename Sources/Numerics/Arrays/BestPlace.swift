import CVector
import Core

/// Where the least or the greatest of what is reduced stands: the first of equals, or the first NaN.
struct BestPlace {
    /// APUS_R_MIN or APUS_R_MAX.
    let code: Int32
    let context: Context

    private static let tileColumns = 512
    private static let leastRows = 128

    /// Whether `x` takes the place of an earlier `best`.
    @inline(__always)
    private static func isBetter(_ code: Int32, _ x: Double, _ best: Double) -> Bool {
        best == best && !(code == APUS_R_MIN ? best <= x : best >= x)
    }

    /// Positions, counted row by row in the dimensions that are reduced, as doubles. The plan must be in order.
    func run(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>) throws(ApusError) {
        if let columns = plan.kept.last, columns.stride == plan.dtype.size, plan.isAligned, !plan.dtype.isInteger,
            columns.extent >= 8, plan.reduced.last.map({ $0.stride != plan.dtype.size }) ?? true
        {
            try across(plan, columns, values)
        } else {
            try along(plan, values)
        }
    }

    private func along(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>) throws(ApusError) {
        let reader = ElementReader(plan.dtype, plan.reduced, isAligned: plan.isAligned)
        let count = plan.reducedCount
        let length = ReductionSlices.elements
        let pieces = (count - 1) / length + 1
        let slices = ReductionSlices(units: plan.keptCount &* pieces, elementsOfUnit: min(count, length))
        let best = try Buffer<Double>(slices.units, in: context.allocator)
        let place = try Buffer<Double>(slices.units, in: context.allocator)
        let room = reader.needsScratch ? ElementReader.blockLength : 0
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let (code, kernels) = (self.code, context.kernels.reductions)
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let scratch = UnsafeMutableRawPointer(scratch.pointer + slice &* room)
            for unit in slices.range(slice) {
                let (index, piece) = unit.quotientAndRemainder(dividingBy: pieces)
                let base = plan.base + plan.kept.offset(of: index)
                let from = piece &* length
                // The best of each block, then the place in the best block.
                var (kept, blockStart, blockLength, at) = (0.0, from, 0, from)
                reader.blocks(base, from, min(count, from &+ length), scratch) { pointer, n in
                    let x = reader.reduce(code, kernels, pointer, n)
                    if blockLength == 0 || BestPlace.isBetter(code, x, kept) {
                        (kept, blockStart, blockLength) = (x, at, n)
                    }
                    at &+= n
                }
                var found = 0
                reader.blocks(base, blockStart, blockStart &+ blockLength, scratch) { pointer, n in
                    found = reader.first(kept, in: pointer, n)
                }
                best.pointer[unit] = kept
                place.pointer[unit] = Double(blockStart &+ found)
            }
        }
        try context.checkInterrupt()
        for index in 0..<plan.keptCount {
            var chosen = index &* pieces
            for unit in chosen..<chosen &+ pieces
            where BestPlace.isBetter(code, best.pointer[unit], best.pointer[chosen]) { chosen = unit }
            values[index] = place.pointer[chosen]
        }
    }

    private func across(_ plan: ReductionPlan, _ columns: Dimension, _ values: UnsafeMutablePointer<Double>)
        throws(ApusError)
    {
        let others = Array(plan.kept.dropLast())
        let rows = plan.reducedCount
        let tile = min(columns.extent, BestPlace.tileColumns)
        let tiles = (columns.extent - 1) / tile + 1
        let pieceRows = max(BestPlace.leastRows, ReductionSlices.elements / tile)
        let pieces = (rows - 1) / pieceRows + 1
        let keptCount = plan.keptCount
        let (cells, overflow) = keptCount.multipliedReportingOverflow(by: pieces)
        if overflow { throw .limit("a is too large.") }
        let slices = ReductionSlices(
            units: keptCount / columns.extent &* tiles &* pieces, elementsOfUnit: tile &* min(rows, pieceRows))
        let best = try Buffer<Double>(cells, in: context.allocator)
        let place = try Buffer<Double>(cells, in: context.allocator)
        let (code, kernels, size) = (self.code, context.kernels.reductions, plan.dtype.size)
        let worst = Cascade.identity(code)
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            for unit in slices.range(slice) {
                let (position, piece) = unit.quotientAndRemainder(dividingBy: pieces)
                let (other, tileIndex) = position.quotientAndRemainder(dividingBy: tiles)
                let first = tileIndex &* tile
                let width = min(tile, columns.extent &- first)
                let start = plan.base + (others.offset(of: other) &+ first &* size)
                let at = piece &* keptCount &+ other &* columns.extent &+ first
                let (kept, rowsOfBest) = (best.pointer + at, place.pointer + at)
                var row = piece &* pieceRows
                kept.update(repeating: worst, count: width)
                rowsOfBest.update(repeating: Double(row), count: width)
                RowRuns(start, plan.reduced, row, min(rows, row &+ pieceRows)).each { pointer, count, stride in
                    if plan.dtype == .float32 {
                        kernels.best_floats(
                            code, pointer.assumingMemoryBound(to: Float.self), Int64(count), Int64(width),
                            Int64(stride / size), Double(row), kept, rowsOfBest)
                    } else {
                        kernels.best_doubles(
                            code, pointer.assumingMemoryBound(to: Double.self), Int64(count), Int64(width),
                            Int64(stride / size), Double(row), kept, rowsOfBest)
                    }
                    row &+= count
                }
            }
        }
        try context.checkInterrupt()
        for index in 0..<keptCount {
            var chosen = index
            for piece in 1..<max(pieces, 1)
            where BestPlace.isBetter(code, best.pointer[piece &* keptCount + index], best.pointer[chosen]) {
                chosen = piece &* keptCount + index
            }
            values[index] = place.pointer[chosen]
        }
    }
}

extension ElementReader {
    /// The position of the first element of a block that equals `x`, which is one of them, or is NaN where `x` is.
    func first(_ x: Double, in block: UnsafeRawPointer, _ count: Int) -> Int {
        isSingle
            ? firstEqual(Float(x), block.assumingMemoryBound(to: Float.self), count)
            : firstEqual(x, block.assumingMemoryBound(to: Double.self), count)
    }

    /// Thirty-two at a time without a branch, then one by one where one of them is it.
    @inline(__always)
    private func firstEqual<Value: BinaryFloatingPoint>(_ x: Value, _ values: UnsafePointer<Value>, _ count: Int) -> Int {
        var i = 0
        if x != x {
            while i < count, values[i] == values[i] { i &+= 1 }
            return i < count ? i : 0
        }
        while i &+ 32 <= count {
            var hits: Int32 = 0
            for j in 0..<32 { hits |= values[i &+ j] == x ? 1 : 0 }
            if hits != 0 { break }
            i &+= 32
        }
        while i < count, values[i] != x { i &+= 1 }
        return i < count ? i : 0
    }
}
