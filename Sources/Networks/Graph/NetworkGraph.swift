import Core

/// A layer in a graph: its name, whether it trains, and what it needs.
package struct GraphLayer: Sendable {
    package let name: String
    package let isTrainable: Bool
    package let layer: any Layer
    /// Where its weights stand in the model's parameters, in Keras's order.
    package internal(set) var slots: [Int] = []
    /// Regularizers and constraints that the layer does not know: it runs and keeps them, but does not train with them.
    package var keptConfig: [(key: String, value: JSON)] = []
    package init(
        name: String, isTrainable: Bool, layer: any Layer, keptConfig: [(key: String, value: JSON)] = []
    ) {
        self.name = name
        self.isTrainable = isTrainable
        self.layer = layer
        self.keptConfig = keptConfig
    }

    /// The first of them, its own or of a layer within, for messages; nil when the layer can train.
    package var untrainable: (layer: String, key: String)? {
        if let key = keptConfig.first?.key { return (name, key) }
        for part in (layer as? any CompositeLayer)?.parts ?? [] {
            if let inner = part.untrainable { return inner }
        }
        return nil
    }
}

/// One call of a layer on values.
package struct GraphCall: Sendable {
    package let layer: Int
    package let inputs: [Int]
    /// The values that it makes, numbered one after the other.
    package let outputs: Range<Int>
}

/// One value of a graph: an output of a call. Its number is what the C API calls a node.
package struct GraphValue: Sendable {
    package let call: Int
    /// Which output of the call.
    package let index: Int
    /// Shape of one row, perhaps with unknown extents.
    package let shape: Shape
}

/// One weight in the model's contiguous parameters.
package struct WeightSlot: Sendable {
    /// "dense/kernel".
    package let path: String
    package let layer: Int
    package let name: String
    package let shape: Shape
    package let count: Int
    package let isTrainable: Bool
    /// Whether gradients would change it if its layer were not frozen.
    package let trainsByNature: Bool
    package let initializer: any Initializer
    package let regularizer: (any Regularizer)?
    package let constraint: (any WeightConstraint)?
    package internal(set) var offset = 0
}

