import Core

/// y = scale x + offset, each one number for all or one for each element of the last axis.
final class Rescaling: Layer {
    static let entry = Entry<any Layer>(
        "Rescaling", doc: "y = scale x + offset",
        parameters: [
            ParameterSpec("scale", .any("a number, or an array of one for each channel"), default: nil, "the factor"),
            ParameterSpec("offset", .any("a number, or an array of one for each channel"), default: 0.0, "added"),
        ]
    ) { (parameters) throws(ApusError) in
        Rescaling(
            parameters: parameters, scale: try numbers("scale", parameters), offset: try numbers("offset", parameters))
    }

    /// A number, or an array of them, that float32 holds.
    private static func numbers(_ name: String, _ parameters: Parameters) throws(ApusError) -> [Float] {
        let given = parameters[name]
        let listed = given.arrayValue ?? [given]
        let values = listed.compactMap(\.doubleValue).map { Float($0) }
        guard !listed.isEmpty, values.count == listed.count, values.allSatisfy(\.isFinite) else {
            throw .parameter(
                name, of: parameters.kind, mustBe: "a finite number, or an array of one for each channel", got: given.text)
        }
        return values
    }

    let parameters: Parameters
    private let scale: [Float]
    private let offset: [Float]

    init(parameters: Parameters, scale: [Float], offset: [Float]) {
        self.parameters = parameters
        self.scale = scale
        self.offset = offset
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        for (name, values) in [("scale", scale), ("offset", offset)] where values.count > 1 {
            guard input.last == values.count || input.last == Shape.unknown else {
                throw .shape("Rescaling has \(values.count) numbers as \(name), but rows of shape \(input).")
            }
        }
        return [input]
    }

    /// Calls `body` with ranges of whole last axes, or of anything where there is one number for all.
    private func eachRange(_ step: LayerStep, in context: Context, _ body: (_ start: Int, _ count: Int) -> Void) {
        let width = max(1, max(scale.count, offset.count))
        context.parallel(over: step.rows * step.outputCount / width, by: max(1, (1 << 14) / width)) { range in
            body(range.lowerBound * width, range.count * width)
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (x, y) = (step.input, step.output)
        eachRange(step, in: context) { start, count in
            for index in 0..<count {
                let factor = scale.count == 1 ? scale[0] : scale[index % scale.count]
                y[start + index] = x[start + index] * factor + (offset.count == 1 ? offset[0] : offset[index % offset.count])
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        eachRange(step, in: context) { start, count in
            for index in 0..<count {
                dx[start + index] = dy[start + index] * (scale.count == 1 ? scale[0] : scale[index % scale.count])
            }
        }
    }
}
