import CVector
import Core

/// x from `threshold` to `max_value`, that value above, negative_slope (x - threshold) below.
final class ReLU: Layer {
    static let entry = Entry<any Layer>(
        "ReLU", doc: "max(x, 0), or with a limit, a slope below and a threshold",
        parameters: [
            ParameterSpec(
                "max_value", .nullable(.real(from: 0, to: .infinity)), default: .null, "the largest output; null: none"),
            ParameterSpec("negative_slope", .real(from: 0, to: .infinity), default: 0.0, "slope below the threshold, >= 0"),
            ParameterSpec("threshold", .real(from: 0, to: .infinity), default: 0.0, "below it values are damped, >= 0"),
        ]
    ) { ReLU(parameters: $0) }

    let parameters: Parameters
    private let slope: Float
    private let threshold: Float
    private let limit: Float
    private static let chunk = 1 << 15

    init(parameters: Parameters) {
        self.parameters = parameters
        slope = Float(parameters.real("negative_slope"))
        threshold = Float(parameters.real("threshold"))
        limit = parameters["max_value"].doubleValue.map { Float($0) } ?? .infinity
    }

    var passesMask: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }

    func forward(_ step: LayerStep, in context: Context) {
        context.parallel(over: step.rows * step.outputCount, by: ReLU.chunk) { range in
            context.kernels.rectify(
                step.input + range.lowerBound, step.output + range.lowerBound, slope, threshold, limit,
                Int64(range.count))
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        context.parallel(over: step.rows * step.outputCount, by: ReLU.chunk) { range in
            context.kernels.rectify_gradient(
                step.input + range.lowerBound, dy + range.lowerBound, dx + range.lowerBound, slope, threshold, limit,
                Int64(range.count))
        }
    }
}
