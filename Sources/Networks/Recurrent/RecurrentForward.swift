import CVector
import Core

/// Packed kernels and biases of a forward pass, in the workspace.
private struct ForwardOperands {
    let input: RecurrentPanels
    let recurrent: UnsafeMutablePointer<Float>
    let bias: CellBias
}

extension RecurrentPass {
    /// Floats of workspace that a forward pass needs.
    static func forwardWorkspace(_ layer: RecurrentLayer<Cell>, features: Int) -> Int {
        let cell = layer.cell
        let recurrent = cell.products.reduce(0) { $0 + RecurrentPanels.size(cell.units, $1.gates.count * cell.units) }
        return RecurrentPanels.size(features, layer.width) + recurrent + layer.width + cell.units
    }

    func forward() {
        beginStates()
        drawDropout()
        let operands = packForward()
        context.parallel(slices) { slice in
            let rows = rows(slice)
            for order in 0..<steps { forward(rows, order, operands) }
            endStates(rows)
        }
    }

    private func packForward() -> ForwardOperands {
        let input = RecurrentPanels(k: features, n: width, panels: step.workspace)
        let recurrent = step.workspace + RecurrentPanels.size(features, width)
        let products = cell.products
        var end = 0
        for product in products { end += RecurrentPanels.size(units, product.gates.count * units) }
        let sums = recurrent + end
        context.parallel(1 + products.count) { job in
            if job == 0 {
                input.pack(step.weights[0], width, transposes: false, context.kernels)
            } else {
                let product = products[job - 1]
                panels(job - 1, recurrent).pack(
                    step.weights[1] + product.gates.lowerBound * units, width, transposes: false, context.kernels)
            }
        }
        // Of a second row of biases, what is added to the gates goes with the first one.
        sums.update(repeating: 0, count: width + units)
        if layer.settings.usesBias {
            let bias = step.weights[2]
            sums.update(from: bias, count: width)
            if cell.hasRecurrentBias {
                for product in products {
                    let (from, count) = (product.gates.lowerBound * units, product.gates.count * units)
                    if product.writesKept {
                        (sums + width).update(from: bias + width + from, count: units)
                    } else {
                        context.kernels.add(sums + from, bias + width + from, sums + from, Int64(count))
                    }
                }
            }
        }
        return ForwardOperands(
            input: input, recurrent: recurrent,
            bias: CellBias(gates: UnsafePointer(sums), kept: UnsafePointer(sums + width)))
    }

    private func panels(_ product: Int, _ start: UnsafeMutablePointer<Float>) -> RecurrentPanels {
        var offset = 0
        for before in 0..<product { offset += RecurrentPanels.size(units, cell.products[before].gates.count * units) }
        return RecurrentPanels(k: units, n: cell.products[product].gates.count * units, panels: start + offset)
    }

    /// One step of some rows.
    private func forward(_ rows: Range<Int>, _ order: Int, _ operands: ForwardOperands) {
        if countsAnywhere(rows, order) {
            let all = block(rows, order)
            inputProduct(rows, order, all.gates, operands.input)
            if usesRecurrentDropout {
                context.kernels.multiply(
                    all.state, at(layout.stateFactors) + rows.lowerBound * units,
                    UnsafeMutablePointer(mutating: all.operand), Int64(rows.count * units))
            }
            var stage = 0
            for number in cell.products.indices {
                let product = cell.products[number]
                while stage < product.stage {
                    run(rows, order, stage, operands.bias)
                    stage += 1
                }
                // Zeros times a kernel are zeros.
                if order == 0, beginsAtZero, !product.writesKept { continue }
                let panels = panels(number, operands.recurrent)
                let source = product.readsKept ? UnsafePointer(all.kept) : all.operand
                if product.writesKept {
                    panels.multiply(rows.count, source, units, beta: 0, all.kept, units, context.kernels)
                } else {
                    panels.multiply(
                        rows.count, source, units, beta: 1, all.gates + product.gates.lowerBound * units, width,
                        context.kernels)
                }
            }
            run(rows, order, stage, operands.bias)
        }
        if mask != nil { holdStates(rows, order) }
        if layer.settings.returnsSequences || order + 1 == steps { putOutput(rows, order) }
    }

