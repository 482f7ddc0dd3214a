import CVector
import Core

/// One pass over the elements: each result of a plan from all that is reduced to it, in double precision.
///
/// Runs of elements that lie next to each other are reduced along, in blocks of 2048 joined in pairs; rows whose
/// results lie next to each other are reduced across, up to 4096 at a time. Both are cut by size alone, so threads do
/// not change a bit.
struct ReductionPass {
    let code: Int32
    let context: Context

    /// Columns of a tile, whose totals stay in the cache while whole rows are read as they lie; fewer where elements
    /// are copied first.
    private static let tileColumns = 4096
    private static let copiedColumns = 256
    /// Rows whose totals are joined to the totals so far as one.
    private static let rowBlock = 512
    /// Rows that a piece has at least.
    private static let leastRows = 512
    /// A run this short is better reduced together with its neighbours.
    private static let shortRun = 32

    private var kernels: apus_reduction_kernels { context.kernels.reductions }

    /// Throws `outOfMemory`, `limit`, `interrupted`.
    func run(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>) throws(ApusError) {
        guard plan.keptCount > 0, plan.reducedCount > 0 else { return }
        let size = plan.dtype.size
        let isReal = !plan.dtype.isInteger && plan.isAligned
        if let columns = plan.kept.last, let rows = plan.reduced.last {
            let isRun = rows.stride == size && rows.extent >= ReductionPass.shortRun
            if columns.stride == size, !isRun {
                if isReal, plan.kept.count == 1, plan.reduced.count == 1, rows.stride == columns.extent &* size,
                    columns.extent < 16, rows.extent >= 512
                {
                    try widened(plan, columns.extent, rows.extent, values)
                } else {
                    try across(plan, plan.base, plan.kept, plan.reduced, values)
                }
                return
            }
            if !isRun, plan.reducedCount < ReductionPass.shortRun, columns.extent >= ReductionPass.shortRun {
                try across(plan, plan.base, plan.kept, plan.reduced, values)
                return
            }
        }
        try along(plan, values)
    }

    // MARK: Along

    private func along(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>) throws(ApusError) {
        let reader = ElementReader(plan.dtype, plan.reduced, isAligned: plan.isAligned)
        let count = plan.reducedCount
        let length = ReductionSlices.elements
        let pieces = (count - 1) / length + 1
        let slices = ReductionSlices(units: plan.keptCount &* pieces, elementsOfUnit: min(count, length))
        let partial = pieces > 1 ? try Buffer<Double>(slices.units, in: context.allocator) : nil
        let out = partial?.pointer ?? values
        let room = reader.needsScratch ? ElementReader.blockLength : 0
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let (kernels, code) = (self.kernels, self.code)
        context.parallel(slices.count) { slice in
            let scratch = UnsafeMutableRawPointer(scratch.pointer + slice &* room)
            if context.isInterrupted { return }
            for unit in slices.range(slice) {
                let (index, piece) = pieces == 1 ? (unit, 0) : unit.quotientAndRemainder(dividingBy: pieces)
                let base = plan.base + plan.kept.offset(of: index)
                let from = piece &* length
                let to = min(count, from &+ length)
                if to &- from <= ElementReader.blockLength {
                    reader.blocks(base, from, to, scratch) { out[unit] = reader.reduce(code, kernels, $0, $1) }
                } else {
                    var cascade = Cascade(code)
                    reader.blocks(base, from, to, scratch) { cascade.add(reader.reduce(code, kernels, $0, $1)) }
                    out[unit] = cascade.total
                }
            }
        }
        try context.checkInterrupt()
        guard let partial else { return }
        for index in 0..<plan.keptCount {
            var cascade = Cascade(code)
            for piece in 0..<pieces { cascade.add(partial.pointer[index &* pieces + piece]) }
            values[index] = cascade.total
        }
    }

    // MARK: Across

