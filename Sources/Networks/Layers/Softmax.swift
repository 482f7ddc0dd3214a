import CVector
import Core

/// exp(x) / sum exp(x) over one axis, or over neighbouring axes together.
final class Softmax: Layer {
    static let entry = Entry<any Layer>(
        "Softmax", doc: "exp(x) / sum(exp(x)) over an axis, or over neighbouring axes together",
        parameters: [AxisRun.spec]
    ) { (parameters) throws(ApusError) in Softmax(parameters: parameters, axes: try AxisRun(parameters)) }

    let parameters: Parameters
    private let axes: AxisRun
    private static let chunk = 1 << 14

    init(parameters: Parameters, axes: AxisRun) {
        self.parameters = parameters
        self.axes = axes
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        _ = try axes.range(input)
        return [input]
    }

    private func layout(_ shape: Shape) -> (width: Int, inner: Int) { axes.layout(shape) }

    /// In each lane room for the elements of one sum and their gradients.
    func workspace(_ call: LayerCall) -> Int {
        let (width, inner) = layout(call.input)
        return inner == 1 ? 0 : cappedProduct(call.lanes, 2, (width + 15) / 16 * 16)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (width, inner) = layout(step.inputShape)
        let count = step.rows * step.inputCount
        let share = max(1, Softmax.chunk / (width * inner))
        if inner == 1 {
            context.parallel(over: count / width, by: share) { range in
                let offset = range.lowerBound * width
                context.kernels.softmax(step.input + offset, step.output + offset, nil, Int64(range.count), Int64(width))
            }
            return
        }
        let block = width * inner
        let stride = 2 * ((width + 15) / 16 * 16)
        context.parallel(count / block, lanes: step.lanes) { number, lane in
            let room = step.workspace + lane * stride
            for column in 0..<inner {
                let start = number * block + column
                for index in 0..<width { room[index] = step.input[start + index * inner] }
                context.kernels.softmax(room, room, nil, 1, Int64(width))
                for index in 0..<width { step.output[start + index * inner] = room[index] }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let count = step.rows * step.inputCount
        if step.gradientIsBeforeActivation {
            dx.update(from: dy, count: count)
            return
        }
        let (width, inner) = layout(step.inputShape)
        let share = max(1, Softmax.chunk / (width * inner))
        if inner == 1 {
            context.parallel(over: count / width, by: share) { range in
                let offset = range.lowerBound * width
                context.kernels.softmax_gradient(
                    step.output + offset, dy + offset, dx + offset, Int64(range.count), Int64(width))
            }
            return
        }
        let block = width * inner
        let half = (width + 15) / 16 * 16
        context.parallel(count / block, lanes: step.lanes) { number, lane in
            let (y, gradient) = (step.workspace + lane * 2 * half, step.workspace + lane * 2 * half + half)
            for column in 0..<inner {
                let start = number * block + column
                for index in 0..<width {
                    y[index] = step.output[start + index * inner]
                    gradient[index] = dy[start + index * inner]
                }
                context.kernels.softmax_gradient(y, gradient, gradient, 1, Int64(width))
                for index in 0..<width { dx[start + index * inner] = gradient[index] }
            }
        }
    }

    /// Losses know it over the last axis alone.
    var finalActivation: Activation? { axes.isLast ? ActivationCatalog.softmax : nil }
    var config: [(key: String, value: JSON)] { [(key: "axis", value: axes.config)] }
}