/// A checked, directed graph of layers: calls in an order in which each comes after its inputs. A layer may be a model
/// of its own; plans take such layers apart (see Program).
package final class NetworkGraph: Sendable {
    package let name: String
    /// True when Keras would call it Sequential: one chain from one input.
    package let isSequential: Bool
    package let layers: [GraphLayer]
    package let calls: [GraphCall]
    package let values: [GraphValue]
    /// Values.
    package let inputs: [Int]
    package let outputs: [Int]
    /// Weights layer by layer. Offsets put all trainable ones first, so that an optimizer's step is one run.
    package let slots: [WeightSlot]
    package let weightCount: Int
    package let trainableCount: Int
    /// Numbers in the trainable weights, without what `trainableCount` has between them.
    var trainableNumbers: Int { slots.reduce(0) { $1.isTrainable ? $0 + $1.count : $0 } }
    /// How the configuration lists it that it was read from; nil for one that was built.
    package let listing: Listing?

    /// How a configuration lists a model.
    package struct Listing: Sendable {
        /// Whether its class is Sequential.
        let isSequential: Bool
        /// Its layers in the order of the configuration.
        let order: [Int]
    }

    /// Whether every input declares all of its extents.
    package let hasFixedInputs: Bool
    /// Calls of plain layers when all nested models are taken apart, and how deep they are nested.
    let size: Int
    let depth: Int
    private static let maximumSize = 1_000_000
    private static let maximumDepth = 64

    /// - Throws: `limit` when the weights together exceed what can be addressed, `shape` for a weight whose shape is
    /// not
    ///   known.
    init(
        name: String, layers given: [GraphLayer], calls: [GraphCall], values: [GraphValue], inputs: [Int],
        outputs: [Int], listing: Listing? = nil
    ) throws(ApusError) {
        var (size, depth) = (0, 1)
        for call in calls {
            let inner = (given[call.layer].layer as? any CompositeLayer)?.extent ?? (size: 1, depth: 0)
            size += inner.size
            depth = max(depth, inner.depth + 1)
            guard size <= NetworkGraph.maximumSize, depth <= NetworkGraph.maximumDepth else {
                throw .limit(
                    "The network has more than \(NetworkGraph.maximumSize) calls of layers, or nested models deeper than \(NetworkGraph.maximumDepth)."
                )
            }
        }
        (self.size, self.depth) = (size, depth)
        var layers = given
        var slots: [WeightSlot] = []
        var firstCalls = [Int?](repeating: nil, count: layers.count)
        for (number, call) in calls.enumerated() where firstCalls[call.layer] == nil { firstCalls[call.layer] = number }
        for index in layers.indices {
            layers[index].slots = []
            guard let number = firstCalls[index] else { continue }
            let specs = layers[index].layer.weights(calls[number].inputs.map { values[$0].shape })
            for spec in specs {
                guard spec.shape.isKnown else {
                    throw .shape(
                        "layer '\(layers[index].name)': the shape \(spec.shape) of its \(spec.name) depends on an extent of the input that is not declared."
                    )
                }
                guard let count = spec.shape.checkedCount else {
                    throw .limit(
                        "layer '\(layers[index].name)': the \(spec.name) of shape \(spec.shape) is too large.")
                }
                do {
                    try spec.initializer.check(spec.shape)
                    try spec.regularizer?.check(spec.shape)
                    try spec.constraint?.check(spec.shape)
                } catch { throw error.within("layer '\(layers[index].name)': its \(spec.name)") }
                layers[index].slots.append(slots.count)
                slots.append(
                    WeightSlot(
                        path: layers[index].name + "/" + spec.name, layer: index, name: spec.name, shape: spec.shape,
                        count: count, isTrainable: spec.isTrainable && layers[index].isTrainable,
                        trainsByNature: spec.isTrainable, initializer: spec.initializer,
                        regularizer: spec.regularizer, constraint: spec.constraint))
            }
        }
        var offset = 0
        var trainable = 0
        for wanted in [true, false] {
            for index in slots.indices where slots[index].isTrainable == wanted {
                slots[index].offset = offset
                // Each weight begins on a cache line.
                let (next, overflow) = offset.addingReportingOverflow(
                    slots[index].count.addingReportingOverflow(15).partialValue & ~15)
                if overflow || next > Int.max / 64 { throw .limit("The network's weights are too large.") }
                offset = next
            }
            if wanted { trainable = offset }
        }
        self.name = name
        self.layers = layers
        self.calls = calls
        self.values = values
        self.inputs = inputs
        self.outputs = outputs
        self.listing = listing
        self.slots = slots
        self.hasFixedInputs = inputs.allSatisfy { values[$0].shape.isKnown }
        self.weightCount = offset
        self.trainableCount = trainable
        self.isSequential =
            inputs.count == 1 && outputs == [values.count - 1] && layers.count == calls.count
            && calls.count == values.count
            && calls.indices.allSatisfy { calls[$0].inputs == ($0 == 0 ? [] : [$0 - 1]) && calls[$0].layer == $0 }
    }

    package func slot(_ path: String) throws(ApusError) -> WeightSlot {
        guard let slot = slots.first(where: { $0.path == path }) else {
            throw .invalid(
                "There is no weight '\(path)'; there are \(slots.map(\.path).joined(separator: ", ")).")
        }
        return slot
    }

    /// Elements of all weights, without the padding between them.
    package var parameterCount: Int { slots.reduce(0) { $0 + $1.count } }

    /// The layer that makes a value.
    package func layer(of value: Int) -> GraphLayer { layers[calls[values[value].call].layer] }

    /// Declared shape of one row of input or output `index`, perhaps with unknown extents.
    package func inputShape(_ index: Int) -> Shape { values[inputs[index]].shape }
    package func outputShape(_ index: Int) -> Shape { values[outputs[index]].shape }

    /// Shapes of one row of each output for inputs of these shapes. Throws `shape`, naming the layer that cannot.
    package func outputShapes(for inputs: [Shape]) throws(ApusError) -> [Shape] {
        if values.allSatisfy(\.shape.isKnown) { return outputs.map { values[$0].shape } }
        var shapes = values.map(\.shape)
        for (value, shape) in zip(self.inputs, inputs) { shapes[value] = shape }
        for call in calls where !call.inputs.isEmpty {
            let made: [Shape]
            do { made = try layers[call.layer].layer.outputShapes(call.inputs.map { shapes[$0] }) } catch {
                throw error.within("layer '\(layers[call.layer].name)'")
            }
            for (value, shape) in zip(call.outputs, made) { shapes[value] = shape }
        }
        return outputs.map { shapes[$0] }
    }
}
