import Core

/// A layer in a graph: its name, whether it trains, and what it needs.
package struct GraphLayer: Sendable {
    package let name: String
    package let isTrainable: Bool
    package let layer: any Layer
    /// Where its weights stand in the model's parameters, in Keras's order.
    package internal(set) var slots: [Int] = []
    /// Regularizers and constraints of its configuration: this version runs and keeps them, but does not train with them.
    package var keptConfig: [(key: String, value: JSON)] = []
    /// The first of them, for messages; nil when the layer can train.
    package var untrainable: String? { keptConfig.first?.key }
}

/// One call of a layer. A node's number is also the number of its output.
package struct GraphNode: Sendable {
    package let layer: Int
    package let inputs: [Int]
    /// Shape of one output row.
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
    package let initializer: any Initializer
    package internal(set) var offset = 0
}

/// A checked, directed graph of layers: nodes in an order in which each comes after its inputs.
package final class NetworkGraph: Sendable {
    package let name: String
    /// True when Keras would call it Sequential: one chain from one input.
    package let isSequential: Bool
    package let layers: [GraphLayer]
    package let nodes: [GraphNode]
    package let inputs: [Int]
    package let outputs: [Int]
    /// Weights layer by layer. Offsets put all trainable ones first, so that an optimizer's step is one run.
    package let slots: [WeightSlot]
    package let weightCount: Int
    package let trainableCount: Int

    /// - Throws: `limit` when the weights together exceed what can be addressed.
    init(name: String, layers given: [GraphLayer], nodes: [GraphNode], inputs: [Int], outputs: [Int]) throws(ApusError) {
        var layers = given
        var slots: [WeightSlot] = []
        var firstCalls = [Int?](repeating: nil, count: layers.count)
        for (number, node) in nodes.enumerated() where firstCalls[node.layer] == nil { firstCalls[node.layer] = number }
        for index in layers.indices {
            guard let call = firstCalls[index] else { continue }
            let node = nodes[call]
            let specs = layers[index].layer.weights(node.inputs.map { nodes[$0].shape })
            for spec in specs {
                guard let count = spec.shape.checkedCount else {
                    throw .limit(
                        "layer '\(layers[index].name)': the \(spec.name) of shape \(spec.shape) is too large.")
                }
                layers[index].slots.append(slots.count)
                slots.append(
                    WeightSlot(
                        path: layers[index].name + "/" + spec.name, layer: index, name: spec.name, shape: spec.shape,
                        count: count, isTrainable: spec.isTrainable && layers[index].isTrainable,
                        initializer: spec.initializer))
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
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.slots = slots
        self.weightCount = offset
        self.trainableCount = trainable
        self.isSequential =
            inputs.count == 1 && outputs == [nodes.count - 1] && layers.count == nodes.count
            && nodes.indices.allSatisfy { nodes[$0].inputs == ($0 == 0 ? [] : [$0 - 1]) && nodes[$0].layer == $0 }
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
}
