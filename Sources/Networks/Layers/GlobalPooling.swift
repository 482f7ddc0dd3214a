import CVector
import Core

/// The largest element, or the mean, of each channel over all places, channels last: what GlobalMaxPooling1D,
/// GlobalMaxPooling2D and GlobalAveragePooling2D are.
final class GlobalPooling: Layer {
    let parameters: Parameters
    private let form: Pooling.Form
    private let rank: Int
    private let keeps: Bool

    static func entry(_ kind: String, alias: String, _ form: Pooling.Form, rank: Int, _ doc: String) -> Entry<any Layer> {
        Entry(
            kind, aliases: [alias], doc: doc,
            parameters: [
                ConvolutionParameters.dataFormat,
                ParameterSpec("keepdims", .boolean, default: false, "whether the axes of the places stay, with extent 1"),
            ]
        ) { (parameters) throws(ApusError) in
            try ChannelsFirst.wrapping(parameters) { GlobalPooling($0, form, rank: rank) }
        }
    }

    init(_ parameters: Parameters, _ form: Pooling.Form, rank: Int) {
        self.parameters = parameters
        self.form = form
        self.rank = rank
        keeps = parameters.boolean("keepdims")
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        guard input.rank == rank + 1 else {
            throw .shape("\(parameters.kind) needs rows of \(rank + 1) axes, got \(input).")
        }
        for index in 0..<rank where input[index] == 0 {
            throw .shape("\(parameters.kind) needs at least one place, got rows of shape \(input).")
        }
        guard keeps else { return [Shape(input.last)] }
        var shape = input
        for index in 0..<rank { shape[index] = 1 }
        return [shape]
    }

    /// The place of each largest element.
    func scratch(_ call: LayerCall) -> Int {
        form == .largest && call.training ? cappedProduct(call.rows, call.output.count) : 0
    }

    func forward(_ step: LayerStep, in context: Context) {
        let channels = step.inputShape.last
        let places = step.inputCount / max(1, channels)
        let keeps = form == .largest && step.isDifferentiable
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, step.inputCount))) { rows in
            for row in rows {
                let (x, y) = (step.input + row * step.inputCount, step.output + row * channels)
                if form == .largest {
                    let index = keeps ? step.scratch + row * channels : nil
                    context.kernels.pool_max(x, 0, 1, Int64(places), Int64(channels), y, index)
                } else {
                    context.kernels.sum_rows(x, Int64(places), Int64(channels), Int64(channels), y)
                    context.kernels.scale(1 / Float(places), y, Int64(channels))
                }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let channels = step.inputShape.last
        let places = step.inputCount / max(1, channels)
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, step.inputCount))) { rows in
            for row in rows {
                let (gradient, out) = (dy + row * channels, dx + row * step.inputCount)
                out.update(repeating: 0, count: step.inputCount)
                if form == .largest {
                    let index = step.scratch + row * channels
                    for c in 0..<channels {
                        let place = Int(index[c])
                        if place >= 0 && place < places { out[place * channels + c] = gradient[c] }
                    }
                } else {
                    context.kernels.pool_sum_gradient(
                        gradient, 0, 1, Int64(places), Int64(channels), 1 / Float(places), out)
                }
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "data_format", value: "channels_last"), (key: "keepdims", value: .bool(keeps))]
    }
}
