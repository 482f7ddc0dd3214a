import CVector
import Core

/// y = activation(x spread by windows of the kernel + bias): the transpose of a convolution, over one axis or two,
/// channels last; what Conv1DTranspose and Conv2DTranspose are.
///
/// kernel [window, filters, channels], bias [filters]. Dumoulin and Visin (2016), "A guide to convolution arithmetic for
/// deep learning", arXiv:1603.07285.
final class TransposedConvolution: Layer {
    let parameters: Parameters
    private let axes: [ConvolutionAxis]
    private let outputPadding: [Int]?
    private let filters: Int
    private let usesBias: Bool
    private let activation: Activation
    private let kernel: WeightSettings
    private let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?

    static func specs(_ rank: Int) -> [ParameterSpec] {
        [
            ParameterSpec("filters", .integer(1...Int(Int32.max)), default: nil, "channels of the output"),
            ConvolutionParameters.sizes("kernel_size", default: nil, rank, "length of the window"),
            ConvolutionParameters.sizes("strides", default: 1, rank, "steps from window to window"),
            ConvolutionParameters.padding(),
            ParameterSpec(
                "output_padding", .any("a whole number >= 0, an array of \(rank), or null"), default: .null,
                "elements more at the end; null: as many as the length asks for"),
            ConvolutionParameters.dataFormat,
            ConvolutionParameters.sizes("dilation_rate", default: 1, rank, "steps from tap to tap"),
            ParameterSpec("activation", .object("an activation, or null"), default: .null, "after the bias"),
            ParameterSpec("use_bias", .boolean, default: true, "whether there is a bias"),
        ] + WeightSettings.specs("kernel", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [RegularizerCatalog.activity]
    }

    init(_ parameters: Parameters, rank: Int) throws(ApusError) {
        self.parameters = parameters
        axes = try ConvolutionParameters.axes(parameters, rank)
        outputPadding =
            try parameters["output_padding"].isNull
            ? nil : ConvolutionParameters.values(parameters, "output_padding", rank, from: 0)
        filters = parameters.integer("filters")
        usesBias = parameters.boolean("use_bias")
        activation = try ActivationCatalog.make(parameters["activation"])
        kernel = try WeightSettings("kernel", parameters)
        bias = try WeightSettings("bias", parameters)
        activityRegularizer = try RegularizerCatalog.make(
            parameters["activity_regularizer"], lenient: parameters.isLenient)
        for (index, axis) in axes.enumerated() where (outputPadding?[index] ?? 0) >= axis.stride {
            throw .parameter(
                "output_padding", of: parameters.kind, mustBe: "less than the strides \(axes.map(\.stride))",
                got: parameters["output_padding"].text)
        }
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        let names = axes.count == 1 ? "(steps, channels)" : "(rows, columns, channels)"
        guard input.rank == axes.count + 1, input.last > 0 else {
            throw .shape("\(parameters.kind) needs rows of shape \(names), got \(input).")
        }
        var shape = input
        for (index, axis) in axes.enumerated() {
            let extent = axis.spread(input[index], outputPadding: outputPadding?[index])
            guard extent > 0 || extent == Shape.unknown, extent <= Int(Int32.max) else {
                throw .shape("\(parameters.kind) makes \(extent) elements of axis \(index + 1) of rows of shape \(input).")
            }
            shape[index] = extent
        }
        shape[shape.rank - 1] = filters
        return [shape]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        var shape = Shape()
        for axis in axes { shape.append(axis.taps) }
        shape.append(filters)
        shape.append(inputs.first?.last ?? 1)
        let kernel = kernel.spec(shape)
        return usesBias ? [kernel, bias.spec(Shape(filters))] : [kernel]
    }

    // MARK: Memory

    /// Elements cut off before the first along each axis of the plane.
    private var cuts: (down: Int, across: Int) {
        let cuts = axes.indices.map { axes[$0].cutBefore(outputPadding: outputPadding?[$0]) }
        return axes.count > 1 ? (cuts[0], cuts[1]) : (0, cuts[0])
    }

    /// The products of a pass, for inputs of one shape.
    private final class Prepared {
        let forward: ConvolutionProduct
        let input: ConvolutionProduct
        let kernel: ConvolutionGradient

        init(_ axes: [ConvolutionAxis], _ input: Shape, _ output: Shape, cuts: (down: Int, across: Int)) {
            let (from, to) = (ConvolutionPlane(axes, input), ConvolutionPlane(axes, output))
            forward = ConvolutionProduct(
                rows: TapPlan(spreadOf: from.down, windows: from.rows, to: to.rows, before: cuts.down),
                columns: TapPlan(spreadOf: from.across, windows: from.columns, to: to.columns, before: cuts.across),
                sourceChannels: input.last, destinationChannels: output.last, groups: 1, isTransposed: true,
                tapsAcross: from.across.taps)
            // The input's elements are windows over the output.
            let rows = TapPlan(windows: from.rows, of: from.down, over: to.rows, before: cuts.down)
            let columns = TapPlan(windows: from.columns, of: from.across, over: to.columns, before: cuts.across)
            self.input = ConvolutionProduct(
                rows: rows, columns: columns, sourceChannels: output.last, destinationChannels: input.last, groups: 1,
                isTransposed: false, tapsAcross: from.across.taps)
            kernel = ConvolutionGradient(
                rows: rows, columns: columns, sourceChannels: output.last, destinationChannels: input.last, groups: 1)
        }
    }

    func prepare(_ call: LayerCall) -> AnyObject? { Prepared(axes, call.input, call.output, cuts: cuts) }

    func scratch(_ call: LayerCall) -> Int {
        call.training && activation.needsInput ? cappedProduct(call.rows, call.output.count) : 0
    }

    func workspace(_ call: LayerCall) -> Int {
        let products = Prepared(axes, call.input, call.output, cuts: cuts)
        let forward = products.forward.workspace(lanes: call.lanes)
        guard call.training else { return forward }
        let places = cappedProduct(call.rows, call.output.dropLast.count)
        return max(
            forward, products.input.workspace(lanes: call.lanes),
            products.kernel.workspace(pictures: call.rows, lanes: call.lanes),
            PlaceSums.workspace(places, channels: filters))
    }

    // MARK: Work

    func forward(_ step: LayerStep, in context: Context) {
        guard let products = step.prepared as? Prepared else { return }
        let y = step.output
        let bias = usesBias ? UnsafePointer(step.weights[1]) : nil
        let keeps = activation.keeps(step) ? step.scratch : nil
        products.forward.run(
            step.input, kernel: step.weights[0], to: y, pictures: step.rows, workspace: step.workspace,
            lanes: step.lanes, in: context
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
        if let gradient = step.gradients[0] {
            products.kernel.run(
                dy, gradient: step.input, kernel: gradient, bias: nil, pictures: step.rows,
                accumulates: step.accumulates, workspace: step.workspace, lanes: step.lanes, in: context)
        }
        if usesBias, let gradient = step.gradients[1] {
            PlaceSums.add(
                dy, places: step.rows * step.outputShape.dropLast.count, channels: filters, to: gradient,
                accumulates: step.accumulates, workspace: step.workspace, in: context)
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
            (key: "padding", value: parameters["padding"]),
            (key: "output_padding", value: outputPadding.map(ConvolutionParameters.list) ?? .null),
            (key: "data_format", value: "channels_last"),
            (key: "dilation_rate", value: ConvolutionParameters.list(axes.map(\.dilation))),
            (key: "activation", value: activation.config), (key: "use_bias", value: .bool(usesBias)),
        ] + kernel.config + bias.config
            + [(key: "activity_regularizer", value: activityRegularizer?.config ?? .null)]
    }
}
