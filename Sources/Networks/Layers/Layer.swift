import Core

/// One weight that a layer needs.
package struct WeightSpec: Sendable {
    /// Keras's name within the layer, "kernel"; of a composite layer with the inner layers' names before,
    /// "dense/kernel".
    package let name: String
    package let shape: Shape
    package let initializer: any Initializer
    /// Whether gradients change it. Statistics that a forward pass of training updates are not trainable.
    package let isTrainable: Bool
    package let regularizer: (any Regularizer)?
    package let constraint: (any WeightConstraint)?

    package init(
        _ name: String, _ shape: Shape, _ initializer: any Initializer, isTrainable: Bool = true,
        regularizer: (any Regularizer)? = nil, constraint: (any WeightConstraint)? = nil
    ) {
        self.name = name
        self.shape = shape
        self.initializer = initializer
        self.isTrainable = isTrainable
        self.regularizer = regularizer
        self.constraint = constraint
    }

    /// The same weight as part of an outer layer.
    package func within(_ layer: String, isTrainable outer: Bool = true) -> WeightSpec {
        WeightSpec(
            layer + "/" + name, shape, initializer, isTrainable: isTrainable && outer, regularizer: regularizer,
            constraint: constraint)
    }
}

/// What one call of a layer will work on, for the sizes of its memory.
package struct LayerCall {
    /// Shapes of one row, all extents known.
    package let inputs: [Shape]
    package let outputs: [Shape]
    /// Whether each input comes with a mask.
    package let masked: [Bool]
    /// Rows at most.
    package let rows: Int
    package let training: Bool
    /// Lanes for `context.parallel(slices, lanes:)`.
    package let lanes: Int

    package var input: Shape { inputs.first ?? Shape() }
    package var output: Shape { outputs.first ?? Shape() }
}

/// Where the mask of an output comes from. A mask says for each row and step whether the step counts: 1, or 0 for one
/// to be skipped.
package enum OutputMask: Equatable {
    /// There is none, as for every layer that does not say otherwise.
    case none
    /// It is the mask of that input, or none if that has none.
    case input(Int)
    /// The layer writes it, of this shape for one row, into step.outputMasks.
    case own(Shape)
}

/// A layer: parameters, then shapes, then forward and backward. It holds no weights and no scratch: those come with
/// each step, so one layer serves any number of plans and threads. docs/adding-a-layer.md is the recipe for a new one.
package protocol Layer: AnyObject, Sendable {
    /// The layer's own parameters; `parameters.kind` is Keras's class name.
    var parameters: Parameters { get }

    /// How many inputs it takes; one, unless it says otherwise.
    var inputCount: ClosedRange<Int> { get }

    /// Keras's names of its inputs, for a layer that Keras passes inputs to by name ("query", "value", "key"); the last
    /// name stands for all further ones ("sequence", "initial_state"). None for a layer of one input or of one list.
    var inputNames: [String] { get }

    /// Shapes of one row of each output from those of one row of each input. An extent may be `Shape.unknown`: what
    /// depends on it is then unknown too. Throws `shape`; the caller adds the layer's name.
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape]

    /// The weights in Keras's order of creation.
    func weights(_ inputs: [Shape]) -> [WeightSpec]

    /// Floats of scratch that a step needs, kept from forward to backward and, in inference, from pass to pass. Sizes
    /// by `cappedProduct`.
    func scratch(_ call: LayerCall) -> Int

    /// Floats of room that a forward or (in training) backward pass needs while it runs; shared by all layers of a
    /// plan, so nothing in it lasts. For room in each lane, lanes times as much. Sizes by `cappedProduct`.
    func workspace(_ call: LayerCall) -> Int

    /// What steps of these shapes, of up to so many rows, need that can be worked out once: kept as `step.prepared`, so
    /// that a pass allocates nothing.
    func prepare(_ call: LayerCall) -> AnyObject?

    /// Floats for one row that are kept from batch to batch until they are reset: the states of a stateful layer.
    func state(_ inputs: [Shape]) -> Int

    /// True when the output is the input's memory under another shape, so that a step does nothing.
    var isView: Bool { get }

    /// True when it is the identity except in training, so that plans for inference leave it out.
    var isIdentityInInference: Bool { get }

    /// True when Keras's layer of this kind passes the mask of its first input on with every output (supports_masking).
    var passesMask: Bool { get }

    /// The mask of each output, from the shapes of the inputs' masks (nil: none) and of the inputs. By default as
    /// `passesMask` says.
    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask]

    /// Writes step.outputs.
    func forward(_ step: LayerStep, in context: Context)

    /// From step.outputGradients (which it may overwrite) writes each of step.inputGradients that is not nil, and adds
    /// to (or, unless step.accumulates, sets) each of step.gradients that is not nil.
    func backward(_ step: LayerStep, in context: Context)

    /// The activation at the end of the layer, for losses that take their gradient before it.
    var finalActivation: Activation? { get }

    /// A penalty on the first output, divided by the rows, that the plan adds to the loss.
    var activityRegularizer: (any Regularizer)? { get }

    /// The layer's part of Keras's configuration in the portable notation, without name, trainable and dtype.
    var config: [(key: String, value: JSON)] { get }

    /// Whether Keras's constructor of this kind takes `trainable`.
    var configSaysTrainable: Bool { get }

    /// The attribute of Keras's layer whose object has the layer's weights in files; nil where they are its own.
    var variablesPart: String? { get }

    /// What Keras says in each call instead of in the configuration, by names that are also parameters here:
    /// use_causal_mask.
    var callKeywords: [(key: String, value: JSON)] { get }
}

