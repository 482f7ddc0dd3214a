import Core

/// Trains a network: a working copy of its weights, gradients, the optimizer's state, position, random state, history.
package final class Trainer: @unchecked Sendable {
    package let model: NetworkModel
    package let parameters: Parameters
    package let optimizer: any Optimizer
    /// The optimizer's learning rate as it was given, and what it does around its rule.
    let learningRate: LearningRate
    let settings: UpdateSettings
    /// Where the trainable weights decay.
    let decayRanges: [Range<Int>]
    let measures: Measures
    package var losses: [any Loss] { measures.losses }
    let allocator: Allocator

    package internal(set) var weights: Buffer<Float>
    let gradients: Buffer<Float>
    /// State arrays, each as long as the trainable weights: the optimizer's, then the average of the weights if kept.
    package internal(set) var slots: [Buffer<Float>]
    let slotKinds: [OptimizerSlot]
    /// Sums of squares of the slices of gradients.
    let squares: Buffer<Double>
    let slotPointers: Buffer<UnsafeMutablePointer<Float>>

    /// Everything that changes beside weights and slots.
    package struct State {
        /// Optimizer updates so far.
        package var iteration = 0
        /// Training passes so far: the number of the next one's random stream.
        package var passes = 0
        /// Whole epochs so far, and batches of the epoch that a stop cut short.
        package var epoch = 0
        package var position = 0
        /// Whether the average of the weights stands for them: from the end of a fit to the next update.
        var isAveraged = false
        /// Batches whose gradients wait for the rest of an update.
        var group = BatchGroup()
        package var learningRate: Double
        package var history: [(name: String, values: [Double])] = []
    }
    package internal(set) var state: State
    /// Key of the trainer's random numbers.
    package internal(set) var seed: UInt64

    /// nil when passes use the weights as they are.
    let weightNoise: WeightNoise?
    var snapshotBuffers: [Buffer<Float>] = []
    private let cache: PlanCache
    var plan: Plan?
    var states: LayerStates?
    /// Trainable weights that have a penalty, and those that have a constraint.
    let penalised: [WeightSlot]
    let constrained: [WeightSlot]
    var targets: [Buffer<Float>] = []
    /// Where the targets of the batch are, of those outputs whose rows lie right in the caller's memory; only during
    /// the call that gave them.
    var borrowedTargets: [UnsafePointer<Float>?] = []
    var labels: [Buffer<Int32>] = []
    let rooms: [LossRoom]
    /// Weights of the classes in the fit that is going on.
    var classWeights: [Float]?
    var partials: Buffer<Double>?
    /// Rows of the last forward pass, and whether it was for training.
    var currentRows = 0
    package var rowsOfLastForward: Int { currentRows }
    /// Which output gradients the loss left in the plan, and whether they are before the activation.
    var beforeActivation: [Bool] = []
    var hasLossGradients = false
    /// The augmentation of the source that a fit takes its batches from.
    var sourceAugmentation: TrainingAugmentation?
    /// Whether the targets of the batch lie ready, mixed by an augmentation.
    var hasMixedTargets = false
    var holdsGradients = false

    package static let specs =
        Measures.specs + [
            ParameterSpec("optimizer", .object("an optimizer"), default: nil, "how to minimise it"), WeightNoise.spec,
        ]

    /// Throws `invalidArgument` for a loss or metric that does not fit the outputs, `unsupported` for a network with
    /// parts that this version only runs.
    package init(_ model: NetworkModel, parameters: Parameters, in context: Context) throws(ApusError) {
        let graph = model.graph
        for layer in graph.layers {
            guard let part = layer.untrainable else { continue }
            throw .unsupported(
                "layer '\(part.layer)' has a \(part.key), which this version runs but does not train.")
        }
        self.model = model
        cache = PlanCache(graph, training: true)
        penalised = graph.slots.filter { $0.isTrainable && $0.regularizer != nil }
        constrained = graph.slots.filter { $0.isTrainable && $0.constraint != nil }
        self.parameters = parameters
        self.allocator = context.allocator
        optimizer = try OptimizerCatalog.family.make(parameters["optimizer"])
        learningRate = try LearningRate(optimizer.parameters)
        settings = try UpdateSettings(optimizer.parameters)
        decayRanges = settings.decayRanges(graph.slots)
        slotKinds = optimizer.slots + settings.slots
        let measures = try Measures(graph, parameters, in: context.allocator)
        self.measures = measures
        let allocator = context.allocator
        rooms = measures.losses.map { _ in LossRoom(allocator) }
        weights = try model.weights.copy(in: allocator)
        gradients = try Buffer(zeros: max(graph.trainableCount, 1), in: allocator)
        weightNoise = try WeightNoise(parameters, count: graph.trainableCount, in: allocator)
        var slots: [Buffer<Float>] = []
        for kind in slotKinds {
            let slot = try Buffer<Float>(zeros: graph.trainableCount, in: allocator)
            if kind.initial != 0 { slot.pointer.update(repeating: kind.initial, count: slot.count) }
            slots.append(slot)
        }
        self.slots = slots
        squares = try Buffer(graph.trainableCount / Trainer.numbersOfSlice + 1, in: allocator)
        slotPointers = try Buffer(slots.map(\.pointer), in: allocator)
        state = State(learningRate: 0)
        seed = context.nextStream().bits64(0)
        try begin(at: learningRate.value(at: 0))
    }

    // MARK: Buffers

    /// Makes plan and target buffers for at least `rows` rows of inputs of these shapes; keeps the old ones when that
    /// fails.
    func prepare(rows: Int, _ shapes: [Shape], in context: Context) throws(ApusError) {
        if let plan, plan.rows >= rows, plan.program.inputShapes == shapes { return }
        let (fresh, isFresh) = try cache.plan(rows: rows, shapes, in: context)
        // At once: the cache has it from here on, whatever else fails.
        if isFresh { fresh.attach(weights, gradients: gradients, trainable: weightNoise?.weights) }
        var targets: [Buffer<Float>] = []
        var labels: [Buffer<Int32>] = []
        var positions = 1
        for (index, loss) in losses.enumerated() {
            let shape = fresh.program.outputShapes[index]
            let count = loss.targetKind == .values && measures.hasLoss ? cappedProduct(shape.count, fresh.rows) : 0
            targets.append(try larger(index < self.targets.count ? self.targets[index] : nil, count))
            let places = cappedProduct(LossForm(measures.layouts[index], shape).places, fresh.rows)
            positions = max(positions, places)
            labels.append(
                try larger(
                    index < self.labels.count ? self.labels[index] : nil, loss.targetKind == .labels ? places : 0))
        }
        let partials = try larger(self.partials, positions / Trainer.positionsOfSlice + 2)
        var states = self.states
        if fresh.stateCount > 0, (states?.values.count ?? 0) < cappedProduct(fresh.stateCount, rows) {
            states = try LayerStates(count: fresh.stateCount, rows: rows, in: allocator)
        }
        if let states { fresh.attach(states) }
        plan = fresh
        self.states = states
        self.targets = targets
        borrowedTargets = losses.map { _ in nil }
        self.labels = labels
        self.partials = partials
        hasLossGradients = false
        currentRows = 0
    }

    /// The buffer, or a new one if it has room for fewer elements.
    private func larger<Element>(_ held: Buffer<Element>?, _ count: Int) throws(ApusError) -> Buffer<Element> {
        if let held, held.count >= count { return held }
        return try Buffer(count, in: allocator)
    }

    /// Sets what stateful layers keep from batch to batch back to zeros.
    package func resetStates() { states?.reset() }

    /// Positions of a loss handled as one slice.
    static let positionsOfSlice = 256

    /// Throws when there was no forward pass.
    package func checkReady() throws(ApusError) { _ = try ready() }

    func ready() throws(ApusError) -> Plan {
        guard let plan, currentRows > 0 else {
            throw .invalid("There is no forward pass to go on from: call forward first.")
        }
        return plan
    }

    /// Throws `invalidArgument` for a rate that float32 does not hold, and where a schedule sets it.
    package func setLearningRate(_ rate: Double) throws(ApusError) {
        guard !learningRate.isSchedule else {
            throw .invalid(
                "The learning_rate of \(optimizer.parameters.kind) follows a schedule, so it cannot be set.")
        }
        try begin(at: rate)
    }

    /// Goes on with a learning rate, until a schedule gives the next.
    func begin(at rate: Double) throws(ApusError) {
        guard rate >= 0, Float(rate).isFinite else {
            throw .parameter(
                "learning_rate", of: optimizer.parameters.kind, mustBe: "a number >= 0 that float32 holds",
                got: "\(rate)")
        }
        state.learningRate = Double(Float(rate))
    }

    /// Gives the model a copy of the working weights, or of their average where that stands for them.
    package func publish(in context: Context) throws(ApusError) {
        let fresh = try Buffer<Float>(weights.count, in: allocator)
        Trainer.copy(weights, to: fresh, in: context)
        if state.isAveraged, let average { fresh.pointer.update(from: average.pointer, count: average.count) }
        model.publish(fresh)
    }

    /// Takes the model's weights of this moment as the working weights; the optimizer's state stays.
    package func refresh(in context: Context) {
        let current = model.weights
        Trainer.copy(current, to: weights, in: context)
        withExtendedLifetime(current) {}
        state.isAveraged = false
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

    /// Sets one of the working weights, of its shape; the optimizer's state stays.
    package func set(_ path: String, to value: ArrayView) throws(ApusError) {
        let slot = try model.graph.slot(path)
        guard value.shape == slot.shape else {
            throw .shape("Weight '\(path)' has shape \(slot.shape), got \(value.shape).")
        }
        let fresh = try Buffer<Float>(slot.count, in: allocator)
        try value.copy(to: fresh.pointer, name: "value")
        (weights.pointer + slot.offset).update(from: fresh.pointer, count: slot.count)
        state.isAveraged = false
    }

    /// Copies for taking a failed fit back.
    struct Snapshot {
        let weights: Buffer<Float>
        let slots: [Buffer<Float>]
        /// Only where a group of batches was waiting.
        let gradients: Buffer<Float>?
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
        return Snapshot(
            weights: snapshotBuffers[0], slots: Array(snapshotBuffers.dropFirst()),
            gradients: holdsGroup ? try gradients.copy(in: allocator) : nil, state: state)
    }

    func restore(_ snapshot: Snapshot) {
        weights.pointer.update(from: snapshot.weights.pointer, count: weights.count)
        for (slot, saved) in zip(slots, snapshot.slots) { slot.pointer.update(from: saved.pointer, count: slot.count) }
        state = snapshot.state
        if let saved = snapshot.gradients { gradients.pointer.update(from: saved.pointer, count: gradients.count) }
        holdsGradients = snapshot.gradients != nil
        hasLossGradients = false
    }

    /// "loss", with several outputs the loss of each, then the metrics.
    package var metricNames: [String] { measures.names }
}
