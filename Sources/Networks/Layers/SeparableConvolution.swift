import CVector
import Core

/// y = activation(channels mixed point by point of (each channel of x by its own kernels) + bias): what SeparableConv1D
/// and SeparableConv2D are.
///
/// depthwise_kernel [window, channels, depth_multiplier], pointwise_kernel [1.., channels depth_multiplier, filters],
/// bias [filters]. Chollet (2017), "Xception", doi:10.1109/CVPR.2017.195.
final class SeparableConvolution: Layer {
    let parameters: Parameters
    private let axes: [ConvolutionAxis]
    private let filters: Int
    private let multiplier: Int
    private let usesBias: Bool
    private let activation: Activation
    private let depthwise: WeightSettings
    private let pointwise: WeightSettings
    private let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?

    static func specs(_ rank: Int, paddings: [String]) -> [ParameterSpec] {
        [
            ParameterSpec("filters", .integer(1...Int(Int32.max)), default: nil, "channels of the output"),
            ConvolutionParameters.sizes("kernel_size", default: nil, rank, "length of the window"),
            ConvolutionParameters.sizes("strides", default: 1, rank, "steps from window to window"),
            ConvolutionParameters.padding(paddings), ConvolutionParameters.dataFormat,
            ConvolutionParameters.sizes("dilation_rate", default: 1, rank, "steps from tap to tap"),
            ConvolutionParameters.depthMultiplier,
            ParameterSpec("activation", .object("an activation, or null"), default: .null, "after the bias"),
            ParameterSpec("use_bias", .boolean, default: true, "whether there is a bias"),
        ] + WeightSettings.specs("depthwise", initializer: "glorot_uniform")
            + WeightSettings.specs("pointwise", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [RegularizerCatalog.activity]
    }

    init(_ parameters: Parameters, rank: Int) throws(ApusError) {
        self.parameters = parameters
        axes = try ConvolutionParameters.axes(parameters, rank)
        filters = parameters.integer("filters")
        multiplier = parameters.integer("depth_multiplier")
        usesBias = parameters.boolean("use_bias")
        activation = try ActivationCatalog.make(parameters["activation"])
        depthwise = try WeightSettings("depthwise", parameters)
        pointwise = try WeightSettings("pointwise", parameters)
        bias = try WeightSettings("bias", parameters)
        activityRegularizer = try RegularizerCatalog.make(
            parameters["activity_regularizer"], lenient: parameters.isLenient)
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        var shape = try ConvolutionParameters.check(inputs, axes, parameters.kind)
        for (index, axis) in axes.enumerated() { shape[index] = axis.windows(shape[index]) }
        shape[shape.rank - 1] = filters
        return [shape]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let channels = inputs.first?.last ?? 1
        var (window, point) = (Shape(), Shape())
        for axis in axes {
            window.append(axis.taps)
            point.append(1)
        }
        window.append(channels)
        window.append(multiplier)
        point.append(cappedProduct(channels, multiplier))
        point.append(filters)
        let kernels = [
            depthwise.spec(window, named: "depthwise_kernel"), pointwise.spec(point, named: "pointwise_kernel"),
        ]
        return usesBias ? kernels + [bias.spec(Shape(filters))] : kernels
    }

    // MARK: Memory

    private func first(_ input: Shape, _ rows: Int) -> DepthwiseProduct {
        let plane = ConvolutionPlane(axes, input)
        return DepthwiseProduct(
            pictures: rows, rows: TapPlan(windowsOf: plane.down, over: plane.rows),
            columns: TapPlan(windowsOf: plane.across, over: plane.columns), channels: input.last, multiplier: multiplier)
    }

    private static let point = ConvolutionAxis(taps: 1, stride: 1, dilation: 1, padding: .valid)

    private func second(_ inner: Int, _ places: Int, isTransposed: Bool) -> ConvolutionProduct {
        let line = TapPlan(windowsOf: Self.point, over: 1)
        return ConvolutionProduct(
            pictures: 1, rows: line, columns: TapPlan(windowsOf: Self.point, over: places),
            sourceChannels: isTransposed ? filters : inner, destinationChannels: isTransposed ? inner : filters,
            groups: 1, isTransposed: isTransposed, tapsAcross: 1)
    }

    private func secondGradient(_ inner: Int, _ places: Int) -> ConvolutionGradient {
        ConvolutionGradient(
            pictures: 1, rows: TapPlan(windowsOf: Self.point, over: 1),
            columns: TapPlan(windowsOf: Self.point, over: places), sourceChannels: inner, destinationChannels: filters,
            groups: 1)
    }

    /// What lies between the two products, its gradient, and what was before the activation.
    func scratch(_ call: LayerCall) -> Int {
        let places = cappedProduct(call.rows, call.output.dropLast.count)
        let inner = cappedProduct(places, call.input.last, multiplier)
        let kept = call.training && activation.needsInput ? cappedProduct(places, filters) : 0
        return min(kept + (call.training ? 2 : 1) * min(inner, 1 << 54), 1 << 56)
    }

    func workspace(_ call: LayerCall) -> Int {
        let places = cappedProduct(call.rows, call.output.dropLast.count)
        let inner = cappedProduct(call.input.last, multiplier)
        let forward = second(inner, places, isTransposed: false).workspace(lanes: call.lanes)
        guard call.training else { return forward }
        return max(
            forward, second(inner, places, isTransposed: true).workspace(lanes: call.lanes),
            secondGradient(inner, places).workspace(lanes: call.lanes), first(call.input, call.rows).workspace)
    }

    // MARK: Work

    /// Of a step: places of the output, channels between the products, where those lie and where their gradient does.
    private func layout(_ step: LayerStep) -> (
        places: Int, inner: Int, middle: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>
    ) {
        let places = step.rows * step.outputShape.dropLast.count
        let inner = step.inputShape.last * multiplier
        let kept = activation.keeps(step) ? places * filters : 0
        return (places, inner, step.scratch + kept, step.scratch + kept + places * inner)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (places, inner, middle, _) = layout(step)
        first(step.inputShape, step.rows).run(step.input, kernel: step.weights[0], to: middle, in: context)
        let bias = usesBias ? UnsafePointer(step.weights[2]) : nil
        let keeps = activation.keeps(step) ? step.scratch : nil
        let y = step.output
        second(inner, places, isTransposed: false).run(
            middle, kernel: step.weights[1], to: y, workspace: step.workspace, lanes: step.lanes, in: context
        ) { range in
            let offset = range.lowerBound * filters
            activation.apply(
                context.kernels, bias: bias, y + offset, keeping: keeps.map { $0 + offset }, rows: range.count,
                columns: filters)
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        activation.backward(step, dy, columns: filters, in: context)
        let (places, inner, middle, gradient) = layout(step)
        if step.gradients[1] != nil || (usesBias && step.gradients[2] != nil) {
            secondGradient(inner, places).run(
                middle, gradient: dy, kernel: step.gradients[1], bias: usesBias ? step.gradients[2] : nil,
                accumulates: step.accumulates, workspace: step.workspace, lanes: step.lanes, in: context)
        }
        guard step.gradients[0] != nil || step.inputGradient != nil else { return }
        second(inner, places, isTransposed: true).run(
            dy, kernel: step.weights[1], to: gradient, workspace: step.workspace, lanes: step.lanes, in: context,
            finishes: false
        ) { _ in }
        let product = first(step.inputShape, step.rows)
        if let out = step.gradients[0] {
            product.kernelGradient(
                step.input, gradient: gradient, to: out, accumulates: step.accumulates, workspace: step.workspace,
                in: context)
        }
        if let dx = step.inputGradient { product.inputGradient(gradient, kernel: step.weights[0], to: dx, in: context) }
    }

    var finalActivation: Activation? { activation }

    var config: [(key: String, value: JSON)] {
        [
            (key: "depth_multiplier", value: .integer(multiplier)), (key: "filters", value: .integer(filters)),
            (key: "kernel_size", value: ConvolutionParameters.list(axes.map(\.taps))),
            (key: "strides", value: ConvolutionParameters.list(axes.map(\.stride))),
            (key: "padding", value: parameters["padding"]), (key: "data_format", value: "channels_last"),
            (key: "dilation_rate", value: ConvolutionParameters.list(axes.map(\.dilation))),
            (key: "activation", value: activation.config), (key: "use_bias", value: .bool(usesBias)),
        ] + depthwise.config + pointwise.config + bias.config
            + [(key: "activity_regularizer", value: activityRegularizer?.config ?? .null)]
    }
}
