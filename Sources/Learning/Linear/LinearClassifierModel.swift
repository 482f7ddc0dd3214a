import Core
import Glibc

/// A fitted linear classifier: a row of coefficients for two classes, one for each class of more.
final class LinearClassifierModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels
    private let coefficients: Tensor
    private let intercepts: Tensor
    private let learned: [(name: String, value: Tensor)]

    private static let optional: [(name: String, dtype: DType, rank: Int)] = [
        (name: "n_iter_", dtype: .int64, rank: 0), (name: "loss_curve_", dtype: .float64, rank: 1),
        (name: "converged_", dtype: .bool, rank: 0), (name: "t_", dtype: .int64, rank: 0),
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
        return try LinearClassifierModel(
            parameters, notes, labels, coefficients: coefficients.doubles, intercepts: intercepts.doubles,
            try record.optional(optional), in: context.allocator)
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }
    private var outputs: Int { intercepts.count }

    /// The parameter of kinds whose scores are no log-odds.
    static let threshold = ParameterSpec(
        "threshold", .real(from: -.infinity, to: .infinity), default: 0,
        "Two classes: the second is predicted where the score is above this.")

    /// What the scores say of probabilities.
    private enum Link {
        case softmax
        /// Fits of each class against the rest: sigmoids divided by their sum.
        case sigmoids
        /// (1 + score) / 2 between 0 and 1, divided by their sum (Zadrozny and Elkan 2002,
        /// doi:10.1145/775047.775151).
        case clipped
        case none
    }

    private var link: Link {
        switch parameters.kind {
        case "logistic_regression": parameters.text("multi_class") == "ovr" ? .sigmoids : .softmax
        case "sgd_classifier":
            switch parameters.text("loss") {
            case "log_loss": .sigmoids
            case "modified_huber": .clipped
            default: .none
            }
        default: .none
        }
    }

    /// Two classes: the score above which the second is predicted.
    private var cut: Double {
        let threshold = parameters.real("threshold")
        if parameters.kind != "logistic_regression" { return threshold }
        return threshold == 0.5 ? 0 : log(threshold / (1 - threshold))
    }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch what {
        case .predict: (labels.dtype, Shape(rows))
        case .probabilities:
            if link == .none { throw unsupported(what) } else { (.float64, Shape(rows, labels.count)) }
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
        let link = link
        try RowMap.run(x, into: out, width: count, in: context) { row, result in
            scores.row(row, result)
            if link == .clipped {
                if binary { result[1] = result[0] }
                shareClipped(result, count, binary: binary)
            } else if !binary, link == .sigmoids {
                shareSigmoids(result, count)
            } else if binary {
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
        let cut = cut
        let numbers = try Buffer<Double>(x.rows, in: context.allocator)
        let view = ArrayView(data: UnsafeMutableRawPointer(numbers.pointer), dtype: .float64, shape: Shape(x.rows))
        try RowMap.run(x, into: view, width: 1, in: context) { row, result in
            var best = scores.score(row, 0)
            var sound = best.isFinite
            var place = outputs == 1 ? (best > cut ? 1 : 0) : 0
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

/// Replaces scores by their sigmoids divided by the sum of these; by equal shares where all underflow.
private func shareSigmoids(_ row: UnsafeMutablePointer<Double>, _ count: Int) {
    var total = 0.0
    for k in 0..<count {
        let small = exp(-abs(row[k]))
        // A score that is not finite must show.
        row[k] = row[k].isFinite ? (row[k] >= 0 ? 1 : small) / (1 + small) : .nan
        total += row[k]
    }
    for k in 0..<count { row[k] = total == 0 ? 1 / Double(count) : row[k] / total }
}

/// Replaces scores by (1 + score) / 2, cut to 0 ... 1 and divided by their sum; by equal shares where all are 0.
private func shareClipped(_ row: UnsafeMutablePointer<Double>, _ count: Int, binary: Bool) {
    for k in 0..<count where row[k].isFinite { row[k] = (1 + max(-1, min(1, row[k]))) / 2 }
    for k in 0..<count where !row[k].isFinite { row[k] = .nan }
    if binary {
        row[0] = 1 - row[1]
        return
    }
    var total = 0.0
    for k in 0..<count { total += row[k] }
    for k in 0..<count { row[k] = total == 0 ? 1 / Double(count) : row[k] / total }
}
