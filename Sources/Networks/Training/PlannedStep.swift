import Core

/// A step of a plan with what is known of it beforehand. A class, so that a pass over the steps copies nothing.
final class PlannedStep {
    let step: LayerStep
    let layer: any Layer
    /// Its weights among the graph's.
    let slots: [Int]
    /// Rows of the step for each row of the batch.
    let factor: Int
    /// Number of its random stream.
    let stream: UInt64
    /// It does nothing: the output is the input's memory.
    let isView: Bool
    /// Its inputs among the program's values.
    let values: [Int]
    /// For each input, where the gradient goes when another consumer wrote it before, to be added; nil for the first.
    let spares: [UnsafeMutablePointer<Float>?]
    /// Another call of the same weights was before this one in the backward pass.
    let sharesWeights: Bool
    /// Some weight before each input trains, so that backward must go through it.
    let inputTrains: [Bool]
    /// Whether each weight has a gradient.
    let trains: [Bool]
    let anyTrains: Bool
    /// Which of the network's outputs its first output is, or is a view of that nothing else uses.
    let output: Int?
    /// Penalties on its outputs.
    let penalties: [(place: Int, regularizer: any Regularizer)]
    /// Where the new values are made of the weights that a training pass updates, by weight; and the same for no pass of
    /// training.
    let updates: [UnsafeMutablePointer<Float>?]
    let noUpdates: [UnsafeMutablePointer<Float>?]
    let hasUpdates: Bool
    /// Floats of state for one row, and where they begin among those of all steps.
    let state: (count: Int, start: Int)

    init(
        step: LayerStep, layer: any Layer, slots: [Int], factor: Int, stream: UInt64, isView: Bool, values: [Int],
        spares: [UnsafeMutablePointer<Float>?], sharesWeights: Bool, inputTrains: [Bool], trains: [Bool], output: Int?,
        penalties: [(place: Int, regularizer: any Regularizer)], updates: [UnsafeMutablePointer<Float>?],
        state: (count: Int, start: Int)
    ) {
        self.step = step
        self.layer = layer
        self.slots = slots
        self.factor = factor
        self.stream = stream
        self.isView = isView
        self.values = values
        self.spares = spares
        self.sharesWeights = sharesWeights
        self.inputTrains = inputTrains
        self.trains = trains
        anyTrains = trains.contains(true)
        self.output = output
        self.penalties = penalties
        self.updates = updates
        noUpdates = updates.map { _ in nil }
        hasUpdates = updates.contains { $0 != nil }
        self.state = state
        step.updates = noUpdates
    }

    /// Where an output is: of a view at the input, which may have been borrowed.
    func values(_ place: Int) -> UnsafeMutablePointer<Float> { isView ? step.inputs[0] : step.outputs[place] }
}
