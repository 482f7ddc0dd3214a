import CVector
import Core

/// y = activation(einsum(equation, x, kernel) + bias): products of x with a kernel over any axes, such as the projections
/// of attention, "abc,cde->abde".
///
/// kernel: the axes that the equation names; bias: the output axes of `bias_axes`, with extents of 1 between and after.
final class EinsumDense: Layer {
    static let entry = Entry<any Layer>(
        "EinsumDense", doc: "y = activation(einsum(equation, x, kernel) + bias)",
        parameters: [
            ParameterSpec("equation", .text, default: nil, "letters of the axes, the batch first: abc,cd->abd"),
            ParameterSpec(
                "output_shape", .any("a whole number, or an array of whole numbers and null"), default: nil,
                "without the batch and the axes of '...'; null: as the input"),
            ParameterSpec("activation", .object("an activation, or null"), default: .null, "after the bias"),
            ParameterSpec("bias_axes", .nullable(.text), default: .null, "letters of the output that the bias has; null: none"),
        ] + WeightSettings.specs("kernel", initializer: "glorot_uniform")
            + WeightSettings.specs("bias", initializer: "zeros") + [RegularizerCatalog.activity]
    ) { (parameters) throws(ApusError) in
        let given = parameters["output_shape"]
        let listed = given.arrayValue ?? [given]
        var shape = Shape()
        for extent in listed {
            let whole = extent.isNull ? Shape.unknown : extent.integerValue ?? 0
            guard whole == Shape.unknown || (whole >= 1 && whole <= Int(Int32.max)) else {
                throw .parameter(
                    "output_shape", of: "EinsumDense", mustBe: "a whole number >= 1, or an array of them and null",
                    got: given.text)
            }
            shape.append(whole)
        }
        guard listed.count == shape.rank else {
            throw .parameter(
                "output_shape", of: "EinsumDense", mustBe: "at most \(Shape.maximumRank) extents", got: given.text)
        }
        return EinsumDense(
            parameters: parameters, equation: try EinsumEquation(parameters.text("equation")), shape: shape,
            biasAxes: parameters["bias_axes"].stringValue, activation: try ActivationCatalog.make(parameters["activation"]),
            kernel: try WeightSettings("kernel", parameters), bias: try WeightSettings("bias", parameters),
            activityRegularizer: try RegularizerCatalog.make(
                parameters["activity_regularizer"], lenient: parameters.isLenient))
    }

    let parameters: Parameters
    private let equation: EinsumEquation
    private let shape: Shape
    private let biasAxes: [UInt8]?
    private let activation: Activation
    private let kernel: WeightSettings
    private let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?

    init(
        parameters: Parameters, equation: EinsumEquation, shape: Shape, biasAxes: String?, activation: Activation,
        kernel: WeightSettings, bias: WeightSettings, activityRegularizer: (any Regularizer)?
    ) {
        self.parameters = parameters
        self.equation = equation
        self.shape = shape
        self.biasAxes = biasAxes.map { Array($0.utf8) }
        self.activation = activation
        self.kernel = kernel
        self.bias = bias
        self.activityRegularizer = activityRegularizer
    }

