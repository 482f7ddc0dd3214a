import Core

/// The parts of a step: forward, loss, backward, update; and a whole one.
extension Trainer {
    /// Loads the inputs of `count` rows and runs the network on them.
    ///
    /// - Parameter borrows: rows that lie right may be read in place; they must stay until the backward pass.
    package func forward(
        _ dataset: Dataset, _ order: UnsafePointer<Int>? = nil, start: Int = 0, count: Int, training: Bool,
        borrows: Bool, in context: Context
    ) throws(ApusError) {
        try prepare(rows: count, rowShapes(dataset), in: context)
        guard let plan else { return }
        hasLossGradients = false
        currentRows = 0
        try loadInputs(dataset, order, start: start, count: count, borrows: borrows, plan, in: context)
        weightNoise?.prepare(
            weights, training: training, random: Philox(seed: seed, stream: UInt64(state.passes) | WeightNoise.streams),
            in: context)
        plan.forward(
            rows: count, training: training, random: Philox(seed: seed, stream: UInt64(state.passes)), in: context)
        if training { state.passes += 1 }
        currentRows = count
    }

    /// A forward pass over all rows of some inputs, checked here.
    package func runForward(_ dataset: Dataset, training: Bool, in context: Context) throws(ApusError) {
        try check(dataset, targets: false)
        try forward(dataset, count: dataset.rows, training: training, borrows: false, in: context)
        plan?.commitUpdates()
    }

    /// Ends a pass whose inputs were borrowed: nothing may go on from it.
    func forgetPass() {
        currentRows = 0
        hasLossGradients = false
    }

    /// Output `index` of the last forward pass.
    package func output(_ index: Int) throws(ApusError) -> ArrayView {
        let plan = try ready()
        let shape = plan.program.outputShapes[index]
        return ArrayView(
            data: UnsafeMutableRawPointer(plan.output(index)), dtype: .float32, shape: shape.prefixed(by: currentRows))
    }

    /// What a call of a layer gave in the last forward pass, by its name: "dense", within other layers "encoder/dense".
    package func layerOutput(_ path: String, call: Int, output: Int) throws(ApusError) -> ArrayView {
        try ready().result(path, call: call, output: output, rows: currentRows)
    }

    /// Sums over the rows of the last forward pass.
    struct Evaluation {
        /// The mean loss over the rows.
        var loss = 0.0
        /// One sum over positions for each metric, and the positions.
        var metrics: [Double] = []
        var positions: [Double] = []
    }

