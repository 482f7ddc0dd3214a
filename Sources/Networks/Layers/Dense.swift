import CVector
import Core

/// y = activation(x kernel + bias) on the last axis of x.
///
/// kernel [in, units], bias [units].
final class Dense: Layer {
    static let entry = Entry<any Layer>(
        "Dense", doc: "y = activation(x kernel + bias) on the last axis",
        parameters: [
            ParameterSpec("units", .integer(1...Int(Int32.max)), default: nil, "size of the output's last axis"),
            ParameterSpec("activation", .object("an activation, or null"), default: .null, "after the bias"),
            ParameterSpec("use_bias", .boolean, default: true, "whether there is a bias"),
        ] + WeightSettings.specs("kernel", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [RegularizerCatalog.activity]
    ) { (parameters) throws(ApusError) in
        Dense(
            parameters: parameters, activation: try ActivationCatalog.make(parameters["activation"]),
            kernel: try WeightSettings("kernel", parameters), bias: try WeightSettings("bias", parameters),
            activityRegularizer: try RegularizerCatalog.make(
                parameters["activity_regularizer"], lenient: parameters.isLenient))
    }

    let parameters: Parameters
    private let units: Int
    private let usesBias: Bool
    private let activation: Activation
    private let kernel: WeightSettings
    private let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?

    init(
        parameters: Parameters, activation: Activation, kernel: WeightSettings, bias: WeightSettings,
        activityRegularizer: (any Regularizer)?
    ) {
        self.parameters = parameters
        self.units = parameters.integer("units")
        self.usesBias = parameters.boolean("use_bias")
        self.activation = activation
        self.kernel = kernel
        self.bias = bias
        self.activityRegularizer = activityRegularizer
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank > 0 else {
            throw .shape("Dense needs an input of at least one axis beside the batch, got a scalar per row.")
        }
        var shape = input
        shape[shape.rank - 1] = units
        return [shape]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let kernel = kernel.spec(Shape(inputs.first?.last ?? 1, units))
        return usesBias ? [kernel, bias.spec(Shape(units))] : [kernel]
    }

    /// What was before the activation, where its gradient needs it, and room for the bias gradient of one step while it is
    /// added to those held.
    func scratch(_ call: LayerCall) -> Int {
        let kept = call.training && activation.needsInput ? cappedProduct(call.rows, call.output.count) : 0
        return min(kept + (usesBias ? units : 0), 1 << 56)
    }

    /// Room for the packed operands of the products of one pass.
    func workspace(_ call: LayerCall) -> Int {
        let inner = call.input.last
        let rows = cappedProduct(call.rows, call.output.count / units)
        let forward = Product.workspace(rows, units, inner)
        guard call.training else { return forward }
        return max(forward, Product.workspace(inner, units, rows) + Product.workspace(rows, inner, units))
    }

    func forward(_ step: LayerStep, in context: Context) {
        let inner = step.inputShape.last
        let rows = step.rows * (step.outputCount / units)
        let y = step.output
        let bias = usesBias ? UnsafePointer(step.weights[1]) : nil
        let kept = activation.keeps(step) ? step.scratch : nil
        let product = Product(
            rows, units, inner, step.input, inner, step.weights[0], units, y, units, workspace: step.workspace)
        if product.form == .small {
            product.multiply(0, context.kernels)
            activation.apply(context.kernels, bias: bias, y, keeping: kept, rows: rows, columns: units)
            return
        }
        context.parallel(product.packSlices) { product.pack($0, context.kernels) }
        // Bias and activation while the slice is in the cache; softmax needs whole rows.
        let fuses = product.form == .packed || product.slices == 1 || !activation.isRowwise
        context.parallel(product.slices) { slice in
            let (r, c) = product.multiply(slice, context.kernels)
            guard fuses else { return }
            if c.count == units {
                let offset = r.lowerBound * units
                activation.apply(
                    context.kernels, bias: bias, y + offset, keeping: kept.map { $0 + offset }, rows: r.count,
                    columns: units)
            } else {
                for row in r {
                    let offset = row * units + c.lowerBound
                    activation.apply(
                        context.kernels, bias: bias.map { $0 + c.lowerBound }, y + offset,
                        keeping: kept.map { $0 + offset }, rows: 1, columns: c.count)
                }
            }
        }
        if !fuses { activation.apply(context.kernels, bias: bias, y, keeping: kept, rows: rows, columns: units) }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let inner = step.inputShape.last
        let rows = step.rows * (step.outputCount / units)
        let trains = step.trains

        // dy becomes the gradient before the activation
        activation.backward(step, dy, columns: units, in: context)
        // The kernel's gradient x^T dy and the input's dy kernel^T: packed in one parallel region, made in another,
        // together with the bias's.
        let kernelProduct = step.gradients[0].map { gradient in
            Product(
                transposesA: true, inner, units, rows, step.input, inner, dy, units,
                beta: step.accumulates ? 1 : 0, gradient, units, workspace: step.workspace)
        }
        let inputProduct = step.inputGradient.map { dx in
            Product(
                transposesB: true, rows, inner, units, dy, units, step.weights[0], units, dx, inner,
                workspace: step.workspace + (trains ? Product.workspace(inner, units, rows) : 0))
        }
        let (kernelPacks, inputPacks) = (kernelProduct?.packSlices ?? 0, inputProduct?.packSlices ?? 0)
        context.parallel(kernelPacks + inputPacks) { slice in
            if slice < kernelPacks {
                kernelProduct?.pack(slice, context.kernels)
            } else {
                inputProduct?.pack(slice - kernelPacks, context.kernels)
            }
        }
        let (kernelSlices, inputSlices) = (kernelProduct?.slices ?? 0, inputProduct?.slices ?? 0)
        let biasSlices = trains && usesBias ? 1 : 0
        // Too little work for threads goes through in place.
        let isTiny = Product.isTiny(rows, units, inner)
        let slices = biasSlices + kernelSlices + inputSlices
        func make(_ slice: Int) {
            if slice < biasSlices {
                biasGradient(step, dy, rows, in: context)
            } else if slice < biasSlices + kernelSlices {
                kernelProduct?.multiply(slice - biasSlices, context.kernels)
            } else {
                inputProduct?.multiply(slice - biasSlices - kernelSlices, context.kernels)
            }
        }
        if isTiny {
            for slice in 0..<slices { make(slice) }
        } else {
            context.parallel(slices, make)
        }
    }

    private func biasGradient(_ step: LayerStep, _ dy: UnsafeMutablePointer<Float>, _ rows: Int, in context: Context) {
        guard usesBias, let out = step.gradients[1] else { return }
        if step.accumulates {
            let room = step.scratch + (activation.keeps(step) ? rows * units : 0)
            context.kernels.sum_rows(dy, Int64(rows), Int64(units), Int64(units), room)
            context.kernels.add(out, room, out, Int64(units))
        } else {
            context.kernels.sum_rows(dy, Int64(rows), Int64(units), Int64(units), out)
        }
    }

    var finalActivation: Activation? { activation }

    var config: [(key: String, value: JSON)] {
        [
            (key: "units", value: .integer(units)), (key: "activation", value: activation.config),
            (key: "use_bias", value: .bool(usesBias)),
        ] + kernel.config + bias.config
            + [(key: "activity_regularizer", value: activityRegularizer?.config ?? .null)]
    }
}
