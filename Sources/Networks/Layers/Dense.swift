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
            ParameterSpec(
                "kernel_initializer", .object("an initializer"), default: "glorot_uniform", "of the kernel"),
            ParameterSpec("bias_initializer", .object("an initializer"), default: "zeros", "of the bias"),
        ]
    ) { (parameters) throws(ApusError) in
        Dense(
            parameters: parameters, activation: try ActivationCatalog.make(parameters["activation"]),
            kernel: try InitializerCatalog.family.make(parameters["kernel_initializer"], lenient: true),
            bias: try InitializerCatalog.family.make(parameters["bias_initializer"], lenient: true))
    }

    let parameters: Parameters
    private let units: Int
    private let usesBias: Bool
    private let activation: Activation
    private let kernelInitializer: any Initializer
    private let biasInitializer: any Initializer

    init(parameters: Parameters, activation: Activation, kernel: any Initializer, bias: any Initializer) {
        self.parameters = parameters
        self.units = parameters.integer("units")
        self.usesBias = parameters.boolean("use_bias")
        self.activation = activation
        self.kernelInitializer = kernel
        self.biasInitializer = bias
    }

    func outputShape(_ inputs: [Shape]) throws(ApusError) -> Shape {
        guard let input = inputs.first, input.rank > 0 else {
            throw .shape("Dense needs an input of at least one axis beside the batch, got a scalar per row.")
        }
        var shape = input
        shape[shape.rank - 1] = units
        return shape
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let kernel = WeightSpec("kernel", Shape(inputs.first?.last ?? 1, units), kernelInitializer)
        return usesBias ? [kernel, WeightSpec("bias", Shape(units), biasInitializer)] : [kernel]
    }

    /// Room for the bias gradient of one step while it is added to those held.
    func scratch(_ inputs: [Shape], output: Shape, rows: Int) -> Int { usesBias ? units : 0 }

    func usesBLAS(_ inputs: [Shape], output: Shape, rows: Int) -> Bool {
        !Product.isSmall(rows * (output.count / units), units, inputs.first?.last ?? 1)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let inner = step.inputShape.last
        let rows = step.rows * (step.outputCount / units)
        let (x, y, kernel) = (step.input, step.output, step.weights[0])
        let bias = usesBias ? UnsafePointer(step.weights[1]) : nil
        if Product.isSmall(rows, units, inner) {
            context.kernels.small_product(
                0, 0, Int64(rows), Int64(units), Int64(inner), x, Int64(inner), kernel, Int64(units), 0, y,
                Int64(units))
            activation.apply(context.kernels, bias: bias, y, rows: rows, columns: units)
            return
        }
        let cut = Product(rows, units, inner)
        let fuses = cut.columnBlocks == 1 || !activation.isSoftmax
        context.parallel(cut.count) { slice in
            let (r, c) = cut.block(slice)
            BLAS.product(
                transposeA: false, transposeB: false, r.count, c.count, inner, x + r.lowerBound * inner, inner,
                kernel + c.lowerBound, units, beta: 0, y + r.lowerBound * units + c.lowerBound, units)
            guard fuses else { return }
            if c.count == units {
                activation.apply(
                    context.kernels, bias: bias, y + r.lowerBound * units, rows: r.count, columns: units)
            } else {
                for row in r {
                    activation.apply(
                        context.kernels, bias: bias.map { $0 + c.lowerBound }, y + row * units + c.lowerBound, rows: 1,
                        columns: c.count)
                }
            }
        }
        if !fuses {
            context.parallel(over: rows, by: max(1, (1 << 15) / units)) { range in
                activation.apply(
                    context.kernels, bias: bias, y + range.lowerBound * units, rows: range.count, columns: units)
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let inner = step.inputShape.last
        let rows = step.rows * (step.outputCount / units)
        let (x, y, kernel, dx) = (step.input, step.output, step.weights[0], step.inputGradient)
        let trains = !step.gradients.isEmpty
        let beta: Float = step.accumulates ? 1 : 0

        // dy becomes the gradient before the activation
        if !step.gradientIsBeforeActivation && !activation.isLinear {
            context.parallel(over: rows, by: max(1, (1 << 15) / units)) { range in
                let offset = range.lowerBound * units
                activation.gradient(
                    context.kernels, y + offset, dy + offset, dy + offset, rows: range.count, columns: units)
            }
        }
        if Product.isSmall(rows, units, inner) {
            if trains {
                context.kernels.small_product(
                    1, 0, Int64(inner), Int64(units), Int64(rows), x, Int64(inner), dy, Int64(units), beta,
                    step.gradients[0], Int64(units))
                biasGradient(step, dy, rows, in: context)
            }
            if let dx {
                context.kernels.small_product(
                    0, 1, Int64(rows), Int64(inner), Int64(units), dy, Int64(units), kernel, Int64(units), 0, dx,
                    Int64(inner))
            }
            return
        }
        // In one parallel region: the bias, the blocks of the kernel's gradient, the blocks of the input's.
        let kernelCut = Product(inner, units, rows)
        let inputCut = Product(rows, inner, units)
        let kernelSlices = trains ? kernelCut.count : 0
        let biasSlices = trains && usesBias ? 1 : 0
        context.parallel(biasSlices + kernelSlices + (dx == nil ? 0 : inputCut.count)) { slice in
            if slice < biasSlices {
                biasGradient(step, dy, rows, in: context)
            } else if slice < biasSlices + kernelSlices {
                let (r, c) = kernelCut.block(slice - biasSlices)
                BLAS.product(
                    transposeA: true, transposeB: false, r.count, c.count, rows, x + r.lowerBound, inner,
                    dy + c.lowerBound, units, beta: beta, step.gradients[0] + r.lowerBound * units + c.lowerBound,
                    units)
            } else if let dx {
                let (r, c) = inputCut.block(slice - biasSlices - kernelSlices)
                BLAS.product(
                    transposeA: false, transposeB: true, r.count, c.count, units, dy + r.lowerBound * units, units,
                    kernel + c.lowerBound * units, units, beta: 0, dx + r.lowerBound * inner + c.lowerBound, inner)
            }
        }
    }

    private func biasGradient(_ step: LayerStep, _ dy: UnsafeMutablePointer<Float>, _ rows: Int, in context: Context) {
        guard usesBias, step.gradients.count > 1 else { return }
        let out = step.gradients[1]
        if step.accumulates {
            context.kernels.sum_rows(dy, Int64(rows), Int64(units), Int64(units), step.scratch)
            context.kernels.add(out, step.scratch, out, Int64(units))
        } else {
            context.kernels.sum_rows(dy, Int64(rows), Int64(units), Int64(units), out)
        }
    }

    var finalActivation: Activation? { activation }

    var config: [(key: String, value: JSON)] {
        [
            (key: "units", value: .integer(units)), (key: "activation", value: .string(activation.name)),
            (key: "use_bias", value: .bool(usesBias)), (key: "kernel_initializer", value: kernelInitializer.config),
            (key: "bias_initializer", value: biasInitializer.config), (key: "kernel_regularizer", value: .null),
            (key: "bias_regularizer", value: .null), (key: "activity_regularizer", value: .null),
            (key: "kernel_constraint", value: .null), (key: "bias_constraint", value: .null),
        ]
    }
}
