import Core

extension NetworkModel {
    /// What files have of a graph that was read from a configuration: its layers in the order of that, and their
    /// weights.
    package static func layout(_ graph: NetworkGraph) -> NetworkLayout { KerasLayout(graph, from: .file).layout }

    /// Configuration and weights for a file. The weights are the model's own, not copies.
    package func record(as form: NetworkRecord.Form = .legacy, in context: Context) throws(ApusError) -> NetworkRecord {
        try NetworkModel.record(graph, weights, as: form, in: context)
    }

    static func record(
        _ graph: NetworkGraph, _ weights: Buffer<Float>, as form: NetworkRecord.Form, in context: Context
    ) throws(ApusError) -> NetworkRecord {
        // Weights alone go into the model that the network came from, everything else into one made anew.
        let order = KerasLayout(graph, from: form == .weights ? .file : .graph)
        var layers: [NetworkRecord.Layer] = []
        for (index, slots) in zip(order.layers, order.slots) {
            var layer = NetworkRecord.Layer(name: graph.layers[index].name)
            for slot in slots.map({ graph.slots[$0] }) {
                layer.weights.append((name: slot.name, value: try Tensor(sharing: weights, from: slot.offset, slot.shape)))
            }
            layers.append(layer)
        }
        return NetworkRecord(
            form, config: form == .archive ? KerasArchiveConfig.write(graph) : KerasConfig.write(graph), layers: layers,
            tree: order.layout.tree)
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
        let order = KerasLayout(graph, from: .file)
        let needed = zip(order.layers, order.slots).filter { !$0.1.isEmpty }
        let stored = record.layers.filter { !$0.weights.isEmpty }
        guard needed.count == stored.count else {
            throw .corrupt(
                "The configuration has \(needed.count) layers with weights, the file has weights of \(stored.count).")
        }
        for ((layer, slots), values) in zip(needed, stored) {
            guard slots.count == values.weights.count else {
                throw .corrupt(
                    "layer '\(graph.layers[layer].name)' has \(slots.count) weights, the file has \(values.weights.count) for it."
                )
            }
            for (slot, value) in zip(slots, values.weights) {
                try NetworkModel.store(value.value, in: graph.slots[slot], of: block)
            }
        }
        self.init(graph: graph, weights: block)
    }

    /// Between weights are zeros.
    private static func clearAfter(_ slot: WeightSlot, in block: Buffer<Float>) {
        let end = slot.offset + slot.count
        (block.pointer + end).update(repeating: 0, count: ((end + 15) & ~15) - end)
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
        let place = weights.pointer + slot.offset
        // What was read to its place is there.
        if place != value.floats { place.update(from: value.floats, count: slot.count) }
    }

    /// Replaces some weights together, or none where `fill` throws. `fill` gives values for weights by the places of
    /// layer and weight in `layout(graph)`.
    package func replaceWeights(
        in context: Context,
        _ fill: (_ set: (_ layer: Int, _ weight: Int, _ value: Tensor) throws(ApusError) -> Void) throws(ApusError)
            -> Void
    ) throws(ApusError) {
        let fresh = try weights.copy(in: context.allocator)
        let places = KerasLayout(graph, from: .file).slots
        try fill { (layer, weight, value) throws(ApusError) in
            try NetworkModel.store(value, in: self.graph.slots[places[layer][weight]], of: fresh)
        }
        publish(fresh)
    }
}
