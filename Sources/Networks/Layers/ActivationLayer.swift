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

    init(parameters: Parameters, activation: Activation) {
        self.parameters = parameters
        self.activation = activation
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank > 0 || !activation.isSoftmax else {
            throw .shape("softmax needs at least one axis beside the batch.")
        }
        return [input]
    }

    func forward(_ step: LayerStep, in context: Context) {
        let columns = step.outputShape.last
        let rows = step.rows * step.outputCount / columns
        let (x, y) = (step.input, step.output)
        context.parallel(over: rows, by: ActivationLayer.chunk / columns) { range in
            let (from, to) = (x + range.lowerBound * columns, y + range.lowerBound * columns)
            if let code = activation.code {
                context.kernels.activation(code, activation.alpha, from, to, Int64(range.count * columns))
            } else {
                context.kernels.softmax(from, to, nil, Int64(range.count), Int64(columns))
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let columns = step.outputShape.last
        let rows = step.rows * step.outputCount / columns
        if step.gradientIsBeforeActivation {
            dx.update(from: dy, count: rows * columns)
            return
        }
        let y = step.output
        context.parallel(over: rows, by: ActivationLayer.chunk / columns) { range in
            let offset = range.lowerBound * columns
            activation.gradient(
                context.kernels, y + offset, dy + offset, dx + offset, rows: range.count, columns: columns)
        }
    }

    var finalActivation: Activation? { activation }
    var config: [(key: String, value: JSON)] { [(key: "activation", value: .string(activation.name))] }
}
