import Core

/// What one call of a layer works on. All arrays are dense, rows first.
package final class LayerStep {
    /// Shapes of one row.
    package let inputShapes: [Shape]
    package let outputShapes: [Shape]
    /// Rows of this step.
    package internal(set) var rows = 0
    package internal(set) var training = false
    /// Lanes for `context.parallel(slices, lanes:)`, as the workspace was made for.
    package let lanes: Int
    /// False when the layer, or one that it is part of, is frozen: batch normalization then runs as in inference.
    package let isTrainable: Bool
    package internal(set) var inputs: [UnsafeMutablePointer<Float>]
    package let outputs: [UnsafeMutablePointer<Float>]
    /// Empty in plans for inference.
    package let outputGradients: [UnsafeMutablePointer<Float>]
    /// nil for each that nobody needs; empty in plans for inference.
    package internal(set) var inputGradients: [UnsafeMutablePointer<Float>?]
    /// One float for each row and step, 1 or 0: of each input, nil for one without a mask.
    package let masks: [UnsafeMutablePointer<Float>?]
    /// Their shapes for one row.
    package let maskShapes: [Shape?]
    /// Where the layer writes the masks that it makes: nil for each that is not its own.
    package let outputMasks: [UnsafeMutablePointer<Float>?]
    /// The layer's weights in order.
    package internal(set) var weights: [UnsafeMutablePointer<Float>] = []
    /// Their gradients, nil for each that does not train (all in inference).
    package internal(set) var gradients: [UnsafeMutablePointer<Float>?] = []
    /// In a training pass, for each weight that is not trainable by nature, the value that it will have after the
    /// step: to be updated in place from what it is. nil for the others, for a frozen layer, and in inference.
    package internal(set) var updates: [UnsafeMutablePointer<Float>?] = []
    /// Add to the gradients held instead of setting them.
    package internal(set) var accumulates = false
    /// The gradient at the output is by the value before the final activation.
    package internal(set) var gradientIsBeforeActivation = false
    /// False in a plan for inference after the first pass with these weights: what forward made of them alone, in
    /// scratch, is still there.
    package internal(set) var weightsAreNew = true
    /// Kept from forward to backward; in a plan for inference from pass to pass.
    package let scratch: UnsafeMutablePointer<Float>
    /// Room that does not last.
    package let workspace: UnsafeMutablePointer<Float>
    /// Kept from batch to batch, rows first; zeros at the beginning.
    package internal(set) var state: UnsafeMutablePointer<Float>?
    /// What the layer prepared when the plan was made.
    package internal(set) var prepared: AnyObject?
    /// Key of the step's random numbers.
    package internal(set) var random = Philox(seed: 0, stream: 0)
    /// Whether someone will ask for the loss that the layer adds.
    package let wantsLoss: Bool
    /// What the layer adds to the loss, set by forward; backward adds its gradient to the inputs'.
    package var loss = 0.0
    /// Elements of one row of the first input and output.
    package let inputCount: Int
    package let outputCount: Int

    init(
        inputShapes: [Shape], outputShapes: [Shape], lanes: Int, isTrainable: Bool,
        inputs: [UnsafeMutablePointer<Float>], outputs: [UnsafeMutablePointer<Float>],
        outputGradients: [UnsafeMutablePointer<Float>], masks: [UnsafeMutablePointer<Float>?],
        maskShapes: [Shape?], outputMasks: [UnsafeMutablePointer<Float>?], scratch: UnsafeMutablePointer<Float>,
        workspace: UnsafeMutablePointer<Float>, wantsLoss: Bool
    ) {
        self.inputShapes = inputShapes
        self.outputShapes = outputShapes
        self.lanes = lanes
        self.isTrainable = isTrainable
        self.inputs = inputs
        self.outputs = outputs
        self.outputGradients = outputGradients
        self.inputGradients = Array(repeating: nil, count: outputGradients.isEmpty ? 0 : inputs.count)
        self.masks = masks
        self.maskShapes = maskShapes
        self.outputMasks = outputMasks
        self.scratch = scratch
        self.workspace = workspace
        self.wantsLoss = wantsLoss
        inputCount = inputShapes[0].count
        outputCount = outputShapes[0].count
    }

    /// Elements of one row of the mask of the first output; 0 without one.
    package internal(set) var maskCount = 0

    // The first of each, which is all that most layers have.

    package var inputShape: Shape { inputShapes[0] }
    package var outputShape: Shape { outputShapes[0] }
    package var input: UnsafeMutablePointer<Float> { inputs[0] }
    package var output: UnsafeMutablePointer<Float> { outputs[0] }
    package var outputGradient: UnsafeMutablePointer<Float>? { outputGradients.first }
    package var inputGradient: UnsafeMutablePointer<Float>? { inputGradients.first ?? nil }

    /// The mask of input `place` if it has one value for each of `steps` in a row: what a layer can use.
    package func mask(_ place: Int = 0, over steps: Shape) -> UnsafePointer<Float>? {
        guard place < masks.count, maskShapes[place] == steps else { return nil }
        return masks[place].map { UnsafePointer($0) }
    }

    /// Whether a backward pass may follow, so that what it needs must be kept.
    package var isDifferentiable: Bool { !outputGradients.isEmpty }

    /// Whether any weight has a gradient to be made.
    package var trains: Bool { gradients.contains { $0 != nil } }
}