    // MARK: Shapes

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        let labels = try equation.labels(rows: input)
        guard labels.given.count == shape.rank else {
            throw .shape(
                "EinsumDense with equation \(equation.text) needs an output_shape of \(labels.given.count) extents, got \(shape)."
            )
        }
        var output = Shape()
        for axis in 1..<max(1, labels.output.count) {
            let told = labels.given.contains(axis) ? shape[axis - labels.given.lowerBound] : Shape.unknown
            guard let source = labels.input.firstIndex(of: labels.output[axis]) else {
                guard told != Shape.unknown else {
                    throw .shape("EinsumDense with equation \(equation.text) needs the extent of each new axis, got \(shape).")
                }
                output.append(told)
                continue
            }
            let extent = input[source - 1]
            guard told == Shape.unknown || extent < 0 || told == extent else {
                throw .shape(
                    "EinsumDense with output_shape \(shape) and equation \(equation.text) does not fit rows of shape \(input).")
            }
            output.append(extent < 0 ? told : extent)
        }
        for letter in biasAxes ?? [] {
            guard let axis = labels.output.firstIndex(of: letter), labels.given.contains(axis) else {
                throw .invalid(
                    "The bias_axes of EinsumDense must be letters of the output beside the batch, got '\(parameters.text("bias_axes"))' with \(equation.text)."
                )
            }
        }
        return [output]
    }

    private func kernelShape(_ labels: EinsumEquation.Labels, _ input: Shape, _ output: Shape) -> Shape {
        var result = Shape()
        for letter in labels.kernel {
            if let axis = labels.output.firstIndex(of: letter) {
                result.append(output[axis - 1])
            } else if let axis = labels.input.firstIndex(of: letter) {
                result.append(input[axis - 1])
            }
        }
        return result
    }

    /// From the first axis that it has on; 1 for those that it does not have. nil without a bias.
    private func biasShape(_ labels: EinsumEquation.Labels, _ output: Shape) -> Shape? {
        guard let biasAxes, let first = labels.given.first(where: { biasAxes.contains(labels.output[$0]) }) else { return nil }
        var result = Shape()
        for axis in first..<labels.output.count {
            result.append(biasAxes.contains(labels.output[axis]) ? output[axis - 1] : 1)
        }
        return result
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let input = inputs.first ?? Shape()
        guard let output = try? outputShapes(inputs).first, let labels = try? equation.labels(rows: input) else { return [] }
        let shape = kernelShape(labels, input, output)
        let (ins, outs) = labels.kernel.indices.reduce(into: (1, 1)) { sizes, axis in
            if labels.output.contains(labels.kernel[axis]) {
                sizes.1 = cappedProduct(sizes.1, shape[axis])
            } else {
                sizes.0 = cappedProduct(sizes.0, shape[axis])
            }
        }
        let made = WeightSpec(
            kernel.name, shape, FanInitializer(of: kernel.initializer, inputs: ins, outputs: outs),
            regularizer: kernel.regularizer, constraint: kernel.constraint)
        return biasShape(labels, output).map { [made, bias.spec($0)] } ?? [made]
    }

    // MARK: Memory

    /// What the shapes of a call come to.
    private final class Prepared {
        let matrices: EinsumMatrices
        /// Elements of the bias, and where they go in an output row; nil without one.
        let bias: (count: Int, map: BroadcastMap)?

        init(_ matrices: EinsumMatrices, bias: Shape?, output: Shape) {
            self.matrices = matrices
            self.bias = bias.map { ($0.count, BroadcastMap(from: $0, to: output)) }
        }
    }

    private func prepared(_ input: Shape, _ output: Shape) -> Prepared? {
        guard let labels = try? equation.labels(rows: input) else { return nil }
        return Prepared(
            EinsumMatrices(labels, input: input, kernel: kernelShape(labels, input, output), output: output),
            bias: biasShape(labels, output), output: output)
    }

    func prepare(_ call: LayerCall) -> AnyObject? { prepared(call.input, call.output) }

    /// What was before the activation, where its gradient needs it.
    func scratch(_ call: LayerCall) -> Int {
        call.training && activation.needsInput ? cappedProduct(call.rows, call.output.count) : 0
    }

    /// Where a pass keeps operands in the order of the matrices, one behind the other.
    private struct Rooms {
        let input: Int
        let kernel: Int
        let output: Int
        let product: Int
        let bias: Int
        let end: Int

        init(_ prepared: Prepared, rows: Int, training: Bool) {
            let m = prepared.matrices
            func padded(_ count: Int) -> Int { (min(count, 1 << 55) + 15) / 16 * 16 }
            func sum(_ a: Int, _ b: Int) -> Int { min(a + padded(b), 1 << 56) }
            input = 0
            kernel = sum(input, m.packs(m.input) ? cappedProduct(rows, m.input.count) : 0)
            // The kernel, and its gradient.
            output = sum(kernel, m.kernel.isDense ? 0 : cappedProduct(training ? 2 : 1, m.kernel.count + 16))
            bias = sum(output, m.packs(m.output) ? cappedProduct(rows, m.output.count) : 0)
            product = sum(bias, training ? prepared.bias?.count ?? 0 : 0)
            let height = cappedProduct(rows, m.free)
            var room = Product.workspace(height, m.made, m.summed)
            if training {
                room = max(room, Product.workspace(m.summed, m.made, height), Product.workspace(height, m.summed, m.made))
            }
            end = sum(product, room)
        }
    }

    func workspace(_ call: LayerCall) -> Int {
        prepared(call.input, call.output).map { Rooms($0, rows: call.rows, training: call.training).end } ?? 0
    }

    // MARK: Passes

    /// Rows of the input or output in the order of the matrices, or back.
    private func pack(
        _ operand: EinsumMatrices.Operand, _ rows: UnsafeMutablePointer<Float>, _ packed: UnsafeMutablePointer<Float>,
        count: Int, isBack: Bool = false, in context: Context
    ) {
        let (size, matrix) = (operand.count, operand.matrix.count)
        context.parallel(over: count, by: max(1, (1 << 14) / max(1, size))) { range in
            for row in range {
                operand.shared.forEach { number, start in
                    let place = packed + (number * count + row) * matrix
                    let values = rows + row * size + start
                    if isBack {
                        operand.matrix.forEach { values[$1] = place[$0] }
                    } else {
                        operand.matrix.forEach { place[$0] = values[$1] }
                    }
                }
            }
        }
    }

    private func packKernel(
        _ operand: EinsumMatrices.Operand, _ kernel: UnsafePointer<Float>, _ packed: UnsafeMutablePointer<Float>
    ) {
        let matrix = operand.matrix.count
        operand.shared.forEach { number, start in
            let (place, values) = (packed + number * matrix, kernel + start)
            operand.matrix.forEach { place[$0] = values[$1] }
        }
    }

    private func run(_ product: Product, in context: Context) {
        if product.form == .small {
            product.multiply(0, context.kernels)
            return
        }
        context.parallel(product.packSlices) { product.pack($0, context.kernels) }
        context.parallel(product.slices) { product.multiply($0, context.kernels) }
    }

    func forward(_ step: LayerStep, in context: Context) {
        guard let prepared = step.prepared as? Prepared else { return }
        let (m, room) = (prepared.matrices, step.workspace)
        let rooms = Rooms(prepared, rows: step.rows, training: step.isDifferentiable)
        var (x, kernel, y) = (step.input, step.weights[0], step.output)
        if m.packs(m.input) {
            x = room + rooms.input
            pack(m.input, step.input, x, count: step.rows, in: context)
        }
        if !m.kernel.isDense {
            kernel = room + rooms.kernel
            packKernel(m.kernel, step.weights[0], kernel)
        }
        if m.packs(m.output) { y = room + rooms.output }
        let height = step.rows * m.free
        for part in 0..<m.shared {
            run(
                Product(
                    height, m.made, m.summed, x + part * height * m.summed, m.summed,
                    kernel + part * m.summed * m.made, m.made, y + part * height * m.made, m.made,
                    workspace: room + rooms.product), in: context)
        }
        if m.packs(m.output) { pack(m.output, step.output, y, count: step.rows, isBack: true, in: context) }
        finish(step, prepared, in: context)
    }

    /// Bias and activation.
    private func finish(_ step: LayerStep, _ prepared: Prepared, in context: Context) {
        if prepared.bias == nil, activation.isLinear { return }
        let (count, columns) = (step.outputCount, max(1, step.outputShape.last))
        let kept = activation.keeps(step) ? step.scratch : nil
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, count))) { range in
            let y = step.output + range.lowerBound * count
            if let bias = prepared.bias {
                let values = step.weights[1]
                for row in 0..<range.count {
                    bias.map.forEachRun { to, from in
                        context.kernels.add(
                            y + row * count + to, values + from, y + row * count + to, Int64(bias.map.run))
                    }
                }
            }
            activation.apply(
                context.kernels, bias: nil, y, keeping: kept.map { $0 + range.lowerBound * count },
                rows: range.count * count / columns, columns: columns)
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let prepared = step.prepared as? Prepared else { return }
        let (m, room) = (prepared.matrices, step.workspace)
        let rooms = Rooms(prepared, rows: step.rows, training: true)
        activation.backward(step, dy, columns: step.outputShape.last, in: context)
        biasGradient(step, prepared, dy, room + rooms.bias, in: context)
        var gradient = dy
        if m.packs(m.output) {
            gradient = room + rooms.output
            pack(m.output, dy, gradient, count: step.rows, in: context)
        }
        let height = step.rows * m.free
        if let out = step.gradients[0] {
            var x = step.input
            if m.packs(m.input) {
                x = room + rooms.input
                pack(m.input, step.input, x, count: step.rows, in: context)
            }
            let made = m.kernel.isDense ? out : room + rooms.kernel
            for part in 0..<m.shared {
                run(
                    Product(
                        transposesA: true, m.summed, m.made, height, x + part * height * m.summed, m.summed,
                        gradient + part * height * m.made, m.made, beta: m.kernel.isDense && step.accumulates ? 1 : 0,
                        made + part * m.summed * m.made, m.made, workspace: room + rooms.product), in: context)
            }
            if !m.kernel.isDense {
                let matrix = m.kernel.matrix.count
                m.kernel.shared.forEach { number, start in
                    m.kernel.matrix.forEach { index, offset in
                        let value = made[number * matrix + index]
                        out[start + offset] = step.accumulates ? out[start + offset] + value : value
                    }
                }
            }
        }
        guard let target = step.inputGradient else { return }
        var kernel = step.weights[0]
        if !m.kernel.isDense {
            kernel = room + rooms.kernel + (m.kernel.count + 15) / 16 * 16
            packKernel(m.kernel, step.weights[0], kernel)
        }
        let dx = m.packs(m.input) ? room + rooms.input : target
        for part in 0..<m.shared {
            run(
                Product(
                    transposesB: true, height, m.summed, m.made, gradient + part * height * m.made, m.made,
                    kernel + part * m.summed * m.made, m.made, dx + part * height * m.summed, m.summed,
                    workspace: room + rooms.product), in: context)
        }
        if m.packs(m.input) { pack(m.input, target, dx, count: step.rows, isBack: true, in: context) }
    }

    private func biasGradient(
        _ step: LayerStep, _ prepared: Prepared, _ dy: UnsafeMutablePointer<Float>, _ room: UnsafeMutablePointer<Float>,
        in context: Context
    ) {
        guard let bias = prepared.bias, let out = step.gradients[1] else { return }
        if bias.map.run == bias.count, bias.count > 0 {
            context.kernels.sum_rows(
                dy, Int64(step.rows * step.outputCount / bias.count), Int64(bias.count), Int64(bias.count), room)
        } else {
            room.update(repeating: 0, count: bias.count)
            for row in 0..<step.rows {
                bias.map.forEachRun { from, to in
                    let values = dy + row * step.outputCount + from
                    for index in 0..<bias.map.run { room[to + index] += values[index] }
                }
            }
        }
        if step.accumulates {
            context.kernels.add(out, room, out, Int64(bias.count))
        } else {
            out.update(from: room, count: bias.count)
        }
    }

    var finalActivation: Activation? { activation }

    var config: [(key: String, value: JSON)] {
        [
            (key: "equation", value: parameters["equation"]), (key: "output_shape", value: parameters["output_shape"]),
            (key: "activation", value: activation.config), (key: "bias_axes", value: parameters["bias_axes"]),
        ] + kernel.config + bias.config
            + [(key: "activity_regularizer", value: activityRegularizer?.config ?? .null)]
    }
}

/// An initializer for a kernel of many axes whose fans are known: as for a matrix from all inputs to all outputs.
private struct FanInitializer: Initializer {
    private let inner: any Initializer
    private let matrix: Shape

    init(of inner: any Initializer, inputs: Int, outputs: Int) {
        self.inner = inner
        matrix = Shape(inputs, outputs)
    }

    var parameters: Parameters { inner.parameters }
    func check(_ shape: Shape) throws(ApusError) { try inner.check(shape) }
    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        inner.fill(out, shape: inner is VarianceScaling ? matrix : shape, random: random)
    }
}
