import CVector
import Core

/// Where the least or the greatest of what is reduced stands: the first of equals, or the first NaN.
struct BestPlace {
    /// APUS_R_MIN or APUS_R_MAX.
    let code: Int32
    let context: Context

    private static let tileColumns = 512
    private static let leastRows = 128
    private static let copiedColumns = 256
    private static let shortRun = 32

    /// Whether `x` takes the place of an earlier `best`.
    @inline(__always)
    private static func isBetter(_ code: Int32, _ x: Double, _ best: Double) -> Bool {
        best == best && !(code == APUS_R_MIN ? best <= x : best >= x)
    }

    /// Positions, counted row by row in the dimensions that are reduced, as doubles. The plan must be in order.
    func run(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>) throws(ApusError) {
        let size = plan.dtype.size
        if let columns = plan.kept.last, columns.extent >= 8 {
            let lies = columns.stride == size && plan.isAligned && !plan.dtype.isInteger
            let isRun = plan.reduced.last.map { $0.stride == size } ?? false
            if lies && !isRun { return try across(plan, columns, values) }
            // Short runs are better taken together with their neighbours.
            if plan.reducedCount < BestPlace.shortRun, columns.extent >= BestPlace.shortRun {
                return try across(plan, columns, values, isCopied: true)
            }
        }
        try along(plan, values)
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
                let to = min(count, from &+ length)
                var (kept, found) = (0.0, from)
                if reader.isWhole {
                    found &+= reader.firstBest(code, kernels, reader.element(from, base), to &- from, &kept)
                } else {
                    var at = from
                    reader.blocks(base, from, to, scratch) { pointer, n in
                        var x = 0.0
                        let place = reader.firstBest(code, kernels, pointer, n, &x)
                        if at == from || BestPlace.isBetter(code, x, kept) { (kept, found) = (x, at &+ place) }
                        at &+= n
                    }
                }
                best.pointer[unit] = kept
                place.pointer[unit] = Double(found)
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

    /// Rows that lie, or are copied, side by side.
    private func across(
        _ plan: ReductionPlan, _ columns: Dimension, _ values: UnsafeMutablePointer<Double>, isCopied: Bool = false
    ) throws(ApusError) {
        let others = Array(plan.kept.dropLast())
        let rows = plan.reducedCount
        let tile = min(columns.extent, isCopied ? BestPlace.copiedColumns : BestPlace.tileColumns)
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
        let room = isCopied ? tile : 0
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let reader = ElementReader(plan.dtype, [columns], isAligned: plan.isAligned, asDoubles: isCopied)
        let (code, kernels, size) = (self.code, context.kernels.reductions, plan.dtype.size)
        let worst = Cascade.identity(code)
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            for unit in slices.range(slice) {
                let (position, piece) = unit.quotientAndRemainder(dividingBy: pieces)
                let (other, tileIndex) = position.quotientAndRemainder(dividingBy: tiles)
                let first = tileIndex &* tile
                let width = min(tile, columns.extent &- first)
                let start = plan.base + (others.offset(of: other) &+ first &* columns.stride)
                let at = piece &* keptCount &+ other &* columns.extent &+ first
                let (kept, rowsOfBest) = (best.pointer + at, place.pointer + at)
                var row = piece &* pieceRows
                kept.update(repeating: worst, count: width)
                rowsOfBest.update(repeating: Double(row), count: width)
                RowRuns(start, plan.reduced, row, min(rows, row &+ pieceRows)).each { pointer, count, stride in
                    if isCopied {
                        let copy = scratch.pointer + slice &* room
                        for r in 0..<count {
                            reader.copy(
                                pointer + r &* stride, columns.stride, width, to: UnsafeMutableRawPointer(copy), at: 0)
                            kernels.best_doubles(
                                code, copy, 1, Int64(width), 0, Double(row &+ r), kept, rowsOfBest)
                        }
                    } else if plan.dtype == .float32 {
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
    /// Where the first best element of a block stands, or the first NaN, which becomes `best`.
    @inline(__always)
    func firstBest(
        _ code: Int32, _ kernels: apus_reduction_kernels, _ block: UnsafeRawPointer, _ count: Int, _ best: inout Double
    ) -> Int {
        isSingle
            ? Int(kernels.first_best_floats(code, block.assumingMemoryBound(to: Float.self), Int64(count), &best))
            : Int(kernels.first_best_doubles(code, block.assumingMemoryBound(to: Double.self), Int64(count), &best))
    }
}
