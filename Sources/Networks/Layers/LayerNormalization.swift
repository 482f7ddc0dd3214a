import Core
import Glibc

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and (biased) variance of each place over one axis, or
/// over neighbouring axes together; with `rms_scaling` y = gamma x / sqrt(variance + epsilon), as Keras has it.
///
/// gamma, beta: the shape of those axes. Ba, Kiros, Hinton (2016), "Layer normalization", arXiv:1607.06450.
final class LayerNormalization: Layer {
    static let entry = Entry<any Layer>(
        "LayerNormalization", doc: "places with mean 0 and variance 1 over an axis or more, then scaled and shifted",
        parameters: [
            AxisRun.spec,
            ParameterSpec("epsilon", .real(from: 0, to: .infinity), default: 0.001, "added to the variance, >= 0"),
            ParameterSpec("center", .boolean, default: true, "whether there is a beta"),
            ParameterSpec("scale", .boolean, default: true, "whether there is a gamma"),
        ] + WeightSettings.specs("beta", initializer: "zeros") + WeightSettings.specs("gamma", initializer: "ones") + [
            ParameterSpec(
                "rms_scaling", .boolean, default: false,
                "divides by the deviation alone: the mean stays, there is a gamma and no beta")
        ]
    ) { (parameters) throws(ApusError) in
        LayerNormalization(
            parameters: parameters, axes: try AxisRun(parameters), gamma: try WeightSettings("gamma", parameters),
            beta: try WeightSettings("beta", parameters))
    }

    let parameters: Parameters
    private let axes: AxisRun
    private let epsilon: Double
    private let keepsMean: Bool
    private let gamma: WeightSettings?
    private let beta: WeightSettings?
    private let settings: [(key: String, value: JSON)]

    init(parameters: Parameters, axes: AxisRun, gamma: WeightSettings, beta: WeightSettings) {
        self.parameters = parameters
        self.axes = axes
        epsilon = parameters.real("epsilon")
        keepsMean = parameters.boolean("rms_scaling")
        self.gamma = parameters.boolean("scale") || keepsMean ? gamma : nil
        self.beta = parameters.boolean("center") && !keepsMean ? beta : nil
        settings = beta.config + gamma.config
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        let extents = try axes.extents(input)
        guard extents.isKnown, !extents.extents.contains(0) else {
            throw .shape("LayerNormalization needs axes of known extents, got rows of shape \(input).")
        }
        return [input]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let shape = (try? axes.extents(inputs.first ?? Shape())) ?? Shape(1)
        return [gamma, beta].compactMap { $0?.spec(shape) }
    }

    private var gammaPlace: Int? { gamma == nil ? nil : 0 }
    private var betaPlace: Int? { beta == nil ? nil : gamma == nil ? 0 : 1 }

    private static let block = 1 << 13
    private func share(_ features: Int) -> Int { max(1, Self.block / features) }
    private static func padded(_ features: Int) -> Int { (features + 15) / 16 * 16 }

    /// Middle, rest of the mean, and 1 / sqrt(variance + epsilon) of each place.
    func scratch(_ call: LayerCall) -> Int { cappedProduct(3, call.rows, call.input.count / axes.layout(call.input).width) }

    /// In each lane room for a place whose elements are not neighbours, and sums for gamma and beta of each slice.
    func workspace(_ call: LayerCall) -> Int {
        let (features, inner) = axes.layout(call.input)
        let rooms = inner == 1 ? 0 : cappedProduct(call.lanes, 3, LayerNormalization.padded(features))
        guard call.training else { return rooms }
        let places = cappedProduct(call.rows, call.input.count / features)
        return min(rooms + cappedProduct(2, places / share(features) + 1, features), 1 << 56)
    }

    /// Mean and 1 / sqrt(variance + epsilon) of dense x, and in y what follows from them before gamma and beta.
    private func normalize(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ features: Int,
        _ kept: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let middle = Float(context.kernels.sum(x, Int64(features)) / Double(features))
        for index in 0..<features { y[index] = x[index] - middle }
        // What rounding the mean left.
        let rest = context.kernels.sum(y, Int64(features)) / Double(features)
        let variance = context.kernels.sum_squares(y, Int64(features)) / Double(features) - rest * rest
        let inverse = Float(1 / (max(variance, 0) + epsilon).squareRoot())
        (kept[0], kept[1], kept[2]) = (middle, Float(rest), inverse)
        if keepsMean { y.update(from: x, count: features) }
        context.kernels.scale(inverse, y, Int64(features))
    }

