import Core
import Glibc

/// A fitted logistic regression: a row of coefficients for two classes, one for each class of more.
final class LogisticRegressionModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels
    private let coefficients: Tensor
    private let intercepts: Tensor
    private let learned: [(name: String, value: Tensor)]

    private static let optional: [(name: String, dtype: DType, rank: Int)] = [
        (name: "n_iter_", dtype: .int64, rank: 0), (name: "loss_curve_", dtype: .float64, rank: 1),
        (name: "converged_", dtype: .bool, rank: 0),
    ]

    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels, coefficients: UnsafePointer<Double>,
        intercepts: UnsafePointer<Double>, _ learned: [(name: String, value: Tensor)], in allocator: Allocator
    ) throws(ApusError) {
        let outputs = labels.count == 2 ? 1 : labels.count
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.learned = learned
        self.coefficients = try Tensor(doubles: coefficients, Shape(outputs, notes.features), in: allocator)
        self.intercepts = try Tensor(doubles: intercepts, Shape(outputs), in: allocator)
    }

    /// Throws `corrupt` for arrays that do not belong together.
    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = try ClassLabels(record)
        let outputs = labels.count == 2 ? 1 : labels.count
        let coefficients = try record.finite("coef_", shape: [outputs, notes.features])
        let intercepts = try record.finite("intercept_", shape: [outputs])
        return try LogisticRegressionModel(
            parameters, notes, labels, coefficients: coefficients.doubles, intercepts: intercepts.doubles,
            try record.optional(optional), in: context.allocator)
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }
    private var outputs: Int { intercepts.count }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch what {
        case .predict: (labels.dtype, Shape(rows))
        case .probabilities: (.float64, Shape(rows, labels.count))
        case .decision: (.float64, outputs == 1 ? Shape(rows) : Shape(rows, outputs))
        case .inverseTransform: throw unsupported(what)
        }
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        let scores = LinearScores(coefficients, intercepts, features: features)
        switch what {
        case .decision: try scores.run(x, into: out, in: context)
        case .probabilities: try probabilities(scores, x, into: out, in: context)
        case .predict: try classes(scores, x, into: out, in: context)
        case .inverseTransform: throw unsupported(what)
        }
    }

    private func probabilities(_ scores: LinearScores, _ x: ArrayView, into out: ArrayView, in context: Context)
        throws(ApusError)
    {
        let binary = outputs == 1
        let count = labels.count
        try RowMap.run(x, into: out, width: count, in: context) { row, result in
            scores.row(row, result)
            if binary {
                let score = result[0]
                let small = exp(-abs(score))
                let likely = 1 / (1 + small)
                // A score that is not finite must show.
                let rest = score.isFinite ? small / (1 + small) : .nan
                result[0] = score >= 0 ? rest : likely
                result[1] = score >= 0 ? likely : rest
            } else {
                _ = softmaxInPlace(result, count)
            }
        }
    }

    private func classes(_ scores: LinearScores, _ x: ArrayView, into out: ArrayView, in context: Context)
        throws(ApusError)
    {
        let outputs = outputs
        let numbers = try Buffer<Double>(x.rows, in: context.allocator)
        let view = ArrayView(data: UnsafeMutableRawPointer(numbers.pointer), dtype: .float64, shape: Shape(x.rows))
        try RowMap.run(x, into: view, width: 1, in: context) { row, result in
            var best = scores.score(row, 0)
            var sound = best.isFinite
            var place = outputs == 1 ? (best > 0 ? 1 : 0) : 0
            var k = 1
            while k < outputs {
                let score = scores.score(row, k)
                sound = sound && score.isFinite
                if score > best {
                    best = score
                    place = k
                }
                k += 1
            }
            result[0] = sound ? Double(place) : .nan
        }
        try labels.write(numbers.pointer, count: x.rows, to: out, in: context.allocator)
    }

    var attributes: [(name: String, value: Tensor)] {
        [
            (name: "coef_", value: coefficients), (name: "intercept_", value: intercepts),
            (name: "classes_", value: labels.classes),
        ] + learned
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