    /// The products of a step's input, which for a gradient is put beside that of the other steps.
    private func inputProduct(
        _ rows: Range<Int>, _ order: Int, _ gates: UnsafeMutablePointer<Float>, _ panels: RecurrentPanels
    ) {
        let first = step.input + position(rows.lowerBound, order) * features
        guard step.isDifferentiable else {
            panels.multiply(rows.count, first, steps * features, beta: 0, gates, width, context.kernels)
            return
        }
        let kept = at(layout.input) + (layout.place(order) + rows.lowerBound) * features
        for row in rows {
            let source = step.input + position(row, order) * features
            let target = kept + (row - rows.lowerBound) * features
            if usesDropout {
                context.kernels.multiply(source, at(layout.inputFactors) + row * features, target, Int64(features))
            } else {
                target.update(from: source, count: features)
            }
        }
        panels.multiply(rows.count, kept, features, beta: 0, gates, width, context.kernels)
    }

    /// A stage of the cell in the rows whose step counts.
    private func run(_ rows: Range<Int>, _ order: Int, _ stage: Int, _ bias: CellBias) {
        eachRun(rows, order) { run, counts in
            if counts { cell.forward(block(run, order), stage: stage, bias, context.kernels) }
        }
    }

    /// A step that does not count keeps the states.
    private func holdStates(_ rows: Range<Int>, _ order: Int) {
        eachRun(rows, order) { run, counts in
            guard !counts else { return }
            let block = block(run, order)
            block.nextState.update(from: block.state, count: run.count * units)
            if cell.stateCount > 1 { block.nextCell.update(from: block.cell, count: run.count * units) }
        }
    }

    private func putOutput(_ rows: Range<Int>, _ order: Int) {
        let returnsSequences = layer.settings.returnsSequences
        for row in rows {
            let y = step.output + (returnsSequences ? row * steps + order : row) * units
            if layer.settings.zeroesOutput, !counts(row, order) {
                y.update(repeating: 0, count: units)
            } else {
                y.update(from: at(layout.state) + (layout.statePlace(order + 1) + row) * units, count: units)
            }
        }
    }

    /// The states before the first step: given, or those of the batch before, or zeros.
    private func beginStates() {
        for number in 0..<cell.stateCount {
            let start = at(number == 0 ? layout.state : layout.cell)
            if step.inputs.count > 1 {
                start.update(from: step.inputs[1 + number], count: layout.rows * units)
            } else if let held = step.state {
                for row in 0..<layout.rows {
                    (start + row * units).update(
                        from: held + (row * cell.stateCount + number) * units, count: units)
                }
            } else {
                start.update(repeating: 0, count: layout.rows * units)
            }
        }
    }

    /// The states after the last step, where they are wanted.
    private func endStates(_ rows: Range<Int>) {
        for number in 0..<cell.stateCount {
            let place = (layout.statePlace(steps) + rows.lowerBound) * units
            let last = at(number == 0 ? layout.state : layout.cell) + place
            if layer.settings.returnsState {
                (step.outputs[1 + number] + rows.lowerBound * units).update(from: last, count: rows.count * units)
            }
            if let held = step.state {
                for row in rows {
                    (held + (row * cell.stateCount + number) * units).update(
                        from: last + (row - rows.lowerBound) * units, count: units)
                }
            }
        }
    }

    /// Factors 0 or 1 / (1 - rate) for each row.
    private func drawDropout() {
        let (seed, stream) = (step.random.seed, step.random.stream)
        func draw(_ factors: UnsafeMutablePointer<Float>, _ count: Int, _ rate: Float, _ first: UInt64) {
            factors.update(repeating: 1, count: count)
            context.kernels.dropout(factors, factors, Int64(count), rate, seed, stream, first)
        }
        if usesRecurrentDropout {
            draw(at(layout.stateFactors), layout.rows * units, layer.settings.recurrentDropout, 1 << 40)
        }
        if usesDropout { draw(at(layout.inputFactors), layout.rows * features, layer.settings.dropout, 0) }
    }
}
