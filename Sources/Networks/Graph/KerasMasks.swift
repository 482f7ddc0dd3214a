/// Masks as they move layers in Keras's order: Keras computes a mask by operations of its own between the input of the
/// layer that makes it and every layer that takes it, and they count as steps to the outputs.
struct KerasMasks {
    /// A call on whose result a mask depends, and over how many operations.
    struct Source: Hashable {
        let call: Int
        let operations: Int
    }

    /// For each call what the masks that it takes depend on.
    private(set) var sources: [[Source]]

    init(_ graph: NetworkGraph) {
        sources = [[Source]](repeating: [], count: graph.calls.count)
        guard graph.layers.contains(where: { KerasMasks.operations(of: $0.layer) != nil }) else { return }
        var masks = [[Source]](repeating: [], count: graph.values.count)
        for (number, call) in graph.calls.enumerated() {
            let layer = graph.layers[call.layer].layer
            if KerasMasks.takers.contains(layer.parameters.kind) {
                sources[number] = call.inputs.flatMap { masks[$0] }
            }
            let made: [Source]
            if let operations = KerasMasks.operations(of: layer), let input = call.inputs.first {
                made = [Source(call: graph.values[input].call, operations: operations)]
            } else if call.inputs.count == 1, let input = call.inputs.first, KerasMasks.passes(layer) {
                made = masks[input]
            } else if KerasMasks.merges.contains(layer.parameters.kind) {
                // Joining them is an operation more.
                let all = Set(call.inputs.flatMap { masks[$0] })
                made = all.map { Source(call: $0.call, operations: $0.operations + 1) }
            } else {
                made = []
            }
            for output in call.outputs { masks[output] = made }
        }
    }

    /// How many operations make the mask of a layer that makes one.
    private static func operations(of layer: any Layer) -> Int? {
        switch layer.parameters.kind {
        case "Masking": 2
        case "Embedding" where layer.parameters.boolean("mask_zero"): 1
        default: nil
        }
    }

    /// Layers whose calls take a mask.
    private static let takers: Set<String> = [
        "SimpleRNN", "LSTM", "GRU", "Bidirectional", "TimeDistributed", "Softmax", "BatchNormalization",
        "GlobalAveragePooling1D", "MultiHeadAttention", "Attention", "AdditiveAttention", "Sequential", "Functional",
    ]

    private static let merges: Set<String> = [
        "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate",
    ]

    private static func passes(_ layer: any Layer) -> Bool {
        if let sequence = layer as? any SequenceLayer { return sequence.settings.returnsSequences }
        return layer.passesMask || layer is TimeDistributed || layer is Bidirectional
    }
}
