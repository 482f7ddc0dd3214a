import Core

/// Trains a network: a working copy of its weights, gradients, the optimizer's state, position, random state, history.
package final class Trainer: @unchecked Sendable {
    package let model: NetworkModel
    package let parameters: Parameters
    package let optimizer: any Optimizer
    package let losses: [any Loss]
    package let metrics: [any Metric]
    let allocator: Allocator

    package internal(set) var weights: Buffer<Float>
    let gradients: Buffer<Float>
    /// Optimizer slots, each as long as the trainable weights.
    package internal(set) var slots: [Buffer<Float>]
    private let slotPointers: Buffer<UnsafeMutablePointer<Float>>

    /// Everything that changes beside weights and slots.
    package struct State {
        /// Optimizer updates so far.
        package var iteration = 0
        /// Training passes so far: the number of the next one's random stream.
        package var passes = 0
        /// Whole epochs so far, and batches of the epoch that a stop cut short.
        package var epoch = 0
        package var position = 0
        package var learningRate: Double
        package var history: [(name: String, values: [Double])] = []
    }
    package internal(set) var state: State
    /// Key of the trainer's random numbers.
    package internal(set) var seed: UInt64

    private var snapshotBuffers: [Buffer<Float>] = []
    private var plan: Plan?
    private var targets: [Buffer<Float>] = []
    private var labels: [Buffer<Int32>] = []
    private var rowWeights: Buffer<Float>?
    private var partials: Buffer<Double>?
    /// Rows of the last forward pass, and whether it was for training.
    private var currentRows = 0
    package var rowsOfLastForward: Int { currentRows }
    /// Which output gradients the loss left in the plan, and whether they are before the activation.
    private var beforeActivation: [Bool] = []
    private var hasLossGradients = false
    private var holdsGradients = false

    package static let specs = [
        ParameterSpec("loss", .any("a loss, or an array of one loss for each output"), default: nil, "what to minimise"),
        ParameterSpec("optimizer", .object("an optimizer"), default: nil, "how to minimise it"),
        ParameterSpec("metrics", .any("a metric or an array of metrics"), default: .array([]), "what else to report"),
    ]

    /// Throws `invalidArgument` for a loss or metric that does not fit the outputs, `unsupported` for a network with
    /// parts that this version only runs.
    package init(_ model: NetworkModel, parameters: Parameters, in context: Context) throws(ApusError) {
        let graph = model.graph
        if let layer = graph.layers.first(where: { $0.untrainable != nil }) {
            throw .unsupported(
                "layer '\(layer.name)' has a \(layer.untrainable ?? ""), which this version runs but does not train.")
        }
        self.model = model
        self.parameters = parameters
        self.allocator = context.allocator
        optimizer = try OptimizerCatalog.family.make(parameters["optimizer"])
        let given = parameters["loss"].arrayValue ?? Array(repeating: parameters["loss"], count: graph.outputs.count)
        guard given.count == graph.outputs.count else {
            throw .invalid("The network has \(graph.outputs.count) outputs, but \(given.count) losses are given.")
        }
        var losses: [any Loss] = []
        for (index, json) in given.enumerated() {
            let loss = try LossCatalog.family.make(json)
            try loss.checkWidth(graph.nodes[graph.outputs[index]].shape.last)
            losses.append(loss)
        }
        self.losses = losses
        var metrics: [any Metric] = []
        let wanted = parameters["metrics"]
        for json in wanted.arrayValue ?? (wanted.isNull ? [] : [wanted]) {
            let metric = try MetricCatalog.family.make(json)
            if metric is ErrorMetric, losses.contains(where: { $0.targetKind == .labels }) {
                throw .invalid("The metric '\(metric.name)' needs targets of the outputs' shape; the loss takes labels.")
            }
            if let accuracy = metric as? Accuracy, accuracy.form == .sparse, losses[0].targetKind == .values,
                graph.nodes[graph.outputs[0]].shape.last > 1
            {
                throw .invalid("The metric '\(metric.name)' needs class numbers; the loss takes targets of the outputs' shape.")
            }
            if metrics.contains(where: { $0.name == metric.name }) {
                throw .invalid("The metric '\(metric.name)' is given twice.")
            }
            metrics.append(metric)
        }
        self.metrics = metrics
        weights = try model.weights.copy(in: allocator)
        gradients = try Buffer(zeros: max(graph.trainableCount, 1), in: allocator)
        var slots: [Buffer<Float>] = []
        for _ in optimizer.slots { slots.append(try Buffer(zeros: graph.trainableCount, in: allocator)) }
        self.slots = slots
        slotPointers = try Buffer(slots.map(\.pointer), in: allocator)
        state = State(learningRate: 0)
        seed = context.nextStream().bits64(0)
        try setLearningRate(optimizer.learningRate)
    }

    // MARK: Buffers

    /// Makes plan and target buffers for at least `rows` rows; keeps the old ones when that fails.
    func prepare(rows: Int) throws(ApusError) {
        if let plan, plan.rows >= rows { return }
        let graph = model.graph
        let fresh = try Plan(graph, rows: rows, training: true, in: allocator)
        var targets: [Buffer<Float>] = []
        var labels: [Buffer<Int32>] = []
        var positions = 1
        for (index, loss) in losses.enumerated() {
            let shape = graph.nodes[graph.outputs[index]].shape
            let count = loss.targetKind == .values ? shape.count : 0
            targets.append(try Buffer(count * rows, in: allocator))
            let places = max(1, shape.count / max(1, shape.last))
            positions = max(positions, places * rows)
            labels.append(try Buffer(loss.targetKind == .labels ? places * rows : 0, in: allocator))
        }
        let rowWeights = try Buffer<Float>(rows, in: allocator)
        let partials = try Buffer<Double>(positions / Trainer.positionsOfSlice + 2, in: allocator)
        fresh.attach(weights, gradients: gradients)
        plan = fresh
        self.targets = targets
        self.labels = labels
        self.rowWeights = rowWeights
        self.partials = partials
        hasLossGradients = false
        currentRows = 0
    }

    /// Positions of a loss handled as one slice.
    private static let positionsOfSlice = 256

    /// Throws when there was no forward pass.
    package func checkReady() throws(ApusError) { _ = try ready() }

    private func ready() throws(ApusError) -> Plan {
        guard let plan, currentRows > 0 else {
            throw .invalid("There is no forward pass to go on from: call forward first.")
        }
        return plan
    }

    // MARK: Loading a batch

    /// Checks the inputs of a dataset against the network.
    func checkInputs(_ dataset: Dataset) throws(ApusError) {
        let graph = model.graph
        guard dataset.inputs.count == graph.inputs.count else {
            throw .invalid("The network has \(graph.inputs.count) inputs, got \(dataset.inputs.count).")
        }
        for (index, view) in dataset.inputs.enumerated() {
            try Rows.check(view, of: graph.nodes[graph.inputs[index]].shape, name: "inputs[\(index)]")
        }
    }

    /// Checks the targets of a dataset against the losses.
    func checkTargets(_ dataset: Dataset) throws(ApusError) {
        let graph = model.graph
        guard dataset.targets.count == graph.outputs.count else {
            throw .invalid("The network has \(graph.outputs.count) outputs, got \(dataset.targets.count) targets.")
        }
        for (index, view) in dataset.targets.enumerated() {
            let shape = graph.nodes[graph.outputs[index]].shape
            let name = "targets[\(index)]"
            switch losses[index].targetKind {
            case .values:
                // One value a row may come without its axis of 1.
                if shape == Shape(1), view.shape.rank == 1 { continue }
                do { try Rows.check(view, of: shape, name: name) } catch {
                    throw ApusError(
                        error.code, "\(error.message) \(losses[index].parameters.kind) compares each output value.")
                }
            case .labels:
                var places = Shape()
                for axis in 0..<max(0, shape.rank - 1) { places.append(shape[axis]) }
                var withUnit = places
                withUnit.append(1)
                if (try? Rows.check(view, of: withUnit, name: name)) != nil { continue }
                do { try Rows.check(view, of: places, name: name) } catch {
                    throw ApusError(
                        error.code, "\(error.message) \(losses[index].parameters.kind) takes one class number for each.")
                }
            }
        }
    }

    private func loadInputs(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, borrows: Bool, _ plan: Plan,
        in context: Context
    ) throws(ApusError) {
        for (index, view) in dataset.inputs.enumerated() {
            if borrows, order == nil, view.dtype == .float32, view.isDense,
                plan.borrowInput(index, view.row(start).assumingMemoryBound(to: Float.self))
            { continue }
            _ = plan.borrowInput(index, nil)
            try view.gather(
                order, start: start, count: count, into: plan.input(index), name: "inputs[\(index)]", in: context)
        }
    }

    private func loadTargets(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, in context: Context
    ) throws(ApusError) {
        for (index, view) in dataset.targets.enumerated() {
            let name = "targets[\(index)]"
            switch losses[index].targetKind {
            case .values:
                try view.gather(
                    order, start: start, count: count, into: targets[index].pointer, name: name, in: context)
            case .labels:
                let width = model.graph.nodes[model.graph.outputs[index]].shape.last
                try view.gatherLabels(
                    order, start: start, count: count, classes: width, into: labels[index].pointer, name: name)
            }
        }
        if let view = dataset.sampleWeight, let rowWeights {
            for row in 0..<count {
                let number = order.map { $0[start + row] } ?? start + row
                rowWeights.pointer[row] = Float(view.double(view.row(number)))
            }
        }
    }

    // MARK: The parts of a step

    /// Loads the inputs of `count` rows and runs the network on them.
    ///
    /// - Parameter borrows: rows that lie right may be read in place; they must stay until the backward pass.
    package func forward(
        _ dataset: Dataset, _ order: UnsafePointer<Int>? = nil, start: Int = 0, count: Int, training: Bool,
        borrows: Bool, in context: Context
    ) throws(ApusError) {
        try prepare(rows: count)
        guard let plan else { return }
        hasLossGradients = false
        currentRows = 0
        try loadInputs(dataset, order, start: start, count: count, borrows: borrows, plan, in: context)
        plan.forward(
            rows: count, training: training, random: Philox(seed: seed, stream: UInt64(state.passes)), in: context)
        if training { state.passes += 1 }
        currentRows = count
    }

    /// A forward pass over all rows of some inputs, checked here.
    package func runForward(_ dataset: Dataset, training: Bool, in context: Context) throws(ApusError) {
        try checkInputs(dataset)
        try forward(dataset, count: dataset.rows, training: training, borrows: false, in: context)
    }

    /// Ends a pass whose inputs were borrowed: nothing may go on from it.
    func forgetPass() {
        currentRows = 0
        hasLossGradients = false
    }

    /// Output `index` of the last forward pass.
    package func output(_ index: Int) throws(ApusError) -> ArrayView {
        let plan = try ready()
        let shape = model.graph.nodes[model.graph.outputs[index]].shape
        return ArrayView(
            data: UnsafeMutableRawPointer(plan.output(index)), dtype: .float32, shape: shape.prefixed(by: currentRows))
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
            let shape = model.graph.nodes[model.graph.outputs[index]].shape
            let width = max(1, shape.last)
            let places = max(1, shape.count / width)
            let positions = places * currentRows
            let fuses = withGradients && loss.fuses(with: plan.finalActivation(index))
            let output = UnsafePointer(plan.output(index))
            let target = UnsafePointer(targets[index].pointer)
            let label = UnsafePointer(labels[index].pointer)
            let gradient = withGradients ? plan.outputGradient(index) : nil
            let scale = loss.sums ? 1 : 1 / Float(positions)
            // Rows count by their weights, one row at a time; without weights in slices of positions.
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
            if weighted, let rowWeights {
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
            result.loss += loss.sums ? sum : sum / Double(positions)
            beforeActivation[index] = fuses
            if withMetrics, index == 0 {
                for metric in metrics {
                    result.metrics.append(
                        metric.sum(call(0..<positions, 1), targets: loss.targetKind, context.kernels))
                    result.positions.append(Double(positions))
                }
            }
        }
        hasLossGradients = withGradients
        return result
    }

    /// The loss of the last forward pass on its targets, and the gradients by the outputs for `backward`.
    package func loss(_ dataset: Dataset, in context: Context) throws(ApusError) -> Double {
        _ = try ready()
        try checkTargets(dataset)
        guard dataset.rows == currentRows else {
            throw .shape("targets have \(dataset.rows) rows, the last forward pass had \(currentRows).")
        }
        return try evaluate(dataset, withGradients: true, withMetrics: false, in: context).loss
    }

    /// Adds the gradients of the last forward pass to those held.
    ///
    /// - Parameter outputGradients: by each output; nil takes those that `loss` computed.
    package func backward(
        outputGradients: [ArrayView]?, wantsInputGradients: Bool, in context: Context
    ) throws(ApusError) {
        let plan = try ready()
        if let outputGradients {
            for (index, view) in outputGradients.enumerated() {
                let shape = model.graph.nodes[model.graph.outputs[index]].shape.prefixed(by: currentRows)
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
        holdsGradients = true
    }

    /// The gradient by input `index` of a backward pass that was asked for it.
    package func inputGradient(_ index: Int) throws(ApusError) -> ArrayView {
        let plan = try ready()
        guard let pointer = plan.inputGradient(index) else { throw ApusError(.internal, "A plan without gradients.") }
        let shape = model.graph.nodes[model.graph.inputs[index]].shape
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
        holdsGradients = false
        try backward(outputGradients: nil, wantsInputGradients: false, in: context)
        try apply(in: context)
        return result
    }

    /// One step on all rows of a dataset; returns the loss before the update.
    package func step(_ dataset: Dataset, in context: Context) throws(ApusError) -> Double {
        try checkInputs(dataset)
        try checkTargets(dataset)
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

    // MARK: The rest

    package func setLearningRate(_ rate: Double) throws(ApusError) {
        guard rate >= 0, Float(rate).isFinite else {
            throw .parameter(
                "learning_rate", of: optimizer.parameters.kind, mustBe: "a number >= 0 that float32 holds",
                got: "\(rate)")
        }
        state.learningRate = Double(Float(rate))
    }

    /// Gives the model a copy of the working weights.
    package func publish(in context: Context) throws(ApusError) {
        let fresh = try Buffer<Float>(weights.count, in: allocator)
        Trainer.copy(weights, to: fresh, in: context)
        model.publish(fresh)
    }

    private static func copy(_ source: Buffer<Float>, to target: Buffer<Float>, in context: Context) {
        let (from, to) = (source.pointer, target.pointer)
        context.parallel(over: source.count, by: 1 << 16) { range in
            (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
        }
    }

    /// A view of the gradient held for a weight.
    package func gradient(_ path: String) throws(ApusError) -> ArrayView {
        let slot = try model.graph.slot(path)
        guard slot.isTrainable else { throw .invalid("Weight '\(path)' does not train, so it has no gradient.") }
        guard holdsGradients else {
            throw ApusError(.notFitted, "There are no gradients held: call backward first.")
        }
        return NetworkModel.view(slot, in: gradients)
    }

    package func weight(_ path: String) throws(ApusError) -> ArrayView {
        NetworkModel.view(try model.graph.slot(path), in: weights)
    }

    /// Copies for taking a failed fit back.
    struct Snapshot {
        let weights: Buffer<Float>
        let slots: [Buffer<Float>]
        let state: State
    }

    /// The buffers are kept from fit to fit, so that a fit of one epoch does not pay for fresh pages.
    func snapshot(in context: Context) throws(ApusError) -> Snapshot {
        if snapshotBuffers.isEmpty {
            var fresh = [try Buffer<Float>(weights.count, in: allocator)]
            for slot in slots { fresh.append(try Buffer(slot.count, in: allocator)) }
            snapshotBuffers = fresh
        }
        for (copy, source) in zip(snapshotBuffers, [weights] + slots) {
            Trainer.copy(source, to: copy, in: context)
        }
        return Snapshot(weights: snapshotBuffers[0], slots: Array(snapshotBuffers.dropFirst()), state: state)
    }

    func restore(_ snapshot: Snapshot) {
        weights.pointer.update(from: snapshot.weights.pointer, count: weights.count)
        for (slot, saved) in zip(slots, snapshot.slots) { slot.pointer.update(from: saved.pointer, count: slot.count) }
        state = snapshot.state
        holdsGradients = false
        hasLossGradients = false
    }

    /// "loss", then the metrics.
    package var metricNames: [String] { ["loss"] + metrics.map(\.name) }
}
