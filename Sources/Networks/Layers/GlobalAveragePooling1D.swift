import Core

/// The mean over the steps of a sequence; of those that count, where there is a mask. A row without any gives zeros, where
/// Keras gives NaN.
final class GlobalAveragePooling1D: Layer {
    static let entry = Entry<any Layer>(
        "GlobalAveragePooling1D", aliases: ["GlobalAvgPool1D"], doc: "mean over the steps",
        parameters: [
            ParameterSpec(
                "data_format", .nullable(.choice(["channels_last", "channels_first"])), default: .null,
                "(steps, features), the default, or (features, steps)"),
            ParameterSpec("keepdims", .boolean, default: false, "whether the axis of the steps stays, with extent 1"),
        ]
    ) { GlobalAveragePooling1D(parameters: $0) }

    let parameters: Parameters
    private let channelsFirst: Bool
    private let keeps: Bool

    init(parameters: Parameters) {
        self.parameters = parameters
        channelsFirst = parameters.text("data_format") == "channels_first"
        keeps = parameters.boolean("keepdims")
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank == 2 else {
            throw .shape("GlobalAveragePooling1D needs rows of two axes, got \(inputs.first ?? Shape()).")
        }
        let features = channelsFirst ? input[0] : input[1]
        return [!keeps ? Shape(features) : channelsFirst ? Shape(features, 1) : Shape(1, features)]
    }

    /// Steps and features, and how far apart the elements of each lie in a row.
    private func layout(_ shape: Shape) -> (steps: Int, features: Int, step: Int, feature: Int) {
        channelsFirst ? (shape[1], shape[0], 1, shape[1]) : (shape[0], shape[1], shape[1], 1)
    }

    /// The share of one step that counts.
    private func share(_ mask: UnsafePointer<Float>?, _ steps: Int) -> Float {
        guard let mask else { return 1 / Float(steps) }
        var count: Float = 0
        for index in 0..<steps { count += mask[index] }
        return count > 0 ? 1 / count : 0
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (steps, features, stepStride, featureStride) = layout(step.inputShape)
        let masks = channelsFirst ? nil : step.mask(over: Shape(steps))
        context.parallel(over: step.rows, by: max(1, (1 << 14) / step.inputCount)) { rows in
            for row in rows {
                let (x, y) = (step.input + row * step.inputCount, step.output + row * features)
                let mask = masks.map { $0 + row * steps }
                y.update(repeating: 0, count: features)
                for t in 0..<steps where mask?[t] != 0 {
                    for f in 0..<features { y[f] += x[t * stepStride + f * featureStride] }
                }
                let share = share(mask, steps)
                for f in 0..<features { y[f] *= share }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let (steps, features, stepStride, featureStride) = layout(step.inputShape)
        let masks = channelsFirst ? nil : step.mask(over: Shape(steps))
        context.parallel(over: step.rows, by: max(1, (1 << 14) / step.inputCount)) { rows in
            for row in rows {
                let mask = masks.map { $0 + row * steps }
                let share = share(mask, steps)
                for t in 0..<steps {
                    let weight = (mask?[t] ?? 1) * share
                    for f in 0..<features {
                        dx[row * step.inputCount + t * stepStride + f * featureStride] = weight * dy[row * features + f]
                    }
                }
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [
            (key: "data_format", value: channelsFirst ? "channels_first" : "channels_last"),
            (key: "keepdims", value: .bool(keeps)),
        ]
    }
}