    /// Loads the targets and evaluates loss and metrics; with gradients, leaves those by the outputs in the plan.
    func evaluate(
        _ dataset: Dataset, _ order: UnsafePointer<Int>? = nil, start: Int = 0, withGradients: Bool,
        withMetrics: Bool, in context: Context
    ) throws(ApusError) -> Evaluation {
        let plan = try ready()
        try loadTargets(dataset, order, start: start, count: currentRows, in: context)
        var result = Evaluation()
        if beforeActivation.count != losses.count { beforeActivation = losses.map { _ in false } }
        for (index, loss) in losses.enumerated() {
            let shape = plan.program.outputShapes[index]
            let width = max(1, shape.last)
            let places = max(1, shape.count / width)
            let positions = places * currentRows
            let fuses = withGradients && loss.fuses(with: plan.finalActivation(index))
            let output = UnsafePointer(plan.output(index))
            let target = UnsafePointer(targets[index].pointer)
            let label = UnsafePointer(labels[index].pointer)
            let gradient = withGradients ? plan.outputGradient(index) : nil
            // Masked positions do not count: neither in the sum nor in the number that it is divided by.
            let mask = plan.outputMask(index).flatMap { $0.shape.count == places ? UnsafePointer($0.values) : nil }
            var counted = Double(positions)
            if let mask {
                counted = 0
                for position in 0..<positions { counted += Double(mask[position]) }
            }
            let scale: Float = loss.sums ? 1 : counted > 0 ? 1 / Float(counted) : 0
            // Rows count by their weights, one row (or, with a mask, one position) at a time; without weights in slices
            // of positions.
            let weighted = dataset.sampleWeight != nil
            let slice = weighted ? places : Trainer.positionsOfSlice
            func call(_ range: Range<Int>, _ weight: Float) -> LossCall {
                let first = range.lowerBound
                return LossCall(
                    output: output + first * width, target: target + first * width, labels: label + first,
                    gradient: gradient.map { $0 + first * width }, scale: scale * weight, positions: range.count,
                    width: width, isFused: fuses)
            }
            var sum = 0.0
            if let mask {
                for position in 0..<positions {
                    let row = weighted ? rowWeights?.pointer[position / places] ?? 1 : 1
                    let weight = row * mask[position]
                    if weight == 0 {
                        if let gradient { (gradient + position * width).update(repeating: 0, count: width) }
                        continue
                    }
                    sum += Double(weight) * loss.evaluate(call(position..<position + 1, weight), context.kernels)
                }
            } else if weighted, let rowWeights {
                for row in 0..<currentRows {
                    let weight = rowWeights.pointer[row]
                    sum +=
                        Double(weight)
                        * loss.evaluate(call(row * places..<(row + 1) * places, weight), context.kernels)
                }
            } else if positions <= slice {
                sum = loss.evaluate(call(0..<positions, 1), context.kernels)
            } else if let partials {
                context.parallel(over: positions, by: slice) { range in
                    partials.pointer[range.lowerBound / slice] = loss.evaluate(call(range, 1), context.kernels)
                }
                for part in 0...((positions - 1) / slice) { sum += partials.pointer[part] }
            }
            result.loss += loss.sums ? sum : counted > 0 ? sum / counted : 0
            beforeActivation[index] = fuses
            if withMetrics, index == 0 {
                for metric in metrics {
                    result.metrics.append(
                        metric.sum(call(0..<positions, 1), targets: loss.targetKind, context.kernels))
                    result.positions.append(Double(positions))
                }
            }
        }
        result.loss += plan.addedLoss()
        for slot in penalised {
            result.loss += slot.regularizer?.penalty(weights.pointer + slot.offset, slot.shape) ?? 0
        }
        hasLossGradients = withGradients
        return result
    }

    /// The loss of the last forward pass on its targets, and the gradients by the outputs for `backward`.
    package func loss(_ dataset: Dataset, in context: Context) throws(ApusError) -> Double {
        try checkTargets(dataset, ready().program.outputShapes)
        guard dataset.rows == currentRows else {
            throw .shape("targets have \(dataset.rows) rows, the last forward pass had \(currentRows).")
        }
        return try evaluate(dataset, withGradients: true, withMetrics: false, in: context).loss
    }

    /// Adds the gradients of the last forward pass to those held: of the loss or of what the given gradients stand for,
    /// plus the penalties and terms that layers add to it.
    ///
    /// - Parameter outputGradients: by each output; nil takes those that `loss` computed.
    package func backward(
        outputGradients: [ArrayView]?, wantsInputGradients: Bool, in context: Context
    ) throws(ApusError) {
        let plan = try ready()
        if let outputGradients {
            for (index, view) in outputGradients.enumerated() {
                let shape = plan.program.outputShapes[index].prefixed(by: currentRows)
                guard view.shape == shape else {
                    throw .shape("output_gradients[\(index)] must have shape \(shape), got \(view.shape).")
                }
            }
            // Those of a loss are overwritten from here on, whatever comes.
            hasLossGradients = false
            for (index, view) in outputGradients.enumerated() {
                guard let target = plan.outputGradient(index) else { continue }
                try view.copy(to: target, name: "output_gradients[\(index)]")
            }
            beforeActivation = losses.map { _ in false }
        } else if !hasLossGradients {
            throw .invalid("There are no output gradients: pass them, or call loss after forward.")
        }
        // backward overwrites the outputs' gradients
        hasLossGradients = false
        plan.backward(
            beforeActivation: beforeActivation, accumulates: holdsGradients, wantsInputGradients: wantsInputGradients,
            in: context)
        for slot in penalised {
            slot.regularizer?.addGradient(
                weights.pointer + slot.offset, slot.shape, scale: 1, to: gradients.pointer + slot.offset)
        }
        holdsGradients = true
    }

