import Core

extension NetworkModel {
    /// The weights that each layer of a graph needs, in Keras's order: trainable ones first, then the others.
    package static func layout(_ graph: NetworkGraph) -> [WeightLayout] {
        graph.layers.filter { !$0.slots.isEmpty }.map { layer in
            WeightLayout(
                layer: layer.name,
                weights: fileOrder(layer, graph).map { (name: graph.slots[$0].name, shape: graph.slots[$0].shape) })
        }
    }

    private static func fileOrder(_ layer: GraphLayer, _ graph: NetworkGraph) -> [Int] {
        layer.slots.filter { graph.slots[$0].isTrainable } + layer.slots.filter { !graph.slots[$0].isTrainable }
    }

    /// Configuration and weights for a file.
    package func record(in context: Context) throws(ApusError) -> NetworkRecord {
        try NetworkModel.record(graph, weights, in: context)
    }

    static func record(_ graph: NetworkGraph, _ weights: Buffer<Float>, in context: Context) throws(ApusError)
        -> NetworkRecord
    {
        var layers: [NetworkRecord.Layer] = []
        for layer in graph.layers {
            // Keras lists the input of a Functional model, not that of a Sequential one.
            if layer.layer is InputLayer, graph.isSequential { continue }
            var values: [(name: String, value: Tensor)] = []
            for index in fileOrder(layer, graph) {
                let slot = graph.slots[index]
                values.append(
                    (
                        name: slot.name,
                        value: try Tensor(
                            floats: UnsafePointer(weights.pointer + slot.offset), slot.shape, in: context.allocator)
                    ))
            }
            layers.append(NetworkRecord.Layer(name: layer.name, weights: values))
        }
        return NetworkRecord(config: KerasConfig.write(graph), layers: layers)
    }

    /// A model from a file's configuration and weights, matched by position. Throws `corrupt` with both counts or
    /// shapes where they differ.
    package convenience init(record: NetworkRecord, graph: NetworkGraph, in context: Context) throws(ApusError) {
        let weights = try Buffer<Float>(zeros: graph.weightCount, in: context.allocator)
        let needed = graph.layers.filter { !$0.slots.isEmpty }
        let stored = record.layers.filter { !$0.weights.isEmpty }
        guard needed.count == stored.count else {
            throw .corrupt(
                "The configuration has \(needed.count) layers with weights, the file has weights of \(stored.count).")
        }
        for (layer, values) in zip(needed, stored) {
            let order = NetworkModel.fileOrder(layer, graph)
            guard order.count == values.weights.count else {
                throw .corrupt(
                    "layer '\(layer.name)' has \(order.count) weights, the file has \(values.weights.count) for it.")
            }
            for (index, value) in zip(order, values.weights) {
                try NetworkModel.store(value.value, in: graph.slots[index], of: weights)
            }
        }
        self.init(graph: graph, weights: weights)
    }

    /// Puts what a file has for a weight in its place.
    private static func store(_ value: Tensor, in slot: WeightSlot, of weights: Buffer<Float>) throws(ApusError) {
        if value.dtype == .int64, slot.shape.rank == 0, value.shape == slot.shape {
            weights.pointer[slot.offset] = Float(value.int64s[0])
            return
        }
        guard value.shape == slot.shape, value.dtype == .float32 else {
            throw .corrupt(
                "weight '\(slot.path)' must be float32 of shape \(slot.shape), the file has \(value.dtype.name) of shape \(value.shape)."
            )
        }
        (weights.pointer + slot.offset).update(from: value.floats, count: slot.count)
    }

    /// Replaces some weights together, or none where `fill` throws. `fill` gives values for weights by the places of
    /// layer and weight in `layout(graph)`.
    package func replaceWeights(
        in context: Context,
        _ fill: (_ set: (_ layer: Int, _ weight: Int, _ value: Tensor) throws(ApusError) -> Void) throws(ApusError)
            -> Void
    ) throws(ApusError) {
        let fresh = try weights.copy(in: context.allocator)
        let places = graph.layers.filter { !$0.slots.isEmpty }.map { NetworkModel.fileOrder($0, graph) }
        try fill { (layer, weight, value) throws(ApusError) in
            try NetworkModel.store(value, in: self.graph.slots[places[layer][weight]], of: fresh)
        }
        publish(fresh)
    }
}
