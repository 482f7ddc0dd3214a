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

    private static let point = ConvolutionAxis(taps: 1, stride: 1, dilation: 1, padding: .valid)

    /// The products of a pass, for inputs of one shape. The second takes the places of a row as a line.
    private final class Prepared {
        let first: DepthwiseProduct
        let second: ConvolutionProduct
        let back: ConvolutionProduct
        let kernel: ConvolutionGradient

        init(_ axes: [ConvolutionAxis], _ input: Shape, multiplier: Int, places: Int, filters: Int) {
            let inner = cappedProduct(input.last, multiplier)
            let line = TapPlan(windowsOf: point, over: 1)
            let columns = TapPlan(windowsOf: point, over: places)
            func product(_ from: Int, _ to: Int, isTransposed: Bool) -> ConvolutionProduct {
                ConvolutionProduct(
                    rows: line, columns: columns, sourceChannels: from, destinationChannels: to, groups: 1,
                    isTransposed: isTransposed, tapsAcross: 1)
            }
            first = DepthwiseProduct(windowsOf: axes, over: input, multiplier: multiplier)
            second = product(inner, filters, isTransposed: false)
            back = product(filters, inner, isTransposed: true)
            kernel = ConvolutionGradient(
                rows: line, columns: columns, sourceChannels: inner, destinationChannels: filters, groups: 1)
        }
    }

    private func products(_ call: LayerCall) -> Prepared {
        Prepared(
            axes, call.input, multiplier: multiplier, places: call.output.dropLast.count, filters: filters)
    }

    func prepare(_ call: LayerCall) -> AnyObject? { products(call) }

    /// What lies between the two products, its gradient, and what was before the activation.
    func scratch(_ call: LayerCall) -> Int {
        let places = cappedProduct(call.rows, call.output.dropLast.count)
        let inner = cappedProduct(places, call.input.last, multiplier)
        let kept = call.training && activation.needsInput ? cappedProduct(places, filters) : 0
        return min(kept + (call.training ? 2 : 1) * min(inner, 1 << 54), 1 << 56)
    }

    func workspace(_ call: LayerCall) -> Int {
        let products = products(call)
        let forward = products.second.workspace(lanes: call.lanes)
        guard call.training else { return forward }
        return max(
            forward, products.back.workspace(lanes: call.lanes),
            products.kernel.workspace(pictures: call.rows, lanes: call.lanes),
            products.first.workspace(pictures: call.rows))
    }

    // MARK: Work

    /// Where what lies between the products is, and its gradient.
    private func layout(
        _ step: LayerStep
    ) -> (middle: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>) {
        let places = step.rows * step.outputShape.dropLast.count
        let middle = step.scratch + (activation.keeps(step) ? places * filters : 0)
        return (middle, middle + places * step.inputShape.last * multiplier)
    }

    func forward(_ step: LayerStep, in context: Context) {
        guard let products = step.prepared as? Prepared else { return }
        let middle = layout(step).middle
        products.first.run(step.input, kernel: step.weights[0], to: middle, pictures: step.rows, in: context)
        let bias = usesBias ? UnsafePointer(step.weights[2]) : nil
        let keeps = activation.keeps(step) ? step.scratch : nil
        let y = step.output
        products.second.run(
            middle, kernel: step.weights[1], to: y, pictures: step.rows, workspace: step.workspace, lanes: step.lanes,
            in: context
        ) { range in
            let offset = range.lowerBound * filters
            activation.apply(
                context.kernels, bias: bias, y + offset, keeping: keeps.map { $0 + offset }, rows: range.count,
                columns: filters)
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let products = step.prepared as? Prepared else { return }
        activation.backward(step, dy, columns: filters, in: context)
        let (middle, gradient) = layout(step)
        if step.gradients[1] != nil || (usesBias && step.gradients[2] != nil) {
            products.kernel.run(
                middle, gradient: dy, kernel: step.gradients[1], bias: usesBias ? step.gradients[2] : nil,
                pictures: step.rows, accumulates: step.accumulates, workspace: step.workspace, lanes: step.lanes,
                in: context)
        }
        guard step.gradients[0] != nil || step.inputGradient != nil else { return }
        products.back.run(
            dy, kernel: step.weights[1], to: gradient, pictures: step.rows, workspace: step.workspace,
            lanes: step.lanes, in: context, finishes: false
        ) { _ in }
        if let out = step.gradients[0] {
            products.first.kernelGradient(
                step.input, gradient: gradient, to: out, pictures: step.rows, accumulates: step.accumulates,
                workspace: step.workspace, in: context)
        }
        if let dx = step.inputGradient {
            products.first.inputGradient(gradient, kernel: step.weights[0], to: dx, pictures: step.rows, in: context)
        }
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
