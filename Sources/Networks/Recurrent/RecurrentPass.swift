import CVector
import Core

/// One pass of a recurrent layer over a batch.
///
/// Rows do not depend on each other, so slices of rows go through all their steps without waiting for others, with
/// kernels that are packed once; the gradients of the weights are products over all steps at once. How rows are cut
/// into slices does not change a bit of any of them, so that follows the number of threads.
struct RecurrentPass<Cell: RecurrentCell> {
    let layer: RecurrentLayer<Cell>
    let cell: Cell
    let step: LayerStep
    let context: Context
    let layout: RecurrentLayout
    let steps: Int
    let units: Int
    let width: Int
    let features: Int
    let mask: UnsafePointer<Float>?
    let usesDropout: Bool
    let usesRecurrentDropout: Bool
    private let rowsOfSlice: Int
    let slices: Int

    /// Rows of a slice at most: their gates of a step stay in the level 2 cache, beside the packed kernels.
    private static var manyRows: Int { 96 }

    init(_ layer: RecurrentLayer<Cell>, _ step: LayerStep, _ context: Context) {
        self.layer = layer
        self.step = step
        self.context = context
        cell = layer.cell
        layout = layer.layout(step)
        steps = layout.steps
        units = layout.units
        width = layout.width
        features = layout.inputs
        // Compared in place: a shape made here would be an allocation in each pass.
        let masked = step.maskShapes.first ?? nil
        if let masked, masked.rank == 1, masked[0] == layout.steps, let values = step.masks[0] {
            mask = UnsafePointer(values)
        } else {
            mask = nil
        }
        usesDropout = step.training && layer.settings.dropout > 0
        usesRecurrentDropout = step.training && layer.settings.recurrentDropout > 0
        // Whole units of rows for every instruction set.
        let share = ((layout.rows + step.lanes - 1) / max(1, step.lanes) + 3) & ~3
        rowsOfSlice = min(max(share, 4), RecurrentPass.manyRows)
        slices = (layout.rows + rowsOfSlice - 1) / rowsOfSlice
    }

    /// Whether the states before the first step are zeros that nobody has given.
    var beginsAtZero: Bool { step.inputs.count == 1 && step.state == nil }

    // MARK: Places

    func rows(_ slice: Int) -> Range<Int> {
        slice * rowsOfSlice..<min(layout.rows, (slice + 1) * rowsOfSlice)
    }
    func at(_ offset: Int) -> UnsafeMutablePointer<Float> { step.scratch + offset }
    /// The place in the input of what is processed as step number `order` of a row.
    func position(_ row: Int, _ order: Int) -> Int {
        row * steps + (layer.settings.goesBackwards ? steps - 1 - order : order)
    }
    /// The states that products see.
    var operand: UnsafeMutablePointer<Float> { at(usesRecurrentDropout ? layout.operand : layout.state) }
    func operandPlace(_ order: Int) -> Int { usesRecurrentDropout ? layout.place(order) : layout.statePlace(order) }

    func block(_ rows: Range<Int>, _ order: Int) -> CellBlock {
        let place = layout.place(order) + rows.lowerBound
        let statePlace = (layout.statePlace(order) + rows.lowerBound) * units
        let nextPlace = (layout.statePlace(order + 1) + rows.lowerBound) * units
        let hasCell = cell.stateCount > 1
        return CellBlock(
            rows: rows.count, gates: at(layout.gates) + place * width,
            kept: at(layout.kept) + (cell.keeps ? place * units : 0),
            before: cell.needsInput && step.isDifferentiable ? at(layout.before) + place * width : nil,
            operand: operand + (operandPlace(order) + rows.lowerBound) * units, state: at(layout.state) + statePlace,
            cell: at(hasCell ? layout.cell : layout.state) + statePlace, nextState: at(layout.state) + nextPlace,
            nextCell: at(hasCell ? layout.cell : layout.state) + nextPlace)
    }

    // MARK: Masks

    func counts(_ row: Int, _ order: Int) -> Bool { mask.map { $0[position(row, order)] != 0 } ?? true }

    /// Calls `body` for each run of neighbouring rows whose step number `order` counts, or does not.
    func eachRun(_ rows: Range<Int>, _ order: Int, _ body: (_ run: Range<Int>, _ counts: Bool) -> Void) {
        guard mask != nil else {
            body(rows, true)
            return
        }
        var start = rows.lowerBound
        while start < rows.upperBound {
            let isCounted = counts(start, order)
            var end = start + 1
            while end < rows.upperBound, counts(end, order) == isCounted { end += 1 }
            body(start..<end, isCounted)
            start = end
        }
    }

    /// Whether step number `order` counts in any of the rows.
    func countsAnywhere(_ rows: Range<Int>, _ order: Int) -> Bool {
        mask == nil || rows.contains { counts($0, order) }
    }
}
