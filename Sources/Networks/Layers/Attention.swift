import Core

/// Attention of queries (steps, features) over values with the dot product, or with a layer of tanh (`score_mode` concat).
/// Inputs: query, value and, if others than the values, key. The values' mask leaves steps out, the queries' mask sets
/// results to zero and goes on.
enum Attention {
    static let calls = [
        ParameterSpec("use_causal_mask", .boolean, default: false, "whether step i sees the steps up to i alone"),
        ParameterSpec(
            "return_attention_scores", .boolean, default: false, "whether the weights are a second output"),
    ]
    static let dropout = ParameterSpec(
        "dropout", .real(from: 0, to: 0x1.fffffep-1), default: 0.0, "share of the weights set to zero in training, in [0, 1)")

    static let entry = Entry<any Layer>(
        "Attention", doc: "softmax of scores of queries and keys, times values",
        parameters: [
            ParameterSpec("use_scale", .boolean, default: false, "whether a weight scales the scores"),
            ParameterSpec("score_mode", .choice(["dot", "concat"]), default: "dot", "q . k, or the sum of tanh(q + k)"),
            dropout, ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ] + calls
    ) { parameters in
        let isWeighted = parameters.boolean("use_scale")
        return AttentionCore(
            parameters: parameters,
            comparison: parameters.text("score_mode") == "dot"
                ? .dot(1, isWeighted: isWeighted) : .concat(isWeighted: isWeighted), masking: .subtracts)
    }
}
