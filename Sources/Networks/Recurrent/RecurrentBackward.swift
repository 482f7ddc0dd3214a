import CVector
import Core

/// Packed kernels and room of the steps of a backward pass, in the workspace.
private struct BackwardOperands {
    let recurrent: UnsafeMutablePointer<Float>
    let input: RecurrentPanels?
    /// Room for the gates of a row in each lane.
    let room: UnsafeMutablePointer<Float>
    /// Where the gradients by the gates of all steps are packed, for the products that make those of the weights.
    let gates: RecurrentPanels
}

extension RecurrentPass {
    /// Floats of workspace that a backward pass needs: kernels, room, the gates of all steps, sums.
    static func backwardWorkspace(_ layer: RecurrentLayer<Cell>, features: Int, positions: Int, lanes: Int) -> Int {
        let cell = layer.cell
        let recurrent = cell.products.reduce(0) { $0 + RecurrentPanels.size($1.gates.count * cell.units, cell.units) }
        let steps = recurrent + RecurrentPanels.size(layer.width, features) + roomSize(lanes, layer.width)
        return min(1 << 56, steps + RecurrentPanels.size(positions, layer.width) + layer.width)
    }

    /// Floats of room in all lanes; what follows begins on a cache line.
    private static func roomSize(_ lanes: Int, _ width: Int) -> Int { (cappedProduct(lanes, width) + 15) & ~15 }

    func backward() {
        guard step.isDifferentiable else { return }
        let operands = packBackward()
        context.parallel(slices, lanes: step.lanes) { slice, lane in
            let rows = rows(slice)
            beginGradients(rows)
            for order in (0..<steps).reversed() { backward(rows, order, operands, operands.room + lane * width) }
            endGradients(rows)
        }
        if step.trains { weightGradients(operands.gates) }
    }

    private func packBackward() -> BackwardOperands {
        let products = cell.products
        var end = 0
        for product in products { end += RecurrentPanels.size(product.gates.count * units, units) }
        let kernel = RecurrentPanels(k: width, n: features, panels: step.workspace + end)
        if step.inputGradient != nil { end += RecurrentPanels.size(width, features) }
        let room = step.workspace + end
        let operands = BackwardOperands(
            recurrent: step.workspace, input: step.inputGradient == nil ? nil : kernel, room: room,
            gates: RecurrentPanels(
                k: layout.rows * steps, n: width, panels: room + RecurrentPass.roomSize(step.lanes, width)))
        context.parallel(products.count + (step.inputGradient == nil ? 0 : 1)) { job in
            if job < products.count {
                panels(job, step.workspace).pack(
                    step.weights[1] + products[job].gates.lowerBound * units, width, transposes: true, context.kernels)
            } else {
                kernel.pack(step.weights[0], width, transposes: true, context.kernels)
            }
        }
        return operands
    }

    private func panels(_ number: Int, _ start: UnsafeMutablePointer<Float>) -> RecurrentPanels {
        var offset = 0
        for before in 0..<number {
            offset += RecurrentPanels.size(cell.products[before].gates.count * units, units)
        }
        return RecurrentPanels(k: cell.products[number].gates.count * units, n: units, panels: start + offset)
    }

    private func beginGradients(_ rows: Range<Int>) {
        let start = rows.lowerBound * units
        let count = rows.count * units
        for number in 0..<cell.stateCount {
            let gradient = at(number == 0 ? layout.stateGradient : layout.cellGradient) + start
            if layer.settings.returnsState {
                gradient.update(from: step.outputGradients[1 + number] + start, count: count)
            } else {
                gradient.update(repeating: 0, count: count)
            }
        }
    }

    private func endGradients(_ rows: Range<Int>) {
        let start = rows.lowerBound * units
        for number in 1..<max(1, step.inputs.count) {
            guard let gradient = step.inputGradients[number] else { continue }
            (gradient + start).update(
                from: at(number == 1 ? layout.stateGradient : layout.cellGradient) + start, count: rows.count * units)
        }
    }