    /// Where a place begins in the array.
    private func start(_ place: Int, _ features: Int, _ inner: Int) -> Int {
        inner == 1 ? place * features : place / inner * inner * features + place % inner
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (features, inner) = axes.layout(step.inputShape)
        let places = step.rows * step.inputCount / features
        let scale = gammaPlace.map { step.weights[$0] }
        let shift = betaPlace.map { step.weights[$0] }
        let share = share(features)
        context.parallel((places + share - 1) / share, lanes: step.lanes) { slice, lane in
            let rooms = step.workspace + lane * 3 * LayerNormalization.padded(features)
            for place in slice * share..<min(places, (slice + 1) * share) {
                let start = start(place, features, inner)
                let y = inner == 1 ? step.output + start : rooms
                var x = UnsafePointer(step.input + start)
                if inner > 1 {
                    let room = rooms + LayerNormalization.padded(features)
                    for index in 0..<features { room[index] = x[index * inner] }
                    x = UnsafePointer(room)
                }
                normalize(x, y, features, step.scratch + 3 * place, in: context)
                if let scale { context.kernels.multiply(y, scale, y, Int64(features)) }
                if let shift { context.kernels.add(y, shift, y, Int64(features)) }
                if inner > 1 { for index in 0..<features { step.output[start + index * inner] = y[index] } }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let (features, inner) = axes.layout(step.inputShape)
        let places = step.rows * step.inputCount / features
        let scale = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        let share = share(features)
        let slices = (places + share - 1) / share
        let padded = LayerNormalization.padded(features)
        let partials = step.workspace + (inner == 1 ? 0 : step.lanes * 3 * padded)
        context.parallel(slices, lanes: step.lanes) { slice, lane in
            let rooms = step.workspace + lane * 3 * padded
            let sums = partials + slice * 2 * features
            sums.update(repeating: 0, count: 2 * features)
            for place in slice * share..<min(places, (slice + 1) * share) {
                let start = start(place, features, inner)
                let target = step.inputGradient.map { $0 + start }
                if inner == 1 {
                    differentiate(step.input + start, dy + start, target, scale, features, step.scratch + 3 * place, sums)
                    continue
                }
                let (x, gradient, dx) = (rooms, rooms + padded, rooms + 2 * padded)
                for index in 0..<features {
                    x[index] = step.input[start + index * inner]
                    gradient[index] = dy[start + index * inner]
                }
                differentiate(x, gradient, target == nil ? nil : dx, scale, features, step.scratch + 3 * place, sums)
                if let target { for index in 0..<features { target[index * inner] = dx[index] } }
            }
        }
        for (place, offset) in [(gammaPlace, 0), (betaPlace, features)] {
            guard let place, let out = step.gradients[place] else { continue }
            if !step.accumulates { out.update(repeating: 0, count: features) }
            for slice in 0..<slices {
                context.kernels.add(out, partials + slice * 2 * features + offset, out, Int64(features))
            }
        }
    }

    /// The gradient by one dense place, and its share of those by gamma and beta.
    private func differentiate(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>?,
        _ scale: UnsafePointer<Float>?, _ features: Int, _ kept: UnsafePointer<Float>,
        _ sums: UnsafeMutablePointer<Float>
    ) {
        let (middle, rest, inverse) = (kept[0], kept[1], kept[2])
        // What y is gamma times of is `made`; what the variance is made of is `normal`.
        var (sum, product) = (0.0, 0.0)
        for index in 0..<features {
            let made = keepsMean ? x[index] * inverse : (x[index] - middle) * inverse
            sums[index] += dy[index] * made
            sums[features + index] += dy[index]
            let weighted = dy[index] * (scale?[index] ?? 1)
            sum += Double(weighted)
            product += Double(weighted * made)
        }
        guard let dx else { return }
        let meanSum = keepsMean ? 0 : Float(sum / Double(features))
        let meanProduct = Float(product / Double(features))
        let offset = keepsMean ? rest : 0
        for index in 0..<features {
            let normal = (x[index] - middle - offset) * inverse
            dx[index] = inverse * (dy[index] * (scale?[index] ?? 1) - meanSum - normal * meanProduct)
        }
    }

    var config: [(key: String, value: JSON)] {
        [
            (key: "axis", value: axes.config), (key: "epsilon", value: .number(epsilon)),
            (key: "center", value: parameters["center"]), (key: "scale", value: parameters["scale"]),
        ] + (keepsMean ? [(key: "rms_scaling", value: true)] : []) + settings
    }
}
