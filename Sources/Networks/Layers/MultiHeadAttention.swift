import Core

/// Attention of several heads, each on projections of its own of queries, keys and values; their results side by side
/// are projected once more.
///
/// Inputs: query, value and, if others than the values, key. Weights, in Keras's order: query/kernel [in, heads,
/// key_dim], query/bias, key/..., value/kernel [in, heads, value_dim], ..., attention_output/kernel [heads, value_dim,
/// out], .... Masks of query, value and key leave places out; the query's goes on. Vaswani et al. (2017), "Attention is
/// all you need", arXiv:1706.03762.
final class MultiHeadAttention: CompositeLayer {
    static let entry = Entry<any Layer>(
        "MultiHeadAttention", doc: "attention of several heads between projections",
        parameters: [
            ParameterSpec("num_heads", .integer(1...Int(Int32.max)), default: nil, "heads"),
            ParameterSpec("key_dim", .integer(1...Int(Int32.max)), default: nil, "features of queries and keys of a head"),
            ParameterSpec(
                "value_dim", .nullable(.integer(1...Int(Int32.max))), default: .null,
                "features of values of a head; null: key_dim"),
            Attention.dropout, ParameterSpec("use_bias", .boolean, default: true, "whether the projections have biases"),
            ParameterSpec(
                "output_shape", .any("a whole number, an array of them, or null"), default: .null,
                "in place of the features of a result; null: as many as the query has"),
            ParameterSpec(
                "attention_axes", .any("a whole number, an array of them, or null"), default: .null,
                "axes of steps, up to the features; null: all but the batch"),
        ] + WeightSettings.specs("kernel", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [
                RegularizerCatalog.activity,
                ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
            ] + Attention.calls
    ) { (parameters) throws(ApusError) in try MultiHeadAttention(parameters) }

    let parameters: Parameters
    private let heads: Int
    private let keyWidth: Int
    private let valueWidth: Int
    /// In place of the features of a result; nil for as many as the query has.
    private let outputShape: Shape?
    private let axes: [Int]?
    private let kernel: WeightSettings
    private let bias: WeightSettings
    private let regularizer: (any Regularizer)?
    private let query: GraphLayer
    private let key: GraphLayer
    private let value: GraphLayer

    private init(_ parameters: Parameters) throws(ApusError) {
        self.parameters = parameters
        heads = parameters.integer("num_heads")
        keyWidth = parameters.integer("key_dim")
        valueWidth = parameters["value_dim"].integerValue ?? keyWidth
        kernel = try WeightSettings("kernel", parameters)
        bias = try WeightSettings("bias", parameters)
        regularizer = try RegularizerCatalog.make(parameters["activity_regularizer"], lenient: parameters.isLenient)
        let output = try MultiHeadAttention.numbers("output_shape", parameters, 1...Int(Int32.max))
        guard (output?.count ?? 1) <= 4 else {
            throw .parameter(
                "output_shape", of: parameters.kind, mustBe: "at most four extents", got: parameters["output_shape"].text)
        }
        outputShape = output.map { Shape($0) }
        axes = try MultiHeadAttention.numbers("attention_axes", parameters, -Shape.maximumRank...Shape.maximumRank)
        let (settings, usesBias, heads) = ((kernel, bias, regularizer), parameters.boolean("use_bias"), heads)
        func projection(_ name: String, _ width: Int) throws(ApusError) -> GraphLayer {
            try MultiHeadAttention.projection(
                name, "...a,abc->...bc", Shape(heads, width), usesBias ? "bc" : nil, settings)
        }
        query = try projection("query", keyWidth)
        key = try projection("key", keyWidth)
        value = try projection("value", valueWidth)
    }

    /// A number or an array of them; nil for null.
    private static func numbers(
        _ name: String, _ parameters: Parameters, _ range: ClosedRange<Int>
    ) throws(ApusError) -> [Int]? {
        let given = parameters[name]
        if given.isNull || given.arrayValue?.isEmpty == true { return nil }
        let listed = given.arrayValue ?? [given]
        let values = listed.compactMap(\.integerValue)
        guard values.count == listed.count, values.allSatisfy({ range.contains($0) && $0 != 0 }) else {
            throw .parameter(
                name, of: parameters.kind, mustBe: "a whole number, an array of them, or null", got: given.text)
        }
        return values
    }

    private static func projection(
        _ name: String, _ equation: String, _ shape: Shape, _ biasAxes: String?,
        _ settings: (kernel: WeightSettings, bias: WeightSettings, activity: (any Regularizer)?)
    ) throws(ApusError) -> GraphLayer {
        let layer = EinsumDense(
            parameters: Parameters(kind: "EinsumDense"), equation: try EinsumEquation(equation), shape: shape,
            biasAxes: biasAxes, activation: ActivationCatalog.linear, kernel: settings.kernel, bias: settings.bias,
            activityRegularizer: settings.activity)
        return GraphLayer(name: name, isTrainable: true, layer: layer)
    }

    /// The projection at the end, which may have to be as wide as the query.
    private func end(_ query: Shape) throws(ApusError) -> GraphLayer {
        let shape = outputShape ?? Shape(query.last)
        let letters = String("cdef".prefix(shape.rank))
        return try MultiHeadAttention.projection(
            "attention_output", "...ab,ab\(letters)->...\(letters)", shape, parameters.boolean("use_bias") ? letters : nil,
            (kernel, bias, regularizer))
    }

    var parts: [GraphLayer] { [query, key, value] + [try? end(Shape(1))].compactMap { $0 } }
    var partKeys: [String] { ["query_dense", "key_dense", "value_dense", "output_dense"] }
    var emptyParts: [(key: String, parts: [String])] { [("_dropout_layer", []), ("_softmax", [])] }
    var inputCount: ClosedRange<Int> { 2...3 }
    var inputNames: [String] { ["query", "value", "key"] }

    /// The attention between the projections.
    private func core(_ query: Shape) throws(ApusError) -> AttentionCore {
        // Axes of steps are those from one on up to the features.
        let steps = query.rank - 1
        var attended = steps
        if let axes {
            let places = axes.map { $0 < 0 ? $0 + query.rank + 1 : $0 }.sorted()
            guard places.last == steps, places == Array((steps - places.count + 1)...steps), places.first ?? 0 >= 1 else {
                throw .shape(
                    "MultiHeadAttention attends over axes side by side that end before the features; axes \(axes) of rows of shape \(query) do not."
                )
            }
            attended = places.count
        }
        guard attended >= 1 else {
            throw .shape("MultiHeadAttention needs rows of at least two axes, steps and features, got \(query).")
        }
        return AttentionCore(
            parameters: parameters, comparison: .dot(1 / Float(keyWidth).squareRoot(), isWeighted: false),
            masking: .drops, attended: attended, hasHeads: true)
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let keys = inputs.count > 2 ? inputs[2] : inputs[1]
        let core = try core(inputs[0])
        guard keys.rank == inputs[1].rank else {
            let shapes = inputs.map(\.description).joined(separator: ", ")
            throw .shape("MultiHeadAttention needs inputs of as many axes, got \(shapes).")
        }
        var made = try core.outputShapes([
            query.layer.outputShapes([inputs[0]])[0], value.layer.outputShapes([inputs[1]])[0],
            key.layer.outputShapes([keys])[0],
        ])
        made[0] = try end(inputs[0]).layer.outputShapes([made[0]])[0]
        return made
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let keys = inputs.count > 2 ? inputs[2] : inputs[1]
        var result: [WeightSpec] = []
        for (part, shape) in [(query, inputs[0]), (key, keys), (value, inputs[1])] {
            result += part.layer.weights([shape]).map { $0.within(part.name) }
        }
        var inner = inputs[0].dropLast
        inner.append(heads)
        inner.append(valueWidth)
        if let end = try? end(inputs[0]) { result += end.layer.weights([inner]).map { $0.within(end.name) } }
        return result
    }

    func expand(_ inputs: [Program.Flow], in expansion: Expansion) throws(ApusError) -> [Program.Flow] {
        let keys = inputs.count > 2 ? inputs[2] : inputs[1]
        let width = parameters.boolean("use_bias") ? 2 : 1
        func project(_ part: GraphLayer, _ flow: Program.Flow, _ place: Int) throws(ApusError) -> Program.Flow {
            try expansion.call(part, [flow], weights: place * width..<(place + 1) * width)[0].masked(like: flow)
        }
        let projected = [try project(query, inputs[0], 0), try project(value, inputs[1], 2), try project(key, keys, 1)]
        var made = try expansion.call(core(inputs[0].shape), projected)
        made[0] = try expansion.call(end(inputs[0].shape), [made[0]], weights: 3 * width..<4 * width)[0]
            .masked(like: inputs[0])
        return made
    }

    var callKeywords: [(key: String, value: JSON)] {
        ["use_causal_mask", "return_attention_scores"].compactMap { name in
            parameters.boolean(name) ? (key: name, value: true) : nil
        }
    }

    var config: [(key: String, value: JSON)] {
        ["num_heads", "key_dim", "value_dim", "dropout", "use_bias", "output_shape", "attention_axes"]
            .map { (key: $0, value: $0 == "value_dim" ? .integer(valueWidth) : parameters[$0]) }
            + kernel.config + bias.config + [(key: "activity_regularizer", value: regularizer?.config ?? .null)]
    }
}
