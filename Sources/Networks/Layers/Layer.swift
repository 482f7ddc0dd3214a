import Core

/// One weight that a layer needs.
package struct WeightSpec: Sendable {
    /// Keras's name within the layer, "kernel".
    package let name: String
    package let shape: Shape
    package let initializer: any Initializer
    package let isTrainable: Bool

    package init(_ name: String, _ shape: Shape, _ initializer: any Initializer, isTrainable: Bool = true) {
        self.name = name
        self.shape = shape
        self.initializer = initializer
        self.isTrainable = isTrainable
    }
}

/// A layer: parameters, then shapes, then forward and backward. It holds no weights and no scratch: those come with
/// each step, so one layer serves any number of plans and threads.
package protocol Layer: AnyObject, Sendable {
    /// The layer's own parameters; `parameters.kind` is Keras's class name.
    var parameters: Parameters { get }

    /// Shape of one output row from those of one row of each input. Throws `shape`; the caller adds the layer's name.
    func outputShape(_ inputs: [Shape]) throws(ApusError) -> Shape

    /// The weights in Keras's order.
    func weights(_ inputs: [Shape]) -> [WeightSpec]

    /// Floats of scratch that a step of `rows` rows needs, kept from forward to backward.
    func scratch(_ inputs: [Shape], output: Shape, rows: Int) -> Int

    /// Floats of room that a forward or (in training) backward pass of `rows` rows needs while it runs; shared by all
    /// layers of a plan, so nothing in it lasts.
    func workspace(_ inputs: [Shape], output: Shape, rows: Int, training: Bool) -> Int

    /// True when the output is the input's memory under another shape, so that a step does nothing.
    var isView: Bool { get }

    /// Writes step.output.
    func forward(_ step: LayerStep, in context: Context)

    /// From step.outputGradient (which it may overwrite) writes step.inputGradient, where there is one, and adds to (or,
    /// unless step.accumulates, sets) step.gradients.
    func backward(_ step: LayerStep, in context: Context)

    /// The activation at the end of the layer, for losses that take their gradient before it.
    var finalActivation: Activation? { get }

    /// The layer's part of Keras's configuration in the portable notation, without name, trainable and dtype.
    var config: [(key: String, value: JSON)] { get }
}

extension Layer {
    package func weights(_ inputs: [Shape]) -> [WeightSpec] { [] }
    package func scratch(_ inputs: [Shape], output: Shape, rows: Int) -> Int { 0 }
    package func workspace(_ inputs: [Shape], output: Shape, rows: Int, training: Bool) -> Int { 0 }
    package var isView: Bool { false }
    package var finalActivation: Activation? { nil }
    package var config: [(key: String, value: JSON)] { parameters.values }
}

/// What one call of a layer works on. All arrays are dense, rows first.
package final class LayerStep {
    /// Shapes of one row.
    package let inputShape: Shape
    package let outputShape: Shape
    /// Rows of this step.
    package var rows = 0
    package var training = false
    package internal(set) var input: UnsafeMutablePointer<Float>
    package let output: UnsafeMutablePointer<Float>
    /// Null in plans for inference.
    package let outputGradient: UnsafeMutablePointer<Float>?
    /// Null when nobody needs it.
    package var inputGradient: UnsafeMutablePointer<Float>?
    /// The layer's weights in order, and their gradients (null when frozen or in inference).
    package var weights: [UnsafeMutablePointer<Float>] = []
    package var gradients: [UnsafeMutablePointer<Float>] = []
    /// Add to the gradients held instead of setting them.
    package var accumulates = false
    /// The gradient at the output is by the value before the final activation.
    package var gradientIsBeforeActivation = false
    package let scratch: UnsafeMutablePointer<Float>
    /// Room that does not last.
    package let workspace: UnsafeMutablePointer<Float>
    /// Key of the step's random numbers.
    package var random = Philox(seed: 0, stream: 0)

    package init(
        inputShape: Shape, outputShape: Shape, input: UnsafeMutablePointer<Float>,
        output: UnsafeMutablePointer<Float>, outputGradient: UnsafeMutablePointer<Float>?,
        scratch: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
    ) {
        self.inputShape = inputShape
        self.outputShape = outputShape
        self.input = input
        self.output = output
        self.outputGradient = outputGradient
        self.scratch = scratch
        self.workspace = workspace
        self.inputCount = inputShape.count
        self.outputCount = outputShape.count
    }

    /// Elements of one row.
    package let inputCount: Int
    package let outputCount: Int
}

/// Every layer, one line each.
package enum LayerCatalog {
    package static let family = Family<any Layer>(
        "layer",
        [InputLayer.entry, Dense.entry, ActivationLayer.entry, Dropout.entry, Flatten.entry])

    /// Parameters that every layer has, taken off before the layer's own.
    package static let common = [
        ParameterSpec("name", .nullable(.text), default: .null, "unique in the model; made from the kind when absent"),
        ParameterSpec("trainable", .boolean, default: true, "false freezes the layer's weights"),
    ]

    package static var json: JSON {
        .array(
            family.entries.map { entry in
                [
                    "kind": .string(entry.className), "aliases": .array(entry.aliases.map { .string($0) }),
                    "doc": .string(entry.doc), "parameters": ParameterSpec.json(entry.parameters + common),
                ]
            })
    }
}
