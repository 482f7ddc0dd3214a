import Core

/// Whole numbers as rows of a learned table: y = embeddings[x].
///
/// embeddings [input_dim, output_dim]. A number outside of the table gives zeros and no gradient.
final class Embedding: Layer {
    static let entry = Entry<any Layer>(
        "Embedding", doc: "whole numbers as rows of a learned table",
        parameters: [
            ParameterSpec("input_dim", .integer(1...Int(Int32.max)), default: nil, "rows of the table: numbers 0 to input_dim - 1"),
            ParameterSpec("output_dim", .integer(1...Int(Int32.max)), default: nil, "features of a row"),
        ] + WeightSettings.specs("embeddings", initializer: "uniform") + [
            ParameterSpec("mask_zero", .boolean, default: false, "whether steps of 0 do not count in what follows")
        ]
    ) { (parameters) throws(ApusError) in
        Embedding(parameters: parameters, table: try WeightSettings("embeddings", parameters))
    }

    let parameters: Parameters
    private let rows: Int
    private let features: Int
    private let masksZero: Bool
    private let table: WeightSettings

    init(parameters: Parameters, table: WeightSettings) {
        self.parameters = parameters
        rows = parameters.integer("input_dim")
        features = parameters.integer("output_dim")
        masksZero = parameters.boolean("mask_zero")
        self.table = table
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        var shape = inputs.first ?? Shape()
        guard shape.rank < Shape.maximumRank - 1 else {
            throw .shape("Embedding makes one axis more of rows of shape \(shape), which have too many.")
        }
        shape.append(features)
        return [shape]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] { [table.spec(Shape(rows, features))] }

    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        [masksZero ? .own(inputs.first ?? Shape()) : .none]
    }

    /// The row of the table for a number; nil outside.
    @inline(__always)
    private func row(_ value: Float) -> Int? {
        value >= 0 && value < Float(rows) && Int(value) < rows ? Int(value) : nil
    }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.rows * step.inputCount
        context.parallel(over: count, by: max(1, (1 << 14) / features)) { range in
            for index in range {
                let out = step.output + index * features
                if let row = row(step.input[index]) {
                    out.update(from: step.weights[0] + row * features, count: features)
                } else {
                    out.update(repeating: 0, count: features)
                }
            }
        }
        if let mask = step.outputMasks[0] {
            for index in 0..<count { mask[index] = step.input[index] == 0 ? 0 : 1 }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let count = step.rows * step.inputCount
        // Numbers have no gradient.
        step.inputGradient?.update(repeating: 0, count: count)
        guard let gradient = step.gradients[0] else { return }
        if !step.accumulates { gradient.update(repeating: 0, count: rows * features) }
        // Each slice has features of its own, so that rows may be met more than once, in order.
        context.parallel(over: features, by: max(16, (1 << 14) / max(1, count) / 16 * 16)) { range in
            for index in 0..<count {
                guard let row = row(step.input[index]) else { continue }
                let out = gradient + row * features + range.lowerBound
                context.kernels.add(out, dy + index * features + range.lowerBound, out, Int64(range.count))
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [(key: "input_dim", value: .integer(rows)), (key: "output_dim", value: .integer(features))] + table.config
            + [(key: "mask_zero", value: .bool(masksZero))]
    }
}
