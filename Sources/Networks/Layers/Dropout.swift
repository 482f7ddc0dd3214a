import Core

/// In training each element is kept with probability 1 - rate and scaled by 1 / (1 - rate); otherwise the identity.
///
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), "Dropout: a simple way to prevent neural networks
/// from overfitting", JMLR 15.
final class Dropout: Layer {
    static let entry = Entry<any Layer>(
        "Dropout", doc: "sets a share of the elements to zero in training",
        parameters: [
            ParameterSpec("rate", .real(from: 0, to: 0x1.fffffep-1), default: nil, "share set to zero, in [0, 1)"),
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ]
    ) { Dropout(parameters: $0) }

    let parameters: Parameters
    private let rate: Float
    /// Elements handled as one slice; a multiple of four, so that slices begin at whole Philox blocks.
    private static let chunk = 1 << 15

    init(parameters: Parameters) {
        self.parameters = parameters
        self.rate = Float(parameters.real("rate"))
    }

    var passesMask: Bool { true }
    var isIdentityInInference: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }

    func forward(_ step: LayerStep, in context: Context) {
        apply(step, from: step.input, to: step.output, in: context)
    }

    /// The mask is a function of the step's random key, so it is made again instead of being kept.
    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        apply(step, from: dy, to: dx, in: context)
    }

    private func apply(
        _ step: LayerStep, from x: UnsafeMutablePointer<Float>, to y: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let count = step.rows * step.outputCount
        guard step.training, rate > 0 else {
            y.update(from: x, count: count)
            return
        }
        let (seed, stream) = (step.random.seed, step.random.stream)
        context.parallel(over: count, by: Dropout.chunk) { range in
            context.kernels.dropout(
                x + range.lowerBound, y + range.lowerBound, Int64(range.count), rate, seed, stream,
                UInt64(range.lowerBound))
        }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "rate", value: parameters["rate"]), (key: "noise_shape", value: .null), (key: "seed", value: .null)]
    }
}
