import Core
import Glibc

/// Fitted gradient boosting: a baseline and the values of the leaves that a row falls into, summed.
final class HistGradientBoostingModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels?
    private let loss: BoostingLoss
    private let baseline: Tensor
    private let trees: PackedTrees
    private let learned: [(name: String, value: Tensor)]

    private static let optional: [(name: String, dtype: DType, rank: Int)] = [
        (name: "n_iter_", dtype: .int64, rank: 0), (name: "train_score_", dtype: .float64, rank: 1),
        (name: "validation_score_", dtype: .float64, rank: 1),
    ]

    /// Throws `corrupt` unless there is a tree for each output in every iteration.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels?, _ loss: BoostingLoss,
        _ baseline: Tensor, _ trees: PackedTrees, _ learned: [(name: String, value: Tensor)]
    ) throws(ApusError) {
        guard trees.count % loss.outputs == 0 else {
            throw .corrupt("A \(parameters.kind) must have as many trees for each class, the file has \(trees.count).")
        }
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.loss = loss
        self.baseline = baseline
        self.trees = trees
        self.learned = learned
    }

    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = record.kind == HistGradientBoosting.classifier.kind ? try ClassLabels(record) : nil
        let loss: BoostingLoss
        if let labels {
            loss = labels.count == 2 ? .binary : .softmax(labels.count)
        } else {
            loss = parameters.text("loss") == "poisson" ? .poisson : .squaredError
        }
        return try HistGradientBoostingModel(
            parameters, notes, labels, loss, try record.finite("baseline_prediction_", shape: [loss.outputs]),
            try PackedTrees(record, features: notes.features, in: context.allocator), try record.optional(optional))
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch (what, labels) {
        case (.predict, let labels?): (labels.dtype, Shape(rows))
        case (.predict, nil): (.float64, Shape(rows))
        case (.probabilities, let labels?): (.float64, Shape(rows, labels.count))
        case (.decision, .some): (.float64, loss.outputs == 1 ? Shape(rows) : Shape(rows, loss.outputs))
        default: throw unsupported(what)
        }
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        let columns = features
        let outputs = loss.outputs
        let classes = labels?.count ?? 1
        switch (what, labels) {
        case (.predict, let labels?):
            try labels.predict(x, into: out, missing: true, in: context) { [self] row in
                if holdsInfinity(row, columns) { return .nan }
                if outputs == 1 { return score(row, 0) > 0 ? 1 : 0 }
                var best = 0
                var most = score(row, 0)
                for k in 1..<outputs {
                    let here = score(row, k)
                    if here > most { (best, most) = (k, here) }
                }
                return Double(best)
            }
        case (.probabilities, _):
            try RowMap.run(x, into: out, width: classes, missing: true, in: context) { [self] row, result in
                if outputs == 1 {
                    let score = score(row, 0)
                    result[1] = 1 / (1 + exp(-score))
                    result[0] = 1 / (1 + exp(score))
                } else {
                    for k in 0..<outputs { result[k] = score(row, k) }
                    _ = softmaxInPlace(result, outputs)
                }
                if holdsInfinity(row, columns) { result[0] = .nan }
            }
        default:
            let isPoisson = if case .poisson = loss { true } else { false }
            try RowMap.run(x, into: out, width: outputs, missing: true, in: context) { [self] row, result in
                for k in 0..<outputs { result[k] = score(row, k) }
                if isPoisson { result[0] = exp(result[0]) }
                if holdsInfinity(row, columns) { result[0] = .nan }
            }
        }
    }

    /// The raw prediction of an output, tree after tree.
    @inline(__always)
    private func score(_ row: UnsafePointer<Double>, _ output: Int) -> Double {
        var sum = baseline.doubles[output]
        var tree = output
        let step = loss.outputs
        while tree < trees.count {
            sum += trees.value(tree, row)
            tree += step
        }
        return sum
    }

    var attributes: [(name: String, value: Tensor)] {
        let classes = labels.map { [(name: "classes_", value: $0.classes)] } ?? []
        return classes + [(name: "baseline_prediction_", value: baseline)] + learned + trees.attributes
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
