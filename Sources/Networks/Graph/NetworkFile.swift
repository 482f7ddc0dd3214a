import Core

extension NetworkModel {
    /// The weights that each layer of a graph needs, in Keras's order: trainable ones first, then the others; and where a
    /// model has them.
    package static func layout(_ graph: NetworkGraph) -> [WeightLayout] {
        let block = WeightBlock(count: graph.weightCount)
        return graph.layers.filter { !$0.slots.isEmpty }.map { layer in
            let slots = fileOrder(layer, graph).map { graph.slots[$0] }
            return WeightLayout(
                layer: layer.name, weights: slots.map { (name: $0.name, shape: $0.shape) }, block: block,
                offsets: slots.map(\.offset))
        }
    }

    private static func fileOrder(_ layer: GraphLayer, _ graph: NetworkGraph) -> [Int] {
        layer.slots.filter { graph.slots[$0].isTrainable } + layer.slots.filter { !graph.slots[$0].isTrainable }
    }

    /// Configuration and weights for a file. The weights are the model's own, not copies.
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
                values.append((name: slot.name, value: try Tensor(sharing: weights, from: slot.offset, slot.shape)))
            }
            layers.append(NetworkRecord.Layer(name: layer.name, weights: values))
        }
        return NetworkRecord(config: KerasConfig.write(graph), layers: layers)
    }

    /// A model from a file's configuration and weights, matched by position. What was read into the model's own block
    /// stays there. Throws `corrupt` with both counts or shapes where they differ.
    package convenience init(record: NetworkRecord, graph: NetworkGraph, in context: Context) throws(ApusError) {
        let block: Buffer<Float>
        if let own = record.block, own.count == graph.weightCount {
            block = own
        } else {
            block = try Buffer(graph.weightCount, in: context.allocator)
        }
        for slot in graph.slots { NetworkModel.clearAfter(slot, in: block) }
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
                let slot = graph.slots[index]
                if value.value.dtype == .int64, slot.shape.rank == 0, value.value.shape == slot.shape {
                    block.pointer[slot.offset] = Float(value.value.int64s[0])
                    continue
                }
                guard value.value.shape == slot.shape, value.value.dtype == .float32 else {
                    throw .corrupt(
                        "weight '\(slot.path)' must be float32 of shape \(slot.shape), the file has \(value.value.dtype.name) of shape \(value.value.shape)."
                    )
                }
                let place = block.pointer + slot.offset
                if place != value.value.floats { place.update(from: value.value.floats, count: slot.count) }
            }
        }
        self.init(graph: graph, weights: block)
    }

    /// Between weights are zeros.
    private static func clearAfter(_ slot: WeightSlot, in block: Buffer<Float>) {
        let end = slot.offset + slot.count
        (block.pointer + end).update(repeating: 0, count: ((end + 15) & ~15) - end)
    }
}
