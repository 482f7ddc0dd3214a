import Core

/// One row as one vector. With channels last (the default) a view that costs nothing; with channels first the first axis
/// of a row goes to the end before, as in Keras.
final class Flatten: Layer {
    static let entry = Entry<any Layer>(
        "Flatten", doc: "each row as one vector",
        parameters: [
            ParameterSpec(
                "data_format", .nullable(.choice(["channels_last", "channels_first"])), default: "channels_last",
                "whether a row's first axis goes to the end before")
        ]
    ) { Flatten(parameters: $0) }

    let parameters: Parameters
    private let movesChannels: Bool

    init(parameters: Parameters) {
        self.parameters = parameters
        movesChannels = parameters.text("data_format") == "channels_first"
    }

    var isView: Bool { !movesChannels }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.isKnown else { return [Shape(Shape.unknown)] }
        guard let count = input.checkedCount else { throw .shape("The input is too large.") }
        return [Shape(count)]
    }

    /// output[r, s * channels + c] = input[r, c * places + s]; of a view nothing is to do.
    func forward(_ step: LayerStep, in context: Context) {
        move(step, from: step.input, to: step.output, back: false, in: context)
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        move(step, from: dy, to: dx, back: true, in: context)
    }

    private func move(
        _ step: LayerStep, from source: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>,
        back: Bool, in context: Context
    ) {
        let count = step.outputCount
        let channels = step.inputShape.rank > 0 ? step.inputShape[0] : 1
        let places = count / max(channels, 1)
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(count, 1))) { range in
            for row in range {
                let offset = row * count
                for channel in 0..<channels {
                    for place in 0..<places {
                        let first = offset + channel * places + place
                        let last = offset + place * channels + channel
                        if back { target[first] = source[last] } else { target[last] = source[first] }
                    }
                }
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "data_format", value: movesChannels ? "channels_first" : "channels_last")]
    }
}
