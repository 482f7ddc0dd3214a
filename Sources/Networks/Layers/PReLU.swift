import CVector
import Core

/// x where x > 0, alpha x below, alpha learned: one for each element of a row, or shared along axes.
///
/// alpha: a row's shape, 1 along shared axes. He, Zhang, Ren, Sun (2015), "Delving deep into rectifiers",
/// doi:10.1109/ICCV.2015.123.
final class PReLU: Layer {
    static let entry = Entry<any Layer>(
        "PReLU", doc: "x for x > 0, alpha x below, alpha learned",
        parameters: WeightSettings.specs("alpha", initializer: "zeros") + [
            ParameterSpec(
                "shared_axes", .nullable(.any("axes of a row, from 1")), default: .null, "axes along which alpha is the same")
        ]
    ) { (parameters) throws(ApusError) in
        let given = parameters["shared_axes"]
        let listed = given.isNull ? [] : given.arrayValue ?? [given]
        let axes = listed.compactMap(\.integerValue)
        guard axes.count == listed.count, axes.allSatisfy({ $0 >= 1 && $0 < Shape.maximumRank }) else {
            throw .parameter("shared_axes", of: "PReLU", mustBe: "axes of a row, from 1, or null", got: given.text)
        }
        return PReLU(parameters: parameters, shared: axes, alpha: try WeightSettings("alpha", parameters))
    }

    let parameters: Parameters
    private let shared: [Int]
    private let alpha: WeightSettings

    init(parameters: Parameters, shared: [Int], alpha: WeightSettings) {
        self.parameters = parameters
        self.shared = shared
        self.alpha = alpha
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        for axis in shared where axis > input.rank {
            throw .shape("PReLU shares alpha along axis \(axis), which rows of shape \(input) do not have.")
        }
        return [input]
    }

    private func shape(_ input: Shape) -> Shape {
        var shape = input
        for axis in shared where axis <= input.rank { shape[axis - 1] = 1 }
        return shape
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] { [alpha.spec(shape(inputs.first ?? Shape()))] }

    /// Alpha for a whole row, and the gradient by it.
    func workspace(_ call: LayerCall) -> Int { cappedProduct(2, call.input.count) }

    private func spread(_ step: LayerStep) -> UnsafeMutablePointer<Float> {
        let map = BroadcastMap(from: shape(step.inputShape), to: step.inputShape)
        map.forEachRun { (step.workspace + $0).update(from: step.weights[0] + $1, count: map.run) }
        return step.workspace
    }

    func forward(_ step: LayerStep, in context: Context) {
        let slopes = spread(step)
        let count = step.inputCount
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, count))) { rows in
            for row in rows {
                context.kernels.prelu(step.input + row * count, slopes, step.output + row * count, Int64(count))
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let slopes = spread(step)
        let count = step.inputCount
        let sums = step.gradients[0] == nil ? nil : step.workspace + count
        sums?.update(repeating: 0, count: count)
        // Cut by elements: each adds up its rows in their order.
        context.parallel(over: count, by: max(16, (1 << 14) / max(1, step.rows) / 16 * 16)) { range in
            for row in 0..<step.rows {
                let offset = row * count + range.lowerBound
                context.kernels.prelu_gradient(
                    step.input + offset, slopes + range.lowerBound, dy + offset, step.inputGradient.map { $0 + offset },
                    sums.map { $0 + range.lowerBound }, Int64(range.count))
            }
        }
        guard let sums, let gradient = step.gradients[0] else { return }
        let map = BroadcastMap(from: shape(step.inputShape), to: step.inputShape)
        if !step.accumulates { gradient.update(repeating: 0, count: shape(step.inputShape).count) }
        map.forEachRun { from, to in
            for index in 0..<map.run { gradient[to + index] += sums[from + index] }
        }
    }

    var config: [(key: String, value: JSON)] {
        alpha.config + [(key: "shared_axes", value: shared.isEmpty ? .null : ConvolutionParameters.list(shared))]
    }
}
