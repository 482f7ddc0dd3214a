import Core

/// y = activation(x), elementwise or (softmax) over the last axis.
final class ActivationLayer: Layer {
    static let entry = Entry<any Layer>(
        "Activation", doc: "an activation function on its own",
        parameters: [ParameterSpec("activation", .object("an activation"), default: nil, "which one")]
    ) { (parameters) throws(ApusError) in
        ActivationLayer(parameters: parameters, activation: try ActivationCatalog.make(parameters["activation"]))
    }

    let parameters: Parameters
    let activation: Activation
    /// Elements handled as one slice.
    private static let chunk = 1 << 15

    let config: [(key: String, value: JSON)]

    /// - Parameter config: of a layer that is one activation; nil of this one.
    init(parameters: Parameters, activation: Activation, config: [(key: String, value: JSON)]? = nil) {
        self.parameters = parameters
        self.activation = activation
        self.config = config ?? [(key: "activation", value: activation.config)]
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank > 0 || !activation.isRowwise else {
            throw .shape("\(activation.name) needs at least one axis beside the batch.")
        }
        return [input]
    }

    func forward(_ step: LayerStep, in context: Context) {
        let columns = step.outputShape.last
        guard columns > 0 else { return }
        let (x, y) = (step.input, step.output)
        context.parallel(over: step.rows * step.outputCount / columns, by: max(1, Self.chunk / columns)) { range in
            let offset = range.lowerBound * columns
            activation.apply(context.kernels, x + offset, y + offset, rows: range.count, columns: columns)
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let columns = step.outputShape.last
        guard columns > 0 else { return }
        let rows = step.rows * step.outputCount / columns
        if step.gradientIsBeforeActivation {
            dx.update(from: dy, count: rows * columns)
            return
        }
        let (x, y) = (step.input, step.output)
        context.parallel(over: rows, by: max(1, Self.chunk / columns)) { range in
            let offset = range.lowerBound * columns
            activation.gradient(
                context.kernels, y + offset, kept: x + offset, dy + offset, dx + offset, rows: range.count,
                columns: columns)
        }
    }

    var finalActivation: Activation? { activation }
}