extension Layer {
    package var inputCount: ClosedRange<Int> { 1...1 }
    package var inputNames: [String] { [] }
    package func weights(_ inputs: [Shape]) -> [WeightSpec] { [] }
    package func scratch(_ call: LayerCall) -> Int { 0 }
    package func workspace(_ call: LayerCall) -> Int { 0 }
    package func prepare(_ call: LayerCall) -> AnyObject? { nil }
    package func state(_ inputs: [Shape]) -> Int { 0 }
    package var isView: Bool { false }
    package var isIdentityInInference: Bool { false }
    package var passesMask: Bool { false }
    package func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        outputs.map { _ in passesMask ? .input(0) : .none }
    }
    package var finalActivation: Activation? { nil }
    package var activityRegularizer: (any Regularizer)? { nil }
    package var config: [(key: String, value: JSON)] { parameters.values }
    package var configSaysTrainable: Bool { true }
    package var variablesPart: String? { nil }
    package var callKeywords: [(key: String, value: JSON)] { [] }
}

/// A layer made of others: its calls become calls of theirs, and it computes nothing itself.
package protocol CompositeLayer: Layer {
    /// The layers that it is made of, with their names.
    var parts: [GraphLayer] { get }

    /// Keras's attributes that hold the parts, which are their groups in files; none where Keras has no parts, and for
    /// a model, whose parts are listed.
    var partKeys: [String] { get }

    /// Further attributes of Keras's layer that hold objects without weights, and those within.
    var emptyParts: [(key: String, parts: [String])] { get }

    /// Makes the calls of one call of this layer. The inner layers' weights are parts of `weights(_:)`, in its order.
    func expand(_ inputs: [Program.Flow], in expansion: Expansion) throws(ApusError) -> [Program.Flow]
}

extension CompositeLayer {
    package var partKeys: [String] { [] }
    package var emptyParts: [(key: String, parts: [String])] { [] }

    /// Calls of plain layers that a call comes to, and how deep layers are nested in it.
    var extent: (size: Int, depth: Int) {
        if let model = self as? NestedModel { return (model.graph.size, model.graph.depth + 1) }
        var (size, depth) = (0, 0)
        for part in parts {
            let inner = (part.layer as? any CompositeLayer)?.extent ?? (size: 1, depth: 0)
            size += inner.size
            depth = max(depth, inner.depth)
        }
        return (size, depth + 1)
    }
    package func forward(_ step: LayerStep, in context: Context) {}
    package func backward(_ step: LayerStep, in context: Context) {}
}
