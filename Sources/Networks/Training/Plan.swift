import Core

/// A program laid out for up to a number of rows: every activation, gradient and scratch has its place in one arena,
/// and a pass allocates nothing.
package final class Plan {
    package let program: Program
    package let rows: Int
    package let isForTraining: Bool
    private let arena: Buffer<Float>
    private let outputs: [UnsafeMutablePointer<Float>]
    private let gradients: [UnsafeMutablePointer<Float>?]
    private let masks: [UnsafeMutablePointer<Float>]
    /// Rows times this are the elements of each value.
    private let elements: [Int]
    private let steps: [PlannedStep]
    /// The step that ends in each output, when nothing else uses what it makes.
    private let ends: [Int?]
    /// Values that no step of the backward pass writes the gradient of, so that it must be set to zero before.
    private let unwritten: [Int]
    /// Weights that forward passes of training update: where they are made, and where they belong.
    private let updated: [(slot: Int, pending: UnsafeMutablePointer<Float>, count: Int)]
    private var hasUpdates = false
    /// Floats of state for one row.
    package let stateCount: Int
    /// Keeps the weights alive that the steps point into.
    private var weights: Buffer<Float>?
    private var states: LayerStates?
    /// Steps that read each input, directly or through views; empty when an output is the input's memory, and in plans
    /// for inference.
    private let inputReaders: [[(step: LayerStep, place: Int)]]

    /// Throws `limit` or `outOfMemory` with the size that the arena needs.
    package init(_ program: Program, rows: Int, training: Bool, in context: Context) throws(ApusError) {
        self.program = program
        self.rows = rows
        self.isForTraining = training
        let values = program.values
        let steps = program.steps
        let lanes = context.threads
        let layout = try PlanLayout(program, rows: rows, training: training, lanes: lanes)
        let arena: Buffer<Float>
        do { arena = try Buffer(zeros: layout.size, in: context.allocator) } catch {
            let (bytes, overflow) = layout.size.multipliedReportingOverflow(by: 4)
            throw ApusError(
                error.code, "The arena for \(rows) rows needs \(overflow ? Int.max : bytes) bytes. " + error.message)
        }
        self.arena = arena
        elements = layout.elements
        let outputs = layout.outputs.map { arena.pointer + $0 }
        let gradients: [UnsafeMutablePointer<Float>?] = layout.gradients.map { training ? arena.pointer + $0 : nil }
        let masks = layout.masks.map { arena.pointer + $0 }
        self.outputs = outputs
        self.gradients = gradients
        self.masks = masks
        updated = layout.pending.map { (slot: $0.slot, pending: arena.pointer + $0.offset, count: $0.count) }

        // Whether some weight trains at or before each value.
        var trainsUpTo = [Bool](repeating: false, count: values.count)
        for step in steps {
            let own = step.slots.contains { program.graph.slots[$0].isTrainable }
            let any = own || step.inputs.contains { trainsUpTo[$0] }
            for output in step.outputs { trainsUpTo[output] = any }
        }
        // Which step ends in each output of the network: behind views that nothing else uses.
        var endOf = [Int?](repeating: nil, count: steps.count)
        for (index, output) in program.outputs.enumerated() where layout.consumers[output] == 0 {
            var value = output
            while let source = layout.shared(value, in: program) { value = source }
            if let number = layout.producer[value], steps[number].outputs.count == 1 { endOf[number] = index }
        }
        var visited = Set<Int>()
        var planned: [PlannedStep] = []
        var stateCount = 0
        for number in steps.indices.reversed() {
            let step = steps[number]
            let layerStep = LayerStep(
                inputShapes: step.inputs.map { values[$0].shape }, outputShapes: step.outputs.map { values[$0].shape },
                lanes: lanes, isTrainable: step.isTrainable, inputs: step.inputs.map { outputs[$0] },
                outputs: step.outputs.map { outputs[$0] },
                outputGradients: training ? step.outputs.compactMap { gradients[$0] } : [],
                masks: step.masks.map { $0.map { masks[$0] } },
                maskShapes: step.masks.map { $0.map { program.masks[$0].shape } },
                outputMasks: step.ownMasks.map { $0.map { masks[$0] } },
                scratch: arena.pointer + layout.scratch[number], workspace: arena.pointer + layout.workspace,
                wantsLoss: training)
            if !layout.isView[number] {
                layerStep.prepared = step.layer.prepare(
                    PlanLayout.call(step, of: program, rows: rows, training: training, lanes: lanes))
            }
            layerStep.maskCount = (step.ownMasks.first ?? nil).map { program.masks[$0].shape.count } ?? 0
            var shared = false
            for slot in step.slots where !visited.insert(slot).inserted { shared = true }
            let state = cappedProduct(step.layer.state(layerStep.inputShapes), step.factor)
            let trains = step.slots.map { training && program.graph.slots[$0].isTrainable }
            planned.append(
                PlannedStep(
                    step: layerStep, layer: step.layer, slots: step.slots, factor: step.factor,
                    stream: UInt64(step.outputs.first ?? 0) << 40, isView: layout.isView[number], values: step.inputs,
                    spares: layout.spares[number].map { $0.map { arena.pointer + layout.spare + $0 } },
                    sharesWeights: shared, inputTrains: step.inputs.map { trainsUpTo[$0] }, trains: trains,
                    output: endOf[number],
                    penalties: step.outputs.enumerated().flatMap { place, value in
                        program.penalties.filter { $0.value == value }.map { (place, $0.regularizer) }
                    },
                    updates: step.slots.map { slot in
                        step.isTrainable
                            ? layout.pending.first { $0.slot == slot }.map { arena.pointer + $0.offset } : nil
                    },
                    state: (state, stateCount)))
            stateCount += state
        }
        self.stateCount = stateCount
        self.steps = planned.reversed()
        ends = program.outputs.indices.map { index in endOf.firstIndex { $0 == index } }
        unwritten = training ? values.indices.filter { !layout.written[$0] && !layout.isOutput[$0] } : []
        inputReaders = program.inputs.map { input in
            let isOutput = program.outputs.contains { layout.outputs[$0] == layout.outputs[input] }
            // In a plan for inference other values are at an input's place at other times.
            if isOutput || !training { return [] }
            var readers: [(step: LayerStep, place: Int)] = []
            for item in planned {
                for (place, value) in item.values.enumerated() where layout.outputs[value] == layout.outputs[input] {
                    readers.append((item.step, place))
                }
            }
            return readers
        }
    }

    /// Bytes of the arena.
    package var bytes: Int { arena.count * 4 }

    /// Points the steps at a set of weights and, in training, their gradients. Weights must not be freed before the
    /// plan, or the next call of this.
    ///
    /// - Parameter stand: what passes use in place of the trainable weights, which come first; it must last as long.
    package func attach(_ weights: Buffer<Float>, gradients: Buffer<Float>?, trainable stand: Buffer<Float>? = nil) {
        self.weights = weights
        let slots = program.graph.slots
        for planned in steps {
            planned.step.weights = planned.slots.map { slot in
                let source = slots[slot].isTrainable ? stand ?? weights : weights
                return source.pointer + slots[slot].offset
            }
            planned.step.weightsAreNew = true
            planned.step.gradients = zip(planned.slots, planned.trains).map { slot, trains in
                trains ? gradients.map { $0.pointer + slots[slot].offset } : nil
            }
        }
    }

    /// Points the steps at the states that are kept from batch to batch.
    package func attach(_ states: LayerStates) {
        self.states = states
        for planned in steps where planned.state.count > 0 {
            planned.step.state = states.values.pointer + planned.state.start * states.rows
        }
    }

    /// Lets the steps read the rows of input `index` where they are, instead of the plan's own place; nil goes back to
    /// that. The memory is only read, and must stay until the backward pass. False when an output is the input's
    /// memory, and in a plan for inference.
    package func borrowInput(_ index: Int, _ rows: UnsafePointer<Float>?) -> Bool {
        let readers = inputReaders[index]
        guard !readers.isEmpty else { return false }
        let pointer = rows.map { UnsafeMutablePointer(mutating: $0) } ?? input(index)
        for reader in readers { reader.step.inputs[reader.place] = pointer }
        return true
    }

    /// Where input `index`'s rows belong.
    package func input(_ index: Int) -> UnsafeMutablePointer<Float> { outputs[program.inputs[index]] }
    /// Where output `index`'s rows are.
    package func output(_ index: Int) -> UnsafeMutablePointer<Float> { outputs[program.outputs[index]] }
    /// What a call of a layer gave in the last forward pass of `rows` rows, by names: "encoder/dense". Throws
    /// `invalidArgument` for a layer, call or output that there is not.
    package func result(_ path: String, call: Int, output: Int, rows: Int) throws(ApusError) -> ArrayView {
        guard let calls = program.results[path] else {
            let names = program.results.keys.sorted().prefix(20).joined(separator: ", ")
            throw .invalid("There is no layer '\(path.prefix(80))' in the network; there are \(names).")
        }
        guard call >= 0, call < calls.count else {
            throw .invalid("Layer '\(path)' is called \(calls.count) times, got call \(call).")
        }
        guard output >= 0, output < calls[call].count else {
            throw .invalid("Layer '\(path)' has \(calls[call].count) outputs, got output \(output).")
        }
        let value = calls[call][output]
        let place = program.values[value]
        return ArrayView(
            data: UnsafeMutableRawPointer(outputs[value]), dtype: .float32,
            shape: place.shape.prefixed(by: rows * place.factor))
    }
    /// Where the mask of output `index` is: its place and the shape for one row; nil for an output without one.
    package func outputMask(_ index: Int) -> (values: UnsafeMutablePointer<Float>, shape: Shape)? {
        program.outputMasks[index].map { (masks[$0], program.masks[$0].shape) }
    }
    /// Where the gradient by output `index` belongs. Of a plan for training.
    package func outputGradient(_ index: Int) -> UnsafeMutablePointer<Float>? { gradients[program.outputs[index]] }
    /// Where the gradient by input `index` is after a backward pass that was asked for it.
    package func inputGradient(_ index: Int) -> UnsafeMutablePointer<Float>? { gradients[program.inputs[index]] }

    /// The activation at the end of output `index`, when nothing else uses what is before it.
    package func finalActivation(_ index: Int) -> Activation? {
        guard let number = ends[index], steps[number].penalties.isEmpty else { return nil }
        return steps[number].layer.finalActivation
    }

    /// Runs all layers on `count` rows.
    ///
    /// - Parameters:
    ///   - random: seed of the pass and a stream number that no other pass has; each step gets a stream of its own.
    package func forward(rows count: Int, training: Bool, random: Philox, in context: Context) {
        hasUpdates = training && !updated.isEmpty
        if hasUpdates, let weights {
            for item in updated {
                item.pending.update(from: weights.pointer + program.graph.slots[item.slot].offset, count: item.count)
            }
        }
        for planned in steps {
            let step = planned.step
            step.rows = count * planned.factor
            step.training = training
            if planned.isView { continue }
            if training {
                step.random = Philox(seed: random.seed, stream: random.stream &+ planned.stream)
            }
            if planned.hasUpdates { step.updates = training ? planned.updates : planned.noUpdates }
            planned.layer.forward(step, in: context)
            step.weightsAreNew = isForTraining
        }
    }

    /// What the layers add to the loss of the last forward pass: their own terms, and penalties on outputs.
    package func addedLoss() -> Double {
        var sum = 0.0
        for planned in steps {
            sum += planned.step.loss
            for penalty in planned.penalties {
                let shape = planned.step.outputShapes[penalty.place].prefixed(by: planned.step.rows)
                sum +=
                    penalty.regularizer.penalty(planned.values(penalty.place), shape)
                    / Double(planned.step.rows / planned.factor)
            }
        }
        return sum
    }

    /// Makes the weights of the last forward pass of training those that it led to, unless they are not finite.
    package func commitUpdates() {
        guard hasUpdates, let weights else { return }
        hasUpdates = false
        for item in updated {
            var isFinite = true
            for index in 0..<item.count where !item.pending[index].isFinite { isFinite = false }
            guard isFinite else { return }
        }
        for item in updated {
            (weights.pointer + program.graph.slots[item.slot].offset).update(from: item.pending, count: item.count)
        }
    }

    /// From the gradients by the outputs to those by the weights (added to those held when `accumulates`) and, where
    /// asked, by the inputs.
    package func backward(
        beforeActivation: [Bool], accumulates: Bool, wantsInputGradients: Bool, in context: Context
    ) {
        for value in unwritten {
            guard let gradient = gradients[value], let rows = steps.first.map({ $0.step.rows / $0.factor }) else { continue }
            gradient.update(repeating: 0, count: elements[value] * rows)
        }
        for planned in steps.reversed() {
            let step = planned.step
            var needsAny = false
            for place in planned.values.indices where planned.inputTrains[place] || wantsInputGradients { needsAny = true }
            if !planned.anyTrains && !needsAny { continue }
            let rows = step.rows / planned.factor
            for penalty in planned.penalties {
                penalty.regularizer.addGradient(
                    planned.values(penalty.place), step.outputShapes[penalty.place].prefixed(by: step.rows),
                    scale: 1 / Float(rows), to: step.outputGradients[penalty.place])
            }
            if planned.isView {
                passThrough(planned, rows, in: context)
                continue
            }
            step.accumulates = accumulates || planned.sharesWeights
            step.gradientIsBeforeActivation = planned.output.map { beforeActivation[$0] } ?? false
            for place in planned.values.indices {
                let needs = planned.inputTrains[place] || wantsInputGradients
                step.inputGradients[place] = needs ? planned.spares[place] ?? gradients[planned.values[place]] : nil
            }
            planned.layer.backward(step, in: context)
            for (place, value) in planned.values.enumerated() {
                guard let own = step.inputGradients[place], let spare = planned.spares[place], own == spare,
                    let target = gradients[value]
                else { continue }
                context.kernels.add(target, spare, target, Int64(elements[value] * rows))
            }
        }
    }

    /// The gradient of a view, where it has a place of its own.
    private func passThrough(_ planned: PlannedStep, _ rows: Int, in context: Context) {
        guard let own = planned.step.outputGradient, let target = gradients[planned.values[0]], own != target else {
            return
        }
        let count = elements[planned.values[0]] * rows
        if planned.spares[0] != nil {
            context.kernels.add(target, own, target, Int64(count))
        } else {
            target.update(from: own, count: count)
        }
    }
}

/// What stateful layers keep from batch to batch, for a trainer or a session.
package final class LayerStates {
    let values: Buffer<Float>
    /// Rows that there is room for.
    let rows: Int

    init(count: Int, rows: Int, in allocator: Allocator) throws(ApusError) {
        self.rows = rows
        values = try Buffer(zeros: cappedProduct(count, rows), in: allocator)
    }

    /// Back to zeros.
    package func reset() { values.clear() }
}
