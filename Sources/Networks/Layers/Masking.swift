import Core

/// Steps whose elements all equal mask_value do not count in the layers that follow; they come out as zeros.
final class Masking: Layer {
    static let entry = Entry<any Layer>(
        "Masking", doc: "leaves out the steps that hold one value throughout",
        parameters: [
            ParameterSpec(
                "mask_value", .real(from: -.infinity, to: .infinity), default: 0.0, "the value of steps to leave out")
        ]
    ) { Masking(parameters: $0, value: Float($0.real("mask_value"))) }

    let parameters: Parameters
    private let value: Float

    init(parameters: Parameters, value: Float) {
        self.parameters = parameters
        self.value = value
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank > 0 else {
            throw .shape("Masking needs an input of at least one axis beside the batch, got a scalar per row.")
        }
        return [input]
    }

    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        [.own(outputs[0].dropLast)]
    }

    func forward(_ step: LayerStep, in context: Context) {
        guard let mask = step.outputMasks[0] else { return }
        let width = step.outputShape.last
        for position in 0..<(step.rows * step.outputCount / width) {
            let (x, y) = (step.input + position * width, step.output + position * width)
            var counts: Float = 0
            for index in 0..<width where x[index] != value { counts = 1 }
            mask[position] = counts
            if counts == 1 { y.update(from: x, count: width) } else { y.update(repeating: 0, count: width) }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient, let mask = step.outputMasks[0] else { return }
        let width = step.outputShape.last
        for position in 0..<(step.rows * step.outputCount / width) {
            if mask[position] == 1 {
                (dx + position * width).update(from: dy + position * width, count: width)
            } else {
                (dx + position * width).update(repeating: 0, count: width)
            }
        }
    }

    var config: [(key: String, value: JSON)] { [(key: "mask_value", value: parameters["mask_value"])] }
}
