import Core

/// A row of features n times, as n steps.
final class RepeatVector: Layer {
    static let entry = Entry<any Layer>(
        "RepeatVector", doc: "a row of features as n equal steps",
        parameters: [ParameterSpec("n", .integer(1...Int(Int32.max)), default: nil, "how many steps")]
    ) { RepeatVector(parameters: $0) }

    let parameters: Parameters
    private let times: Int

    init(parameters: Parameters) {
        self.parameters = parameters
        times = parameters.integer("n")
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank == 1 else {
            throw .shape("RepeatVector needs rows of one axis, got \(inputs.first ?? Shape()).")
        }
        return [Shape(times, input[0])]
    }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.inputCount
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, step.outputCount))) { rows in
            for row in rows {
                for time in 0..<times {
                    (step.output + row * step.outputCount + time * count).update(from: step.input + row * count, count: count)
                }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let count = step.inputCount
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, step.outputCount))) { rows in
            for row in rows {
                context.kernels.sum_rows(
                    dy + row * step.outputCount, Int64(times), Int64(count), Int64(count), dx + row * count)
            }
        }
    }
}
