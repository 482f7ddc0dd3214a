import Core

/// Bahdanau's attention: the score of a query and a key is the sum of scale tanh(q + k).
enum AdditiveAttention {
    static let entry = Entry<any Layer>(
        "AdditiveAttention", doc: "attention with scores sum(scale tanh(q + k))",
        parameters: [
            ParameterSpec("use_scale", .boolean, default: true, "whether there is a weight for each feature"),
            Attention.dropout,
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ] + Attention.calls
    ) { parameters in
        AttentionCore(
            parameters: parameters, comparison: .additive(isWeighted: parameters.boolean("use_scale")),
            masking: .subtracts)
    }
}
