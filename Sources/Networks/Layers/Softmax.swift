import CVector
import Core

/// exp(x) / sum exp(x) over the last axis, or over the last axes together.
final class Softmax: Layer {
    static let entry = Entry<any Layer>(
        "Softmax", doc: "exp(x) / sum(exp(x)) over the last axis or axes", parameters: [TrailingAxes.spec]
    ) { (parameters) throws(ApusError) in Softmax(parameters: parameters, axes: try TrailingAxes(parameters)) }

    let parameters: Parameters
    private let axes: TrailingAxes
    private static let chunk = 1 << 14

    init(parameters: Parameters, axes: TrailingAxes) {
        self.parameters = parameters
        self.axes = axes
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        _ = try axes.count(input)
        return [input]
    }

    private func width(_ step: LayerStep) -> Int { max(1, axes.extents(step.inputShape).count) }

    func forward(_ step: LayerStep, in context: Context) {
        let width = width(step)
        context.parallel(over: step.rows * step.inputCount / width, by: max(1, Softmax.chunk / width)) { range in
            let offset = range.lowerBound * width
            context.kernels.softmax(step.input + offset, step.output + offset, nil, Int64(range.count), Int64(width))
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        if step.gradientIsBeforeActivation {
            dx.update(from: dy, count: step.rows * step.inputCount)
            return
        }
        let width = width(step)
        context.parallel(over: step.rows * step.inputCount / width, by: max(1, Softmax.chunk / width)) { range in
            let offset = range.lowerBound * width
            context.kernels.softmax_gradient(
                step.output + offset, dy + offset, dx + offset, Int64(range.count), Int64(width))
        }
    }

    var finalActivation: Activation? { axes.isSingle ? ActivationCatalog.softmax : nil }
    var config: [(key: String, value: JSON)] { [(key: "axis", value: axes.config)] }
}