    private func across(
        _ plan: ReductionPlan, _ base: UnsafeRawPointer, _ kept: [Dimension], _ reduced: [Dimension],
        _ values: UnsafeMutablePointer<Double>
    ) throws(ApusError) {
        guard let columns = kept.last else { return }
        let size = plan.dtype.size
        let others = Array(kept.dropLast())
        let keptCount = kept.elements
        let rows = reduced.elements
        let isDirect = columns.stride == size && plan.isAligned && !plan.dtype.isInteger
        let tile = min(columns.extent, isDirect ? ReductionPass.tileColumns : ReductionPass.copiedColumns)
        let tiles = (columns.extent - 1) / tile + 1
        let pieceRows = max(ReductionPass.leastRows, ReductionSlices.elements / tile)
        let pieces = (rows - 1) / pieceRows + 1
        let units = keptCount / columns.extent &* tiles &* pieces
        let slices = ReductionSlices(units: units, elementsOfUnit: tile &* min(rows, pieceRows))
        let partial = pieces > 1 ? try Buffer<Double>(keptCount &* pieces, in: context.allocator) : nil
        let out = partial?.pointer ?? values
        // Totals of a block of rows, then eight copied rows.
        let room = isDirect ? tile : 9 &* tile
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let reader = ElementReader(plan.dtype, [columns], isAligned: plan.isAligned)
        let (kernels, code) = (self.kernels, self.code)
        let identity = Cascade.identity(code)
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let blockTotal = scratch.pointer + slice &* room
            let copies = isDirect ? nil : blockTotal + tile
            for unit in slices.range(slice) {
                let (place, piece) = unit.quotientAndRemainder(dividingBy: pieces)
                let (other, tileIndex) = place.quotientAndRemainder(dividingBy: tiles)
                let first = tileIndex &* tile
                let width = min(tile, columns.extent &- first)
                let start = base + (others.offset(of: other) &+ first &* columns.stride)
                let total = out + (piece &* keptCount &+ other &* columns.extent &+ first)
                total.update(repeating: identity, count: width)
                var row = piece &* pieceRows
                let end = min(rows, row &+ pieceRows)
                let isOneBlock = end &- row <= ReductionPass.rowBlock
                while row < end {
                    let blockEnd = min(end, row &+ ReductionPass.rowBlock)
                    if !isOneBlock { blockTotal.update(repeating: identity, count: width) }
                    RowRuns(start, reduced, row, blockEnd).each { pointer, count, stride in
                        reader.reduceRows(
                            code, kernels, pointer, count, stride, width, copies, isOneBlock ? total : blockTotal)
                    }
                    if !isOneBlock { kernels.join(code, blockTotal, Int64(width), total) }
                    row = blockEnd
                }
            }
        }
        try context.checkInterrupt()
        guard let partial else { return }
        context.parallel(over: keptCount, by: 4096) { range in
            let count = Int64(range.count)
            var width = 1
            while width < pieces {
                var piece = 0
                while piece &+ width < pieces {
                    let total = partial.pointer + (piece &* keptCount &+ range.lowerBound)
                    kernels.join(code, total + width &* keptCount, count, total)
                    piece &+= 2 &* width
                }
                width &*= 2
            }
            (values + range.lowerBound).update(from: partial.pointer + range.lowerBound, count: range.count)
        }
    }

    /// Few columns, dense: several rows are taken as one wide row, whose totals are folded in the end.
    private func widened(
        _ plan: ReductionPlan, _ columns: Int, _ rows: Int, _ values: UnsafeMutablePointer<Double>
    ) throws(ApusError) {
        let size = plan.dtype.size
        var together = 1
        while columns &* together &* 2 <= 512 { together &*= 2 }
        while rows / together < 8 { together /= 2 }
        let width = columns &* together
        let wideRows = rows / together
        let totals = try Buffer<Double>(width, in: context.allocator)
        try across(
            plan, plan.base, [Dimension(extent: width, stride: size)],
            [Dimension(extent: wideRows, stride: width &* size)], totals.pointer)
        var half = together / 2
        while half >= 1 {
            kernels.join(code, totals.pointer + half &* columns, Int64(half &* columns), totals.pointer)
            half /= 2
        }
        let rest = rows - wideRows &* together
        values.update(from: totals.pointer, count: columns)
        if rest == 0 { return }
        try across(
            plan, plan.base + wideRows &* width &* size, [Dimension(extent: columns, stride: size)],
            [Dimension(extent: rest, stride: columns &* size)], totals.pointer)
        kernels.join(code, totals.pointer, Int64(columns), values)
    }
}

/// Rows `from` to `to` of a box, in runs of one stride.
struct RowRuns {
    private let base: UnsafeRawPointer
    private let box: [Dimension]
    private let from: Int
    private let to: Int

    init(_ base: UnsafeRawPointer, _ box: [Dimension], _ from: Int, _ to: Int) {
        (self.base, self.box, self.from, self.to) = (base, box, from, to)
    }

    /// Calls `body` with the address of a run's first row, the number of rows and their distance in bytes.
    @inline(__always)
    func each(_ body: (UnsafeRawPointer, Int, Int) -> Void) {
        let inner = box.last ?? Dimension(extent: 1, stride: 0)
        var row = from
        while row < to {
            let count = box.count < 2 ? to &- row : min(to &- row, inner.extent &- row % inner.extent)
            body(base + box.offset(of: row), count, inner.stride)
            row &+= count
        }
    }
}

extension ElementReader {
    /// Whether some blocks may have to be copied.
    var needsScratch: Bool { !isWhole }

    @inline(__always)
    func reduce(_ code: Int32, _ kernels: apus_reduction_kernels, _ block: UnsafeRawPointer, _ count: Int) -> Double {
        if isSingle {
            return kernels.run_floats(code, block.assumingMemoryBound(to: Float.self), Int64(count))
        }
        return kernels.run_doubles(code, block.assumingMemoryBound(to: Double.self), Int64(count))
    }

    /// Joins `count` rows of `width` elements to the totals; eight rows at a time through `copies` where they are
    /// given.
    @inline(__always)
    func reduceRows(
        _ code: Int32, _ kernels: apus_reduction_kernels, _ pointer: UnsafeRawPointer, _ count: Int, _ stride: Int,
        _ width: Int, _ copies: UnsafeMutablePointer<Double>?, _ total: UnsafeMutablePointer<Double>
    ) {
        guard let copies else {
            rows(code, kernels, pointer, count, stride / dtype.size, width, total)
            return
        }
        var row = 0
        while row < count {
            let n = min(8, count &- row)
            for r in 0..<n {
                copy(
                    pointer + (row &+ r) &* stride, columnStride, width, to: UnsafeMutableRawPointer(copies),
                    at: r &* width)
            }
            rows(code, kernels, UnsafeRawPointer(copies), n, width, width, total)
            row &+= n
        }
    }

    @inline(__always)
    private func rows(
        _ code: Int32, _ kernels: apus_reduction_kernels, _ pointer: UnsafeRawPointer, _ count: Int, _ stride: Int,
        _ width: Int, _ total: UnsafeMutablePointer<Double>
    ) {
        if isSingle {
            kernels.rows_floats(
                code, pointer.assumingMemoryBound(to: Float.self), Int64(count), Int64(width), Int64(stride), total)
        } else {
            kernels.rows_doubles(
                code, pointer.assumingMemoryBound(to: Double.self), Int64(count), Int64(width), Int64(stride), total)
        }
    }
}
