import CVector
import Core

/// y = activation(each channel of x by its own kernels + bias), over one axis or two, channels last: what
/// DepthwiseConv1D and DepthwiseConv2D are.
///
/// kernel [window, channels, depth_multiplier], bias [channels depth_multiplier].
final class DepthwiseConvolution: Layer {
    let parameters: Parameters
    private let axes: [ConvolutionAxis]
    private let multiplier: Int
    private let usesBias: Bool
    private let activation: Activation
    private let kernel: WeightSettings
    private let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?

    static func specs(_ rank: Int, paddings: [String]) -> [ParameterSpec] {
        [
            ConvolutionParameters.sizes("kernel_size", default: nil, rank, "length of the window"),
            ConvolutionParameters.sizes("strides", default: 1, rank, "steps from window to window"),
            ConvolutionParameters.padding(paddings), ConvolutionParameters.depthMultiplier,
            ConvolutionParameters.dataFormat,
            ConvolutionParameters.sizes("dilation_rate", default: 1, rank, "steps from tap to tap"),
            ParameterSpec("activation", .object("an activation, or null"), default: .null, "after the bias"),
            ParameterSpec("use_bias", .boolean, default: true, "whether there is a bias"),
        ] + WeightSettings.specs("depthwise", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [RegularizerCatalog.activity]
    }

    init(_ parameters: Parameters, rank: Int) throws(ApusError) {
        self.parameters = parameters
        axes = try ConvolutionParameters.axes(parameters, rank)
        multiplier = parameters.integer("depth_multiplier")
        usesBias = parameters.boolean("use_bias")
        activation = try ActivationCatalog.make(parameters["activation"])
        kernel = try WeightSettings("depthwise", parameters)
        bias = try WeightSettings("bias", parameters)
        activityRegularizer = try RegularizerCatalog.make(
            parameters["activity_regularizer"], lenient: parameters.isLenient)
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        var shape = try ConvolutionParameters.check(inputs, axes, parameters.kind)
        for (index, axis) in axes.enumerated() { shape[index] = axis.windows(shape[index]) }
        shape[shape.rank - 1] = cappedProduct(shape.last, multiplier)
        return [shape]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let channels = inputs.first?.last ?? 1
        var shape = Shape()
        for axis in axes { shape.append(axis.taps) }
        shape.append(channels)
        shape.append(multiplier)
        let kernel = kernel.spec(shape, named: "kernel")
        return usesBias ? [kernel, bias.spec(Shape(cappedProduct(channels, multiplier)))] : [kernel]
    }

    private final class Prepared {
        let product: DepthwiseProduct
        init(_ product: DepthwiseProduct) { self.product = product }
    }

    private func product(_ input: Shape) -> DepthwiseProduct {
        DepthwiseProduct(windowsOf: axes, over: input, multiplier: multiplier)
    }

    func prepare(_ call: LayerCall) -> AnyObject? { Prepared(product(call.input)) }

    func scratch(_ call: LayerCall) -> Int {
        call.training && activation.needsInput ? cappedProduct(call.rows, call.output.count) : 0
    }

    func workspace(_ call: LayerCall) -> Int {
        guard call.training else { return 0 }
        return max(
            product(call.input).workspace(pictures: call.rows),
            PlaceSums.workspace(cappedProduct(call.rows, call.output.dropLast.count), channels: call.output.last))
    }

    func forward(_ step: LayerStep, in context: Context) {
        guard let product = (step.prepared as? Prepared)?.product else { return }
        product.run(step.input, kernel: step.weights[0], to: step.output, pictures: step.rows, in: context)
        let channels = step.outputShape.last
        let places = step.rows * step.outputShape.dropLast.count
        let bias = usesBias ? UnsafePointer(step.weights[1]) : nil
        let keeps = activation.keeps(step) ? step.scratch : nil
        context.parallel(over: places, by: max(1, (1 << 14) / channels)) { range in
            let offset = range.lowerBound * channels
            activation.apply(
                context.kernels, bias: bias, step.output + offset, keeping: keeps.map { $0 + offset },
                rows: range.count, columns: channels)
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let product = (step.prepared as? Prepared)?.product else { return }
        let channels = step.outputShape.last
        activation.backward(step, dy, columns: channels, in: context)
        if let gradient = step.gradients[0] {
            product.kernelGradient(
                step.input, gradient: dy, to: gradient, pictures: step.rows, accumulates: step.accumulates,
                workspace: step.workspace, in: context)
        }
        if usesBias, let gradient = step.gradients[1] {
            PlaceSums.add(
                dy, places: step.rows * step.outputShape.dropLast.count, channels: channels, to: gradient,
                accumulates: step.accumulates, workspace: step.workspace, in: context)
        }
        if let dx = step.inputGradient {
            product.inputGradient(dy, kernel: step.weights[0], to: dx, pictures: step.rows, in: context)
        }
    }

    var finalActivation: Activation? { activation }

    var config: [(key: String, value: JSON)] {
        [
            (key: "depth_multiplier", value: .integer(multiplier)),
            (key: "kernel_size", value: ConvolutionParameters.list(axes.map(\.taps))),
            (key: "strides", value: ConvolutionParameters.list(axes.map(\.stride))),
            (key: "padding", value: parameters["padding"]), (key: "data_format", value: "channels_last"),
            (key: "dilation_rate", value: ConvolutionParameters.list(axes.map(\.dilation))),
            (key: "activation", value: activation.config), (key: "use_bias", value: .bool(usesBias)),
        ] + kernel.config + bias.config
            + [(key: "activity_regularizer", value: activityRegularizer?.config ?? .null)]
    }
}
