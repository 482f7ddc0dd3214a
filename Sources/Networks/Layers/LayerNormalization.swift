import Core
import Glibc

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and (biased) variance of each place over its last
/// axis, or its last axes together.
///
/// gamma, beta: the shape of those axes. Ba, Kiros, Hinton (2016), "Layer normalization", arXiv:1607.06450.
final class LayerNormalization: Layer {
    static let entry = Entry<any Layer>(
        "LayerNormalization", doc: "places with mean 0 and variance 1 over the last axes, then scaled and shifted",
        parameters: [
            TrailingAxes.spec,
            ParameterSpec("epsilon", .real(from: 0, to: .infinity), default: 0.001, "added to the variance, >= 0"),
            ParameterSpec("center", .boolean, default: true, "whether there is a beta"),
            ParameterSpec("scale", .boolean, default: true, "whether there is a gamma"),
        ] + WeightSettings.specs("beta", initializer: "zeros") + WeightSettings.specs("gamma", initializer: "ones")
    ) { (parameters) throws(ApusError) in
        LayerNormalization(
            parameters: parameters, axes: try TrailingAxes(parameters), gamma: try WeightSettings("gamma", parameters),
            beta: try WeightSettings("beta", parameters))
    }

    let parameters: Parameters
    private let axes: TrailingAxes
    private let epsilon: Double
    private let gamma: WeightSettings?
    private let beta: WeightSettings?
    private let settings: [(key: String, value: JSON)]

    init(parameters: Parameters, axes: TrailingAxes, gamma: WeightSettings, beta: WeightSettings) {
        self.parameters = parameters
        self.axes = axes
        epsilon = parameters.real("epsilon")
        self.gamma = parameters.boolean("scale") ? gamma : nil
        self.beta = parameters.boolean("center") ? beta : nil
        settings = beta.config + gamma.config
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        _ = try axes.count(input)
        guard axes.extents(input).isKnown, !axes.extents(input).extents.contains(0) else {
            throw .shape("LayerNormalization needs last axes of known extents, got rows of shape \(input).")
        }
        return [input]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let shape = axes.extents(inputs.first ?? Shape())
        return [gamma, beta].compactMap { $0?.spec(shape) }
    }

    private var gammaPlace: Int? { gamma == nil ? nil : 0 }
    private var betaPlace: Int? { beta == nil ? nil : gamma == nil ? 0 : 1 }

    private static let block = 1 << 13
    private func share(_ features: Int) -> Int { max(1, Self.block / features) }

    /// Mean and 1 / sqrt(variance + epsilon) of each place.
    func scratch(_ call: LayerCall) -> Int { cappedProduct(2, call.rows, call.input.count / features(call.input)) }

    private func features(_ input: Shape) -> Int { max(1, axes.extents(input).count) }

    /// Sums for gamma and beta of each slice.
    func workspace(_ call: LayerCall) -> Int {
        guard call.training else { return 0 }
        let features = features(call.input)
        let places = cappedProduct(call.rows, call.input.count / features)
        return cappedProduct(2, places / share(features) + 1, features)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let features = features(step.inputShape)
        let places = step.rows * step.inputCount / features
        let scale = gammaPlace.map { step.weights[$0] }
        let shift = betaPlace.map { step.weights[$0] }
        context.parallel(over: places, by: share(features)) { range in
            for place in range {
                let (x, y) = (step.input + place * features, step.output + place * features)
                let mean = context.kernels.sum(x, Int64(features)) / Double(features)
                let middle = Float(mean)
                for index in 0..<features { y[index] = x[index] - middle }
                // What rounding the mean left.
                let rest = context.kernels.sum(y, Int64(features)) / Double(features)
                let variance = context.kernels.sum_squares(y, Int64(features)) / Double(features) - rest * rest
                let inverse = Float(1 / (max(variance, 0) + epsilon).squareRoot())
                (step.scratch[2 * place], step.scratch[2 * place + 1]) = (middle, inverse)
                context.kernels.scale(inverse, y, Int64(features))
                if let scale { context.kernels.multiply(y, scale, y, Int64(features)) }
                if let shift { context.kernels.add(y, shift, y, Int64(features)) }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let features = features(step.inputShape)
        let places = step.rows * step.inputCount / features
        let scale = gammaPlace.map { step.weights[$0] }
        let share = share(features)
        let slices = (places + share - 1) / share
        context.parallel(slices) { slice in
            let sums = step.workspace + slice * 2 * features
            sums.update(repeating: 0, count: 2 * features)
            for place in slice * share..<min(places, (slice + 1) * share) {
                let (x, gradient) = (step.input + place * features, dy + place * features)
                let (middle, inverse) = (step.scratch[2 * place], step.scratch[2 * place + 1])
                var (sum, product) = (0.0, 0.0)
                for index in 0..<features {
                    let normal = (x[index] - middle) * inverse
                    sums[index] += gradient[index] * normal
                    sums[features + index] += gradient[index]
                    let weighted = gradient[index] * (scale?[index] ?? 1)
                    sum += Double(weighted)
                    product += Double(weighted * normal)
                }
                guard let dx = step.inputGradient.map({ $0 + place * features }) else { continue }
                let (meanSum, meanProduct) = (Float(sum / Double(features)), Float(product / Double(features)))
                for index in 0..<features {
                    let normal = (x[index] - middle) * inverse
                    dx[index] = inverse * (gradient[index] * (scale?[index] ?? 1) - meanSum - normal * meanProduct)
                }
            }
        }
        for (place, offset) in [(gammaPlace, 0), (betaPlace, features)] {
            guard let place, let out = step.gradients[place] else { continue }
            if !step.accumulates { out.update(repeating: 0, count: features) }
            for slice in 0..<slices {
                context.kernels.add(out, step.workspace + slice * 2 * features + offset, out, Int64(features))
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [
            (key: "axis", value: axes.config), (key: "epsilon", value: .number(epsilon)),
            (key: "center", value: .bool(beta != nil)), (key: "scale", value: .bool(gamma != nil)),
        ] + settings
    }
}
