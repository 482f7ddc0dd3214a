import Core

/// One layer on each step of a sequence: the steps become rows, which costs nothing.
final class TimeDistributed: CompositeLayer {
    static let entry = Entry<any Layer>(
        "TimeDistributed", doc: "a layer on each step of a sequence",
        parameters: [ParameterSpec("layer", .object("a layer"), default: nil, "the layer")]
    ) { (parameters) throws(ApusError) in
        TimeDistributed(
            parameters: parameters, inner: try KerasConfig.inner(parameters["layer"], lenient: parameters.isLenient))
    }

    let parameters: Parameters
    private let inner: GraphLayer

    init(parameters: Parameters, inner: GraphLayer) {
        self.parameters = parameters
        self.inner = inner
    }

    var parts: [GraphLayer] { [inner] }
    var partKeys: [String] { ["layer"] }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank > 0 else {
            throw .shape("TimeDistributed needs an input of at least one axis beside the batch, the steps.")
        }
        do {
            return try inner.layer.outputShapes([input.dropFirst(1)]).map { $0.prefixed(by: input[0]) }
        } catch { throw error.within("layer '\(inner.name)'") }
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        inner.layer.weights(inputs.map { $0.dropFirst(1) })
            .map { $0.within(inner.name, isTrainable: inner.isTrainable) }
    }

    /// The mask goes past the inner layer, as in Keras.
    func expand(_ inputs: [Program.Flow], in expansion: Expansion) throws(ApusError) -> [Program.Flow] {
        let steps = expansion.fold(inputs[0])
        let results = try expansion.call(inner, [steps], weights: 0..<inner.layer.weights([steps.shape]).count)
        return results.map { expansion.unfold($0, like: inputs[0]).masked(like: inputs[0]) }
    }

    var config: [(key: String, value: JSON)] { [(key: "layer", value: KerasConfig.wrapped(inner))] }
}
