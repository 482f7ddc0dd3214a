import CVector
import Core

/// y = activation(windows of x times kernel + bias), over one axis or two, channels last: what Conv1D and Conv2D are.
///
/// kernel [window, channels / groups, filters], bias [filters]. It is a cross-correlation, as in every network library.
final class Convolution: Layer {
    let parameters: Parameters
    private let axes: [ConvolutionAxis]
    private let filters: Int
    private let groups: Int
    private let usesBias: Bool
    private let activation: Activation
    private let kernel: WeightSettings
    private let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?

    static func specs(_ rank: Int, paddings: [String]) -> [ParameterSpec] {
        [
            ParameterSpec("filters", .integer(1...Int(Int32.max)), default: nil, "channels of the output"),
            ConvolutionParameters.sizes("kernel_size", default: nil, rank, "length of the window"),
            ConvolutionParameters.sizes("strides", default: 1, rank, "steps from window to window"),
            ConvolutionParameters.padding(paddings), ConvolutionParameters.dataFormat,
            ConvolutionParameters.sizes("dilation_rate", default: 1, rank, "steps from tap to tap"),
            ParameterSpec("groups", .integer(1...Int(Int32.max)), default: 1, "groups of channels that do not mix"),
            ParameterSpec("activation", .object("an activation, or null"), default: .null, "after the bias"),
            ParameterSpec("use_bias", .boolean, default: true, "whether there is a bias"),
        ] + WeightSettings.specs("kernel", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [RegularizerCatalog.activity]
    }

    init(_ parameters: Parameters, rank: Int) throws(ApusError) {
        self.parameters = parameters
        axes = try ConvolutionParameters.axes(parameters, rank)
        filters = parameters.integer("filters")
        groups = parameters.integer("groups")
        usesBias = parameters.boolean("use_bias")
        activation = try ActivationCatalog.make(parameters["activation"])
        kernel = try WeightSettings("kernel", parameters)
        bias = try WeightSettings("bias", parameters)
        activityRegularizer = try RegularizerCatalog.make(
            parameters["activity_regularizer"], lenient: parameters.isLenient)
        guard filters % groups == 0 else {
            throw .invalid("The filters of \(parameters.kind) must be a multiple of groups \(groups), got \(filters).")
        }
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = try ConvolutionParameters.check(inputs, axes, parameters.kind)
        guard input.last % groups == 0 else {
            throw .shape("\(parameters.kind) has \(groups) groups, which \(input.last) channels cannot be divided into.")
        }
        var shape = input
        for (index, axis) in axes.enumerated() { shape[index] = axis.windows(input[index]) }
        shape[shape.rank - 1] = filters
        return [shape]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        var shape = Shape()
        for axis in axes { shape.append(axis.taps) }
        shape.append((inputs.first?.last ?? groups) / groups)
        shape.append(filters)
        let kernel = kernel.spec(shape)
        return usesBias ? [kernel, bias.spec(Shape(filters))] : [kernel]
    }

    // MARK: Memory

    /// The products of a pass, for inputs of one shape.
    private final class Prepared {
        let forward: ConvolutionProduct
        let input: ConvolutionProduct
        let kernel: ConvolutionGradient

        init(_ axes: [ConvolutionAxis], _ shape: Shape, filters: Int, groups: Int) {
            let plane = ConvolutionPlane(axes, shape)
            let rows = TapPlan(windowsOf: plane.down, over: plane.rows)
            let columns = TapPlan(windowsOf: plane.across, over: plane.columns)
            func spread(_ axis: ConvolutionAxis, _ extent: Int) -> TapPlan {
                TapPlan(spreadOf: axis, windows: axis.windows(extent), to: extent, before: axis.padBefore(extent))
            }
            forward = ConvolutionProduct(
                rows: rows, columns: columns, sourceChannels: shape.last, destinationChannels: filters, groups: groups,
                isTransposed: false, tapsAcross: plane.across.taps)
            input = ConvolutionProduct(
                rows: spread(plane.down, plane.rows), columns: spread(plane.across, plane.columns),
                sourceChannels: filters, destinationChannels: shape.last, groups: groups, isTransposed: true,
                tapsAcross: plane.across.taps)
            kernel = ConvolutionGradient(
                rows: rows, columns: columns, sourceChannels: shape.last, destinationChannels: filters, groups: groups)
        }
    }

    func prepare(_ call: LayerCall) -> AnyObject? { Prepared(axes, call.input, filters: filters, groups: groups) }

    /// What was before the activation, where its gradient needs it; in inference the packed kernel.
    func scratch(_ call: LayerCall) -> Int {
        guard call.training else { return Prepared(axes, call.input, filters: filters, groups: groups).forward.packed }
        return activation.needsInput ? cappedProduct(call.rows, call.output.count) : 0
    }

    func workspace(_ call: LayerCall) -> Int {
        let products = Prepared(axes, call.input, filters: filters, groups: groups)
        let forward = products.forward.workspace(lanes: call.lanes)
        guard call.training else { return forward }
        return max(
            forward, products.input.workspace(lanes: call.lanes),
            products.kernel.workspace(pictures: call.rows, lanes: call.lanes))
    }

    // MARK: Work

    func forward(_ step: LayerStep, in context: Context) {
        guard let products = step.prepared as? Prepared else { return }
        let y = step.output
        let bias = usesBias ? UnsafePointer(step.weights[1]) : nil
        let keeps = activation.keeps(step) ? step.scratch : nil
        products.forward.run(
            step.input, kernel: step.weights[0], to: y, pictures: step.rows,
            packed: step.isDifferentiable ? nil : step.scratch, isPacked: !step.weightsAreNew,
            workspace: step.workspace, lanes: step.lanes, in: context
        ) { places in
            let offset = places.lowerBound * filters
            activation.apply(
                context.kernels, bias: bias, y + offset, keeping: keeps.map { $0 + offset }, rows: places.count,
                columns: filters)
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let products = step.prepared as? Prepared else { return }
        activation.backward(step, dy, columns: filters, in: context)
        if step.trains {
            products.kernel.run(
                step.input, gradient: dy, kernel: step.gradients[0], bias: usesBias ? step.gradients[1] : nil,
                pictures: step.rows, accumulates: step.accumulates, workspace: step.workspace, lanes: step.lanes,
                in: context)
        }
        if let dx = step.inputGradient {
            products.input.run(
                dy, kernel: step.weights[0], to: dx, pictures: step.rows, workspace: step.workspace, lanes: step.lanes,
                in: context, finishes: false
            ) { _ in }
        }
    }

    var finalActivation: Activation? { activation }

    var config: [(key: String, value: JSON)] {
        [
            (key: "filters", value: .integer(filters)),
            (key: "kernel_size", value: ConvolutionParameters.list(axes.map(\.taps))),
            (key: "strides", value: ConvolutionParameters.list(axes.map(\.stride))),
            (key: "padding", value: parameters["padding"]), (key: "data_format", value: "channels_last"),
            (key: "dilation_rate", value: ConvolutionParameters.list(axes.map(\.dilation))),
            (key: "groups", value: .integer(groups)), (key: "activation", value: activation.config),
            (key: "use_bias", value: .bool(usesBias)),
        ] + kernel.config + bias.config
            + [(key: "activity_regularizer", value: activityRegularizer?.config ?? .null)]
    }
}

/// Rows of one axis or two as a plane: a sequence is a plane of one line.
struct ConvolutionPlane {
    let down: ConvolutionAxis
    let across: ConvolutionAxis
    let rows: Int
    let columns: Int

    private static let single = ConvolutionAxis(taps: 1, stride: 1, dilation: 1, padding: .valid)

    init(_ axes: [ConvolutionAxis], _ shape: Shape) {
        (down, across) = axes.count > 1 ? (axes[0], axes[1]) : (Self.single, axes[0])
        (rows, columns) = axes.count > 1 ? (shape[0], shape[1]) : (1, shape[0])
    }
}
