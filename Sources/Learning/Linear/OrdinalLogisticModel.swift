import Core
import Glibc

/// A fitted ordinal logistic regression: one row of coefficients and the thresholds between classes.
final class OrdinalLogisticModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels
    private let coefficients: Tensor
    private let thresholds: Tensor
    private let learned: [(name: String, value: Tensor)]

    private static let optional: [(name: String, dtype: DType, rank: Int)] = [
        (name: "n_iter_", dtype: .int64, rank: 0), (name: "loss_curve_", dtype: .float64, rank: 1),
        (name: "converged_", dtype: .bool, rank: 0),
    ]

    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels, coefficients: Tensor,
        thresholds: Tensor, _ learned: [(name: String, value: Tensor)]
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.coefficients = coefficients
        self.thresholds = thresholds
        self.learned = learned
    }

    /// Throws `corrupt` for arrays that do not belong together.
    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = try ClassLabels(record)
        let thresholds = try record.finite("thresholds_", shape: [labels.count - 1])
        for k in 1..<max(thresholds.count, 1) where thresholds.doubles[k] < thresholds.doubles[k - 1] {
            throw .corrupt("The array 'thresholds_' of a \(record.kind) must ascend.")
        }
        return try OrdinalLogisticModel(
            parameters, notes, labels, coefficients: try record.finite("coef_", shape: [notes.features]),
            thresholds: thresholds, try record.optional(optional))
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch what {
        case .predict: (labels.dtype, Shape(rows))
        case .probabilities: (.float64, Shape(rows, labels.count))
        case .decision: (.float64, Shape(rows))
        case .inverseTransform: throw unsupported(what)
        }
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        let p = features
        let b = UnsafePointer(coefficients.doubles)
        let edges = UnsafePointer(thresholds.doubles)
        let count = labels.count
        switch what {
        case .decision:
            try RowMap.run(x, into: out, width: 1, in: context) { row, result in
                result[0] = sumOfProducts(row, b, p)
            }
        case .probabilities:
            try RowMap.run(x, into: out, width: count, in: context) { row, result in
                let score = sumOfProducts(row, b, p)
                for k in 0..<count { result[k] = OrdinalLogisticModel.probability(k, count, score, edges) }
            }
        case .predict:
            let byThreshold = parameters.text("prediction") == "threshold"
            let numbers = try Buffer<Double>(x.rows, in: context.allocator)
            let view = ArrayView(data: UnsafeMutableRawPointer(numbers.pointer), dtype: .float64, shape: Shape(x.rows))
            try RowMap.run(x, into: view, width: 1, in: context) { row, result in
                let score = sumOfProducts(row, b, p)
                var place = 0
                if byThreshold {
                    while place < count - 1, score > edges[place] { place += 1 }
                } else {
                    var best = -1.0
                    for k in 0..<count {
                        let probability = OrdinalLogisticModel.probability(k, count, score, edges)
                        if probability > best {
                            best = probability
                            place = k
                        }
                    }
                }
                result[0] = score.isFinite ? Double(place) : .nan
            }
            try labels.write(numbers.pointer, count: x.rows, to: out, in: context.allocator)
        case .inverseTransform: throw unsupported(what)
        }
        withExtendedLifetime((coefficients, thresholds)) {}
    }

    /// sigmoid(upper - score) - sigmoid(lower - score), without cancellation.
    @inline(__always)
    private static func probability(_ k: Int, _ count: Int, _ score: Double, _ edges: UnsafePointer<Double>) -> Double {
        // A score that is not finite must show.
        if !score.isFinite { return .nan }
        if k == 0 { return sigmoid(edges[0] - score) }
        if k == count - 1 { return sigmoid(score - edges[k - 1]) }
        return sigmoid(edges[k] - score) * sigmoid(score - edges[k - 1]) * -expm1(edges[k - 1] - edges[k])
    }

    @inline(__always)
    private static func sigmoid(_ value: Double) -> Double {
        let small = exp(-abs(value))
        return (value >= 0 ? 1 : small) / (1 + small)
    }

    var attributes: [(name: String, value: Tensor)] {
        [
            (name: "coef_", value: coefficients), (name: "thresholds_", value: thresholds),
            (name: "classes_", value: labels.classes),
        ] + learned
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