    /// One step of some rows: from the gradients by the states after it to those by the states before it.
    private func backward(
        _ rows: Range<Int>, _ order: Int, _ operands: BackwardOperands, _ room: UnsafeMutablePointer<Float>
    ) {
        if layer.settings.returnsSequences || order + 1 == steps { takeOutputGradient(rows, order) }
        guard countsAnywhere(rows, order) else {
            clear(rows, order)
            packGates(rows, order, operands.gates)
            clearInputGradient(rows, order)
            return
        }
        let (start, count) = (rows.lowerBound * units, Int64(rows.count * units))
        let operand = at(usesRecurrentDropout ? layout.operandGradient : layout.stateGradient) + start
        let all = block(rows, order)
        if usesRecurrentDropout { operand.update(repeating: 0, count: rows.count * units) }
        let kernels = context.kernels
        // Nobody asks for the gradient by states that are zeros.
        let stops = order == 0 && beginsAtZero
        var stage = cell.products.last?.stage ?? 0
        goBack(rows, order, stage, room)
        for number in cell.products.indices.reversed() {
            let product = cell.products[number]
            if product.stage < stage {
                stage = product.stage
                goBack(rows, order, stage, room)
            }
            if stops, !product.readsKept { continue }
            let source = product.writesKept ? all.kept : all.gates + product.gates.lowerBound * units
            panels(number, operands.recurrent).multiply(
                rows.count, source, product.writesKept ? units : width, beta: product.readsKept ? 0 : 1,
                product.readsKept ? at(layout.keptGradient) + start : operand, units, kernels)
        }
        if usesRecurrentDropout {
            let gradient = at(layout.stateGradient) + start
            kernels.multiply(operand, at(layout.stateFactors) + start, operand, count)
            kernels.add(gradient, operand, gradient, count)
        }
        packGates(rows, order, operands.gates)
        guard let panels = operands.input, let dx = step.inputGradient else { return }
        inputGradient(rows, order, all.gates, panels, dx)
    }

    /// Packs the gates' gradients while they are in the cache.
    private func packGates(_ rows: Range<Int>, _ order: Int, _ panels: RecurrentPanels) {
        guard step.trains else { return }
        let place = layout.place(order) + rows.lowerBound
        panels.pack(rows: rows.count, from: place, at(layout.gates) + place * width, width, context.kernels)
    }

    private func takeOutputGradient(_ rows: Range<Int>, _ order: Int) {
        let returnsSequences = layer.settings.returnsSequences
        for row in rows where !layer.settings.zeroesOutput || counts(row, order) {
            let dy = step.outputGradients[0] + (returnsSequences ? row * steps + order : row) * units
            let gradient = at(layout.stateGradient) + row * units
            context.kernels.add(gradient, dy, gradient, Int64(units))
        }
    }

    /// A stage of the cell; rows whose step does not count get zeros, in the first stage that is gone back through.
    private func goBack(_ rows: Range<Int>, _ order: Int, _ stage: Int, _ room: UnsafeMutablePointer<Float>) {
        let isFirst = stage == cell.products.last?.stage
        eachRun(rows, order) { run, counts in
            guard counts else {
                if isFirst { clear(run, order) }
                return
            }
            let start = run.lowerBound * units
            let state = at(layout.stateGradient) + start
            cell.backward(
                block(run, order),
                CellGradient(
                    state: state, cell: at(cell.stateCount > 1 ? layout.cellGradient : layout.stateGradient) + start,
                    operand: usesRecurrentDropout ? at(layout.operandGradient) + start : state,
                    kept: at(layout.keptGradient) + start, room: room),
                stage: stage, context.kernels)
        }
    }

    /// Gradients of a step that does not count. What it kept is cleared, too: its product with a gradient of 0 must be 0.
    /// The input it would have had is not there where no row of a slice counted.
    private func clear(_ rows: Range<Int>, _ order: Int) {
        let block = block(rows, order)
        block.gates.update(repeating: 0, count: rows.count * width)
        if cell.keeps { block.kept.update(repeating: 0, count: rows.count * units) }
        let place = layout.place(order) + rows.lowerBound
        (at(layout.input) + place * features).update(repeating: 0, count: rows.count * features)
        if usesRecurrentDropout {
            (at(layout.operand) + place * units).update(repeating: 0, count: rows.count * units)
        }
    }

