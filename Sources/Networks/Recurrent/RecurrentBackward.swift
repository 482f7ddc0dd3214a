import CVector
import Core

/// Packed kernels and room of the steps of a backward pass, in the workspace.
private struct BackwardOperands {
    let recurrent: UnsafeMutablePointer<Float>
    let input: RecurrentPanels?
    /// Room for the gates of a row in each lane.
    let room: UnsafeMutablePointer<Float>
}

extension RecurrentPass {
    /// Floats of workspace that a backward pass needs: for the steps, then for the products over all of them.
    static func backwardWorkspace(_ layer: RecurrentLayer<Cell>, features: Int, positions: Int, lanes: Int) -> Int {
        let cell = layer.cell
        let recurrent = cell.products.reduce(0) { $0 + RecurrentPanels.size($1.gates.count * cell.units, cell.units) }
        let steps = recurrent + RecurrentPanels.size(layer.width, features) + cappedProduct(lanes, layer.width)
        return max(steps, min(1 << 56, RecurrentPanels.size(positions, layer.width) + layer.width))
    }

    func backward() {
        guard step.isDifferentiable else { return }
        let operands = packBackward()
        context.parallel(slices, lanes: step.lanes) { slice, lane in
            let rows = rows(slice)
            beginGradients(rows)
            for order in (0..<steps).reversed() { backward(rows, order, operands, operands.room + lane * width) }
            endGradients(rows)
        }
        if step.trains { weightGradients() }
    }

    private func packBackward() -> BackwardOperands {
        let products = cell.products
        var end = 0
        for product in products { end += RecurrentPanels.size(product.gates.count * units, units) }
        var operands = BackwardOperands(recurrent: step.workspace, input: nil, room: step.workspace + end)
        if step.inputGradient != nil {
            let input = RecurrentPanels(k: width, n: features, panels: step.workspace + end)
            operands = BackwardOperands(
                recurrent: step.workspace, input: input,
                room: step.workspace + end + RecurrentPanels.size(width, features))
        }
        let input = operands.input
        context.parallel(products.count + (input == nil ? 0 : 1)) { job in
            if job < products.count {
                panels(job, step.workspace).pack(
                    step.weights[1] + products[job].gates.lowerBound * units, width, transposes: true, context.kernels)
            } else {
                input?.pack(step.weights[0], width, transposes: true, context.kernels)
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
            clearInputGradient(rows, order)
            return
        }
        let (start, count) = (rows.lowerBound * units, Int64(rows.count * units))
        let operand = at(usesRecurrentDropout ? layout.operandGradient : layout.stateGradient) + start
        let all = block(rows, order)
        if usesRecurrentDropout { operand.update(repeating: 0, count: rows.count * units) }
        let kernels = context.kernels
        var stage = cell.products.last?.stage ?? 0
        goBack(rows, order, stage, room)
        for number in cell.products.indices.reversed() {
            let product = cell.products[number]
            if product.stage < stage {
                stage = product.stage
                goBack(rows, order, stage, room)
            }
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
        guard let panels = operands.input, let dx = step.inputGradient else { return }
        inputGradient(rows, order, all.gates, panels, dx)
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

    /// Gradients of a step that does not count. What it kept is cleared, too: a product of it and a gradient of 0 must be
    /// 0; the input it would have had is not there where no row of a slice counted.
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
    /// Columns of a bias summed as one slice.
    private static var columnsOfSum: Int { 64 }

    /// The gradients of the weights: products of what each step's products read with the gradients by what they made.
    private func weightGradients() {
        let gates = UnsafePointer(at(layout.gates))
        let kernel = KernelGradient(of: at(layout.input), rows: features, into: step.gradients[0])
        let recurrent = step.gradients[1]
        let bias = layer.settings.usesBias ? step.gradients[2] : nil
        if cell.products.count == 1 {
            let second = KernelGradient(of: operand, rows: units, into: recurrent)
            make(gates, width, width, kernel, second, bias: bias)
            return
        }
        make(gates, width, width, kernel, nil, bias: bias)
        for product in cell.products {
            let from = product.gates.lowerBound * units
            make(
                product.writesKept ? UnsafePointer(at(layout.kept)) : gates + from, product.writesKept ? units : width,
                product.gates.count * units,
                KernelGradient(
                    of: product.readsKept ? at(layout.kept) : operand, rows: units, into: recurrent.map { $0 + from }),
                nil, bias: cell.hasRecurrentBias ? bias.map { $0 + width + from } : nil)
        }
    }

    /// One or two kernels' gradients, and a bias's, from the gradients `b` of all steps, `n` columns of them.
    private func make(
        _ b: UnsafePointer<Float>, _ ldb: Int, _ n: Int, _ first: KernelGradient, _ second: KernelGradient?,
        bias: UnsafeMutablePointer<Float>?
    ) {
        let positions = layout.rows * steps
        let panels = RecurrentPanels(k: positions, n: n, panels: step.workspace)
        let sums = step.workspace + RecurrentPanels.size(positions, n)
        let columns = RecurrentPass.columnsOfSum
        let sumSlices = bias == nil ? 0 : (n + columns - 1) / columns
        context.parallel(panels.packSlices + sumSlices) { job in
            if job < panels.packSlices {
                panels.pack(slice: job, of: b, ldb, context.kernels)
            } else if let bias {
                let from = (job - panels.packSlices) * columns
                let count = min(n - from, columns)
                let out = bias + from
                context.kernels.sum_rows(
                    b + from, Int64(positions), Int64(count), Int64(ldb), step.accumulates ? sums + from : out)
                if step.accumulates { context.kernels.add(out, sums + from, out, Int64(count)) }
            }
        }
        let tiles = RecurrentPass.rowsOfTiles
        let firstSlices = (first.rows + tiles - 1) / tiles
        let secondSlices = second.map { ($0.rows + tiles - 1) / tiles } ?? 0
        context.parallel(firstSlices + secondSlices) { job in
            let isFirst = job < firstSlices
            guard let kernel = isFirst ? first : second, let gradient = kernel.gradient else { return }
            let from = (isFirst ? job : job - firstSlices) * tiles
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
