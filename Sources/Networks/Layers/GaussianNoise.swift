import Core

/// In training x plus normal noise; otherwise the identity.
final class GaussianNoise: Layer {
    static let entry = Entry<any Layer>(
        "GaussianNoise", doc: "adds normal noise in training",
        parameters: [
            ParameterSpec("stddev", .real(from: 0, to: .infinity), default: nil, "deviation of the noise, >= 0"),
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ]
    ) { GaussianNoise(parameters: $0) }

    let parameters: Parameters
    private let deviation: Double

    init(parameters: Parameters) {
        self.parameters = parameters
        deviation = parameters.real("stddev")
    }

    var passesMask: Bool { true }
    var isIdentityInInference: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.rows * step.outputCount
        guard step.training, deviation > 0 else {
            step.output.update(from: step.input, count: count)
            return
        }
        context.parallel(over: count, by: 1 << 13) { range in
            for index in range {
                step.output[index] = step.input[index] + Float(deviation * step.random.normal(UInt64(index)))
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        dx.update(from: dy, count: step.rows * step.outputCount)
    }

    var config: [(key: String, value: JSON)] {
        [(key: "stddev", value: parameters["stddev"]), (key: "seed", value: .null)]
    }
}
