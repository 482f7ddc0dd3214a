import Core
import Glibc

/// A network: a graph, and weights that never change in place. A trainer publishes a new set; whoever took the old one
/// before keeps it.
package final class NetworkModel: @unchecked Sendable {
    package let graph: NetworkGraph
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var current: Buffer<Float>

    init(graph: NetworkGraph, weights: Buffer<Float>) {
        self.graph = graph
        self.current = weights
        lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// Fresh weights, one random stream each.
    package convenience init(initializing graph: NetworkGraph, in context: Context) throws(ApusError) {
        let weights = try Buffer<Float>(zeros: graph.weightCount, in: context.allocator)
        for slot in graph.slots {
            slot.initializer.fill(weights.pointer + slot.offset, shape: slot.shape, random: context.nextStream())
        }
        self.init(graph: graph, weights: weights)
    }

    /// The weights of this moment.
    package var weights: Buffer<Float> {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return current
    }

    /// Replaces the weights; `weights` must not change any more.
    package func publish(_ weights: Buffer<Float>) {
        pthread_mutex_lock(lock)
        current = weights
        pthread_mutex_unlock(lock)
    }

    /// Sets one weight. Throws `invalidArgument`, `shape` or `dtype`.
    package func set(_ path: String, to value: ArrayView, in context: Context) throws(ApusError) {
        let slot = try graph.slot(path)
        guard value.shape == slot.shape else {
            throw .shape("Weight '\(path)' has shape \(slot.shape), got \(value.shape).")
        }
        let fresh = try weights.copy(in: context.allocator)
        try value.copy(to: fresh.pointer + slot.offset, name: "value")
        publish(fresh)
    }

    /// A view of one weight among `weights`.
    package static func view(_ slot: WeightSlot, in weights: Buffer<Float>) -> ArrayView {
        ArrayView(data: UnsafeMutableRawPointer(weights.pointer + slot.offset), dtype: .float32, shape: slot.shape)
    }

    /// Rows that `info` states the memory for.
    private static let rowsOfInfo = 32

    /// Bytes that inference and a step of training on some rows take, without inputs, targets and the optimizer's state;
    /// null where the inputs have extents that are not declared, or for more than can be addressed.
    private func memory(lanes: Int) -> JSON {
        let rows = NetworkModel.rowsOfInfo
        let weights = graph.parameterCount * 4
        guard graph.hasFixedInputs,
            let program = try? Program(graph, inputShapes: graph.inputs.map { graph.values[$0].shape }),
            let inference = try? PlanLayout(program, rows: rows, training: false, lanes: lanes).size,
            let training = try? PlanLayout(program, rows: rows, training: true, lanes: lanes).size,
            max(inference, training) < 1 << 56
        else { return .null }
        return [
            "rows": .integer(rows), "inference": .integer(inference * 4 + weights),
            "training": .integer(training * 4 + weights + graph.trainableCount * 4),
        ]
    }

    /// Layers, shapes, parameters and memory, for apus_model_info.
    package func info(in context: Context) -> JSON {
        func shape(_ row: Shape) -> JSON { .array([.null] + row.jsonExtents) }
        var firstCalls = [GraphCall?](repeating: nil, count: graph.layers.count)
        for call in graph.calls where firstCalls[call.layer] == nil { firstCalls[call.layer] = call }
        let layers: [JSON] = graph.layers.enumerated().map { index, layer in
            let call = firstCalls[index]
            let slots = layer.slots.map { graph.slots[$0] }
            let outputs = call.map { $0.outputs.map { shape(graph.values[$0].shape) } } ?? []
            return [
                "name": .string(layer.name), "kind": .string(layer.layer.parameters.kind),
                "trainable": .bool(layer.isTrainable), "output_shape": outputs.first ?? .null,
                "output_shapes": .array(outputs),
                "parameters": .integer(slots.reduce(0) { $0 + $1.count }),
                "inputs": .array((call?.inputs ?? []).map { .string(graph.layer(of: $0).name) }),
                "config": .object(layer.layer.config),
                "weights": .array(
                    slots.map { slot in
                        [
                            "path": .string(slot.path), "shape": .array(slot.shape.extents.map { .integer($0) }),
                            "dtype": "float32", "trainable": .bool(slot.isTrainable),
                        ]
                    }),
            ]
        }
        let trainable = graph.slots.filter(\.isTrainable).reduce(0) { $0 + $1.count }
        return [
            "kind": "network", "name": .string(graph.name), "layers": .array(layers),
            "inputs": .array(graph.inputs.map { shape(graph.values[$0].shape) }),
            "outputs": .array(graph.outputs.map { shape(graph.values[$0].shape) }),
            "parameters": .integer(graph.parameterCount), "trainable_parameters": .integer(trainable),
            "weight_bytes": .integer(graph.parameterCount * 4), "memory": memory(lanes: context.threads),
            "attributes": .array(
                graph.slots.map { slot in
                    [
                        "name": .string(slot.path), "dtype": "float32",
                        "shape": .array(slot.shape.extents.map { .integer($0) }),
                    ]
                }),
        ]
    }
}