    private func inputGradient(
        _ rows: Range<Int>, _ order: Int, _ gates: UnsafePointer<Float>, _ panels: RecurrentPanels,
        _ dx: UnsafeMutablePointer<Float>
    ) {
        let first = dx + position(rows.lowerBound, order) * features
        panels.multiply(rows.count, gates, width, beta: 0, first, steps * features, context.kernels)
        guard usesDropout else { return }
        for row in rows {
            let gradient = dx + position(row, order) * features
            context.kernels.multiply(gradient, at(layout.inputFactors) + row * features, gradient, Int64(features))
        }
    }

    private func clearInputGradient(_ rows: Range<Int>, _ order: Int) {
        guard let dx = step.inputGradient else { return }
        for row in rows { (dx + position(row, order) * features).update(repeating: 0, count: features) }
    }

    // MARK: Weights

    /// Rows of a kernel's gradient that are made as one slice: three tiles of every instruction set.
    private static var rowsOfTiles: Int { 36 }
    /// Whole panels of every instruction set have a multiple of so many columns.
    private static var columnsOfPanels: Int { 32 }

    /// The gradients of the weights: products of what each step's products read with the gradients by what they made.
    private func weightGradients(_ gates: RecurrentPanels) {
        let bias = layer.settings.usesBias ? step.gradients[2] : nil
        let kernel = KernelGradient(of: at(layout.input), rows: features, into: step.gradients[0])
        let recurrent = step.gradients[1]
        if cell.products.count == 1 {
            make(gates, kernel, KernelGradient(of: operand, rows: units, into: recurrent), bias: bias)
            return
        }
        make(gates, kernel, nil, bias: bias)
        for product in cell.products {
            let from = product.gates.lowerBound * units
            let columns = product.gates.count * units
            let panels = RecurrentPanels(k: gates.k, n: columns, panels: gates.panels)
            // The first gates are packed already, where they end with a panel; later ones take their place.
            if product.writesKept || from > 0 || columns % RecurrentPass.columnsOfPanels != 0 {
                let source = product.writesKept ? at(layout.kept) : at(layout.gates) + from
                let distance = product.writesKept ? units : width
                context.parallel(over: gates.k, by: 256) { range in
                    panels.pack(
                        rows: range.count, from: range.lowerBound, source + range.lowerBound * distance, distance,
                        context.kernels)
                }
            }
            make(
                panels,
                KernelGradient(
                    of: product.readsKept ? at(layout.kept) : operand, rows: units, into: recurrent.map { $0 + from }),
                nil, bias: cell.hasRecurrentBias ? bias.map { $0 + width + from } : nil)
        }
    }

    /// One or two kernels' gradients, and a bias's, from the packed gradients of all steps.
    private func make(
        _ panels: RecurrentPanels, _ first: KernelGradient, _ second: KernelGradient?,
        bias: UnsafeMutablePointer<Float>?
    ) {
        let room = panels.panels + RecurrentPanels.size(panels.k, panels.n)
        let tiles = RecurrentPass.rowsOfTiles
        let sums = bias == nil ? 0 : panels.count(context.kernels)
        let firstEnd = (first.rows + tiles - 1) / tiles
        let end = firstEnd + (second.map { ($0.rows + tiles - 1) / tiles } ?? 0)
        context.parallel(end + sums) { job in
            if job >= end {
                guard let bias else { return }
                panels.sum(panel: job - end, into: bias, room: room, accumulates: step.accumulates, context.kernels)
                return
            }
            guard let kernel = job < firstEnd ? first : second, let gradient = kernel.gradient else { return }
            let from = (job < firstEnd ? job : job - firstEnd) * tiles
            panels.multiply(
                transposesA: true, min(tiles, kernel.rows - from), kernel.operand + from, kernel.rows,
                beta: step.accumulates ? 1 : 0, gradient + from * width, width, context.kernels)
        }
    }
}

/// The gradient of a kernel with so many rows, and what it was multiplied with in each step.
private struct KernelGradient {
    let operand: UnsafePointer<Float>
    let rows: Int
    let gradient: UnsafeMutablePointer<Float>?

    init(of operand: UnsafePointer<Float>, rows: Int, into gradient: UnsafeMutablePointer<Float>?) {
        self.operand = operand
        self.rows = rows
        self.gradient = gradient
    }
}
