import Core

/// Inputs one after the other along one axis.
final class Concatenate: Layer {
    static let entry = Entry<any Layer>(
        "Concatenate", doc: "inputs one after the other along an axis",
        parameters: [
            ParameterSpec(
                "axis", .integer(-Shape.maximumRank...Shape.maximumRank), default: -1,
                "which axis, the batch counted as axis 0; not the batch")
        ]
    ) { Concatenate(parameters: $0, axis: $0.integer("axis")) }

    let parameters: Parameters
    private let axis: Int
    /// Elements handled as one slice.
    private static let chunk = 1 << 15

    init(parameters: Parameters, axis: Int) {
        self.parameters = parameters
        self.axis = axis
    }

    var inputCount: ClosedRange<Int> { 1...Int.max }

    /// The axis within a row; nil when a row of that rank has none.
    private func rowAxis(_ rank: Int) -> Int? {
        let place = axis < 0 ? axis + rank : axis - 1
        return place >= 0 && place < rank ? place : nil
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard var shape = inputs.first, let along = rowAxis(shape.rank) else {
            throw .shape("Concatenate has no axis \(axis) in inputs of \((inputs.first?.rank ?? 0) + 1) axes, or it is the batch.")
        }
        for input in inputs.dropFirst() {
            var fits = input.rank == shape.rank
            if fits {
                for index in 0..<shape.rank where index != along {
                    if shape[index] < 0 { shape[index] = input[index] }
                    if input[index] >= 0, input[index] != shape[index] { fits = false }
                }
            }
            guard fits else {
                throw .shape(
                    "Concatenate needs inputs of one shape but for axis \(axis), got \(inputs.map(\.description).joined(separator: ", "))."
                )
            }
            let (sum, overflow) = shape[along].addingReportingOverflow(input[along])
            guard !overflow else { throw .limit("Its output is too large.") }
            shape[along] = shape[along] < 0 || input[along] < 0 ? Shape.unknown : sum
        }
        return [shape]
    }

    /// As in Keras: an input without a mask counts throughout; along the last axis a step counts if it does in any input.
    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        let fit = zip(masks, inputs).allSatisfy { mask, input in mask == nil || mask == input.dropLast }
        return fit && masks.contains { $0 != nil } ? [.own(outputs[0].dropLast)] : [.none]
    }

    /// Blocks before the axis, and the elements of one block of each input.
    private func blocks(_ shape: Shape) -> (count: Int, size: Int) {
        let along = rowAxis(shape.rank) ?? 0
        var count = 1
        for index in 0..<along { count *= shape[index] }
        return (count, shape.count / max(count, 1))
    }

    func forward(_ step: LayerStep, in context: Context) {
        copy(step, in: context) { place, out, x, size in (step.output + out).update(from: step.inputs[place] + x, count: size) }
        writeMask(step)
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        copy(step, in: context) { place, out, x, size in
            if let dx = step.inputGradients[place] { (dx + x).update(from: dy + out, count: size) }
        }
    }

    /// Calls `body` for each block of each input with its offsets in output and input.
    private func copy(
        _ step: LayerStep, in context: Context, _ body: (_ place: Int, _ output: Int, _ input: Int, _ size: Int) -> Void
    ) {
        let (count, outSize) = blocks(step.outputShape)
        context.parallel(over: step.rows, by: Concatenate.chunk / max(step.outputCount, 1)) { rows in
            var start = 0
            for place in step.inputs.indices {
                let size = blocks(step.inputShapes[place]).size
                for block in rows.lowerBound * count..<rows.upperBound * count {
                    body(place, block * outSize + start, block * size, size)
                }
                start += size
            }
        }
    }

    private func writeMask(_ step: LayerStep) {
        guard let out = step.outputMasks[0] else { return }
        let rank = step.outputShape.rank
        let steps = step.outputShape.dropLast.count
        if rowAxis(rank) == rank - 1 {
            for index in 0..<(step.rows * steps) {
                var counts: Float = 0
                for mask in step.masks { counts = max(counts, mask?[index] ?? 1) }
                out[index] = counts
            }
            return
        }
        let (count, _) = blocks(step.outputShape)
        let outSize = steps / max(count, 1)
        var start = 0
        for place in step.inputs.indices {
            let size = step.inputShapes[place].dropLast.count / max(count, 1)
            for block in 0..<(step.rows * count) {
                for index in 0..<size { out[block * outSize + start + index] = step.masks[place]?[block * size + index] ?? 1 }
            }
            start += size
        }
    }

    var config: [(key: String, value: JSON)] { [(key: "axis", value: .integer(axis))] }
}
