import Core

/// In training each element becomes, with probability `rate`, the value that SELU tends to; then all are scaled and
/// shifted so that mean 0 and variance 1 stay. Otherwise the identity.
///
/// Klambauer, Unterthiner, Mayr, Hochreiter (2017), "Self-normalizing neural networks", arXiv:1706.02515.
final class AlphaDropout: Layer {
    static let entry = Entry<any Layer>(
        "AlphaDropout", doc: "dropout that keeps mean and variance after SELU",
        parameters: [
            ParameterSpec("rate", .real(from: 0, to: 0x1.fffffep-1), default: nil, "share replaced, in [0, 1)"),
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ]
    ) { AlphaDropout(parameters: $0) }

    let parameters: Parameters
    private let rate: Double
    /// What SELU tends to at minus infinity: -alpha scale.
    private static let limit = -1.673_263_242_354_377_2 * 1.050_700_987_355_480_5
    private let scale: Float
    private let shift: Float

    init(parameters: Parameters) {
        self.parameters = parameters
        rate = parameters.real("rate")
        let a = 1 / ((1 - rate) * (1 + rate * AlphaDropout.limit * AlphaDropout.limit)).squareRoot()
        scale = Float(a)
        shift = Float(-a * AlphaDropout.limit * rate)
    }

    var passesMask: Bool { true }
    var isIdentityInInference: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }

    private func keeps(_ step: LayerStep, _ index: Int) -> Bool { step.random.uniform(UInt64(index)) >= rate }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.rows * step.outputCount
        guard step.training, rate > 0 else {
            step.output.update(from: step.input, count: count)
            return
        }
        let (x, y, dropped) = (step.input, step.output, scale * Float(AlphaDropout.limit) + shift)
        context.parallel(over: count, by: 1 << 13) { range in
            for index in range { y[index] = keeps(step, index) ? scale * x[index] + shift : dropped }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let count = step.rows * step.outputCount
        guard step.training, rate > 0 else {
            dx.update(from: dy, count: count)
            return
        }
        context.parallel(over: count, by: 1 << 13) { range in
            for index in range { dx[index] = keeps(step, index) ? scale * dy[index] : 0 }
        }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "rate", value: parameters["rate"]), (key: "noise_shape", value: .null), (key: "seed", value: .null)]
    }
}
