/// Masks as they move layers in Keras's order: Keras computes a mask by operations of its own between the input of the
/// layer that makes it and every layer that takes it, and they count as steps to the outputs.
///
/// To be told of calls from the outputs back, each after all that depend on it.
struct KerasMasks {
    /// What a call does with masks.
    private enum Role {
        case none
        /// Its output has a mask, made of its input by so many operations.
        case makes(Int)
        /// That of its input goes on.
        case passes
        /// Those of its inputs are joined, an operation more.
        case merges
    }

    private let graph: NetworkGraph
    private let isNeeded: Bool
    /// For each value how far the operations that have its mask are from the outputs at most; nil where none takes it.
    private var depths: [Int?]

    init(_ graph: NetworkGraph) {
        self.graph = graph
        isNeeded = graph.layers.contains { KerasMasks.operations(of: $0.layer) != nil }
        depths = [Int?](repeating: nil, count: isNeeded ? graph.values.count : 0)
    }

    /// Takes note of a call at a depth. Returns how deep the call that gives its input must be at least, for the mask
    /// that is made of it.
    mutating func meet(_ number: Int, depth: Int) -> Int? {
        guard isNeeded else { return nil }
        let call = graph.calls[number]
        let layer = graph.layers[call.layer].layer
        var least: Int?
        if let taken = call.outputs.compactMap({ depths[$0] }).max() {
            switch role(call, layer) {
            case .none: break
            case .makes(let operations): least = taken + operations
            case .passes: for input in call.inputs { raise(input, taken) }
            case .merges: for input in call.inputs { raise(input, taken + 1) }
            }
        }
        if KerasMasks.takers.contains(layer.parameters.kind) {
            for input in call.inputs { raise(input, depth + 1) }
        }
        return least
    }

    private mutating func raise(_ value: Int, _ depth: Int) {
        depths[value] = max(depths[value] ?? depth, depth)
    }

    private func role(_ call: GraphCall, _ layer: any Layer) -> Role {
        if let operations = KerasMasks.operations(of: layer) { return .makes(operations) }
        if call.inputs.count == 1, KerasMasks.passes(layer) { return .passes }
        return KerasMasks.merges.contains(layer.parameters.kind) ? .merges : .none
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
