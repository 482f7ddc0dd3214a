import Core

/// y = scale x / sqrt(mean(x^2) + epsilon), with the mean of each place over one axis, or over neighbouring axes
/// together.
///
/// scale: the shape of those axes. Zhang, Sennrich (2019), "Root mean square layer normalization", arXiv:1910.07467.
final class RMSNormalization: Layer {
    static let entry = Entry<any Layer>(
        "RMSNormalization", doc: "places divided by the root of their mean square over an axis or more, then scaled",
        parameters: [
            AxisRun.spec,
            ParameterSpec("epsilon", .real(from: 0, to: .infinity), default: 1e-6, "added to the mean square, >= 0"),
        ]
    ) { (parameters) throws(ApusError) in
        RMSNormalization(
            parameters: parameters, axes: try AxisRun(parameters),
            ones: try InitializerCatalog.family.make("ones", lenient: true))
    }

    let parameters: Parameters
    private let axes: AxisRun
    private let epsilon: Double
    private let ones: any Initializer

    init(parameters: Parameters, axes: AxisRun, ones: any Initializer) {
        self.parameters = parameters
        self.axes = axes
        self.ones = ones
        epsilon = parameters.real("epsilon")
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        let extents = try axes.extents(input)
        guard extents.isKnown, !extents.extents.contains(0) else {
            throw .shape("RMSNormalization needs axes of known extents, got rows of shape \(input).")
        }
        return [input]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        [WeightSpec("scale", (try? axes.extents(inputs.first ?? Shape())) ?? Shape(1), ones)]
    }

    private static let block = 1 << 13
    private func share(_ features: Int) -> Int { max(1, Self.block / features) }

    /// 1 / sqrt(mean(x^2) + epsilon) of each place.
    func scratch(_ call: LayerCall) -> Int {
        cappedProduct(call.rows, call.input.count / axes.layout(call.input).width)
    }

    /// Sums for the scale of each slice.
    func workspace(_ call: LayerCall) -> Int {
        guard call.training else { return 0 }
        let features = axes.layout(call.input).width
        let places = cappedProduct(call.rows, call.input.count / features)
        return cappedProduct(places / share(features) + 1, features)
    }

    /// Where a place begins in the array.
    private func start(_ place: Int, _ features: Int, _ inner: Int) -> Int {
        place / inner * inner * features + place % inner
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (features, inner) = axes.layout(step.inputShape)
        let scale = step.weights[0]
        context.parallel(over: step.rows * step.inputCount / features, by: share(features)) { range in
            for place in range {
                let start = start(place, features, inner)
                let (x, y) = (step.input + start, step.output + start)
                var sum = 0.0
                if inner == 1 {
                    sum = context.kernels.sum_squares(x, Int64(features))
                } else {
                    for index in 0..<features { sum += Double(x[index * inner]) * Double(x[index * inner]) }
                }
                let inverse = Float(1 / (sum / Double(features) + epsilon).squareRoot())
                step.scratch[place] = inverse
                for index in 0..<features { y[index * inner] = x[index * inner] * inverse * scale[index] }
            }
        }
    }

    /// With n = x inverse and w = scale dy: dx = inverse (w - n mean(w n)), and dy n is the scale's share.
    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let (features, inner) = axes.layout(step.inputShape)
        let places = step.rows * step.inputCount / features
        let scale = step.weights[0]
        let share = share(features)
        let slices = (places + share - 1) / share
        let target = step.inputGradient
        context.parallel(slices) { slice in
            let sums = step.workspace + slice * features
            sums.update(repeating: 0, count: features)
            for place in slice * share..<min(places, (slice + 1) * share) {
                let start = start(place, features, inner)
                let inverse = step.scratch[place]
                let (x, gradient) = (step.input + start, dy + start)
                var product = 0.0
                for index in 0..<features {
                    let part = gradient[index * inner] * x[index * inner] * inverse
                    sums[index] += part
                    product += Double(part * scale[index])
                }
                guard let dx = target.map({ $0 + start }) else { continue }
                let mean = Float(product / Double(features))
                for index in 0..<features {
                    let normal = x[index * inner] * inverse
                    dx[index * inner] = inverse * (gradient[index * inner] * scale[index] - normal * mean)
                }
            }
        }
        guard let out = step.gradients[0] else { return }
        if !step.accumulates { out.update(repeating: 0, count: features) }
        for slice in 0..<slices { context.kernels.add(out, step.workspace + slice * features, out, Int64(features)) }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "axis", value: axes.config), (key: "epsilon", value: .number(epsilon))]
    }
}