    /// The gradient by input `index` of a backward pass that was asked for it.
    package func inputGradient(_ index: Int) throws(ApusError) -> ArrayView {
        let plan = try ready()
        guard let pointer = plan.inputGradient(index) else { throw ApusError(.internal, "A plan without gradients.") }
        let shape = plan.program.inputShapes[index]
        return ArrayView(
            data: UnsafeMutableRawPointer(pointer), dtype: .float32, shape: shape.prefixed(by: currentRows))
    }

    package func zeroGradients() { holdsGradients = false }

    /// One update with the gradients held, times `scale`.
    package func apply(scale: Double = 1, in context: Context) throws(ApusError) {
        guard holdsGradients else { throw .invalid("There are no gradients to apply: call backward first.") }
        holdsGradients = false
        state.iteration += 1
        let (step, rate) = (state.iteration, state.learningRate)
        let pointers = UnsafePointer(slotPointers.pointer)
        context.parallel(over: model.graph.trainableCount, by: 1 << 15) { range in
            let gradient = gradients.pointer + range.lowerBound
            if scale != 1 { context.kernels.scale(Float(scale), gradient, Int64(range.count)) }
            optimizer.update(
                weights.pointer + range.lowerBound, gradient: gradient, slots: pointers, offset: range.lowerBound,
                count: range.count, learningRate: rate, step: step, context.kernels)
        }
        for slot in constrained { slot.constraint?.apply(weights.pointer + slot.offset, slot.shape) }
    }

    /// Forward, loss, backward and update on rows of a dataset that was checked; gradients held before are dropped.
    func step(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, withMetrics: Bool,
        in context: Context
    ) throws(ApusError) -> Evaluation {
        try forward(dataset, order, start: start, count: count, training: true, borrows: true, in: context)
        let result = try evaluate(
            dataset, order, start: start, withGradients: true, withMetrics: withMetrics, in: context)
        guard result.loss.isFinite else { throw notFinite(result.loss, dataset, order, start: start, count: count) }
        plan?.commitUpdates()
        holdsGradients = false
        try backward(outputGradients: nil, wantsInputGradients: false, in: context)
        try apply(in: context)
        return result
    }

    /// One step on all rows of a dataset; returns the loss before the update.
    package func step(_ dataset: Dataset, in context: Context) throws(ApusError) -> Double {
        try check(dataset, targets: true)
        defer { forgetPass() }
        let passes = state.passes
        do {
            return try step(dataset, nil, start: 0, count: dataset.rows, withMetrics: false, in: context).loss
        } catch {
            state.passes = passes
            throw error
        }
    }

    /// Why a loss is not finite: a bad value in the batch, or a training that went astray.
    private func notFinite(
        _ loss: Double, _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int
    ) -> ApusError {
        let named =
            dataset.inputs.enumerated().map { ("inputs[\($0.offset)]", $0.element) }
            + dataset.targets.enumerated().map { ("targets[\($0.offset)]", $0.element) }
        for (name, view) in named where !view.dtype.isInteger {
            for row in 0..<count {
                let number = order.map { $0[start + row] } ?? start + row
                var fault: Double?
                let values = view.rowView(number)
                values.forEachElement { _, pointer in
                    let value = values.double(pointer)
                    if !value.isFinite { fault = value }
                }
                if let fault { return .invalid("\(name) must be finite; row \(number) holds \(fault).") }
            }
        }
        return ApusError(
            .notConverged,
            "The loss became \(loss) at update \(state.iteration + 1) with learning rate \(state.learningRate): training diverged. A smaller learning rate, or scaled inputs, may help."
        )
    }
}
