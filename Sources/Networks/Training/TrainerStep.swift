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
        hasMixedTargets = false
        let augments = training && augmentation(of: dataset) != nil
        try loadInputs(
            dataset, order, start: start, count: count, borrows: borrows && !augments, plan, in: context)
        if augments { try augment(dataset, order, start: start, count: count, plan, in: context) }
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
        try forward(dataset, count: dataset.count, training: training, borrows: false, in: context)
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

    /// The loss of the last forward pass on its targets, and the gradients by the outputs for `backward`.
    package func loss(_ dataset: Dataset, in context: Context) throws(ApusError) -> Double {
        try checkTargets(dataset, ready().program.outputShapes)
        guard dataset.count == currentRows else {
            throw .shape("targets have \(dataset.count) rows, the last forward pass had \(currentRows).")
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

    package func zeroGradients() {
        holdsGradients = false
        state.group = BatchGroup()
    }

    /// Forward, loss, backward and update on rows of a dataset that was checked. Gradients held before are dropped,
    /// those of an update of several batches apart.
    ///
    /// - Parameter endsGroup: the update is due however few batches came.
    func step(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, withMetrics: Bool,
        endsGroup: Bool = false, in context: Context
    ) throws(ApusError) -> Evaluation {
        try forward(dataset, order, start: start, count: count, training: true, borrows: true, in: context)
        let result = try evaluate(
            dataset, order, start: start, withGradients: true, withMetrics: withMetrics, in: context)
        guard result.loss.isFinite else { throw notFinite(result.loss, dataset, order, start: start, count: count) }
        plan?.commitUpdates()
        try accumulate(size: result.size, endsGroup: endsGroup, in: context)
        return result
    }

    /// One step on all rows of a dataset; returns the loss before the update.
    package func step(_ dataset: Dataset, in context: Context) throws(ApusError) -> Double {
        try check(dataset, targets: true)
        defer { forgetPass() }
        let passes = state.passes
        do {
            return try step(dataset, nil, start: 0, count: dataset.count, withMetrics: false, in: context).loss
        } catch {
            state.passes = passes
            throw error
        }
    }

    /// One step on all rows of a dataset; returns loss and metrics before the update, in the order of `metricNames`.
    package func trainOnBatch(
        _ dataset: Dataset, classWeights given: [Float]?, in context: Context
    ) throws(ApusError) -> [Double] {
        try check(dataset, targets: true)
        try checkClassWeights(given)
        measures.reset()
        classWeights = given
        let passes = state.passes
        defer {
            classWeights = nil
            forgetPass()
        }
        do {
            _ = try step(dataset, nil, start: 0, count: dataset.count, withMetrics: true, in: context)
            return measures.values
        } catch {
            state.passes = passes
            throw error
        }
    }

    /// Throws for weights of classes where it is not said of which output.
    func checkClassWeights(_ given: [Float]?) throws(ApusError) {
        if given != nil, losses.count > 1 {
            throw .invalid("class_weight needs a network of one output; this one has \(losses.count).")
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
                let place = order.map { $0[start + row] } ?? start + row
                var fault: Double?
                let values = view.rowView(place)
                values.forEachElement { _, pointer in
                    let value = values.double(pointer)
                    if !value.isFinite { fault = value }
                }
                if let fault { return .invalid("\(name) must be finite; row \(dataset.number(place)) holds \(fault).") }
            }
        }
        return ApusError(
            .notConverged,
            "The loss became \(loss) at update \(state.iteration + 1) with learning rate \(state.learningRate): training diverged. A smaller learning rate, or scaled inputs, may help."
        )
    }
}
