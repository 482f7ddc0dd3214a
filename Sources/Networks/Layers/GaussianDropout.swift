import Core

/// In training each element times a normal number of mean 1 and variance rate / (1 - rate); otherwise the identity.
///
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), "Dropout: a simple way to prevent neural networks
/// from overfitting", JMLR 15, section 10.
final class GaussianDropout: Layer {
    static let entry = Entry<any Layer>(
        "GaussianDropout", doc: "multiplies with normal noise around 1 in training",
        parameters: [
            ParameterSpec(
                "rate", .real(from: 0, to: 0x1.fffffep-1), default: nil,
                "the noise has variance rate / (1 - rate), in [0, 1)"),
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ]
    ) { GaussianDropout(parameters: $0) }

    let parameters: Parameters
    private let deviation: Double

    init(parameters: Parameters) {
        self.parameters = parameters
        let rate = parameters.real("rate")
        deviation = (rate / (1 - rate)).squareRoot()
    }

    var passesMask: Bool { true }
    var isIdentityInInference: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }

    func forward(_ step: LayerStep, in context: Context) { apply(step, from: step.input, to: step.output, in: context) }

    /// The factors are a function of the step's random key, so they are made again instead of being kept.
    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        apply(step, from: dy, to: dx, in: context)
    }

    private func apply(
        _ step: LayerStep, from x: UnsafeMutablePointer<Float>, to y: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let count = step.rows * step.outputCount
        guard step.training, deviation > 0 else {
            y.update(from: x, count: count)
            return
        }
        context.parallel(over: count, by: 1 << 13) { range in
            for index in range { y[index] = x[index] * Float(1 + deviation * step.random.normal(UInt64(index))) }
        }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "rate", value: parameters["rate"]), (key: "seed", value: .null)]
    }
}
