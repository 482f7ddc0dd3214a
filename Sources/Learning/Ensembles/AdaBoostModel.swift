import Core
import Glibc

/// Fitted AdaBoost: trees and their weights.
final class AdaBoostModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels?
    private let trees: PackedTrees
    private let weights: Tensor
    private let errors: Tensor
    private let sum: Double

    /// Throws `corrupt` unless there is a weight for each tree, and a class for each leaf.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels?, _ trees: PackedTrees,
        weights: Tensor, errors: Tensor
    ) throws(ApusError) {
        guard trees.count > 0, weights.count == trees.count, errors.count == trees.count else {
            throw .corrupt("A \(parameters.kind) needs a weight and an error for each of its \(trees.count) trees.")
        }
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.trees = trees
        self.weights = weights
        self.errors = errors
        sum = (0..<weights.count).reduce(0) { $0 + weights.doubles[$1] }
        if let labels { try trees.requireLeaves(below: labels.count, kind: parameters.kind) }
        guard sum > 0 else { throw .corrupt("The weights of a \(parameters.kind) must have a positive sum.") }
    }

    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = record.kind == AdaBoost.classifier.kind ? try ClassLabels(record) : nil
        return try AdaBoostModel(
            parameters, notes, labels, try PackedTrees(record, features: notes.features, in: context.allocator),
            weights: try record.finite("estimator_weights_", shape: [nil]),
            errors: try record.finite("estimator_errors_", shape: [nil]))
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch (what, labels) {
        case (.predict, let labels?): (labels.dtype, Shape(rows))
        case (.predict, nil): (.float64, Shape(rows))
        case (.probabilities, let labels?): (.float64, Shape(rows, labels.count))
        case (.decision, let labels?): (.float64, labels.count == 2 ? Shape(rows) : Shape(rows, labels.count))
        default: throw unsupported(what)
        }
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        let columns = features
        guard let labels else {
            return try RowMap.run(x, into: out, width: 1, missing: true, in: context) { [self] row, result in
                result[0] = holdsInfinity(row, columns) ? .nan : median(row)
            }
        }
        let classes = labels.count
        switch what {
        case .predict:
            try labels.predict(x, into: out, missing: true, in: context) { [self] row in
                if holdsInfinity(row, columns) { return .nan }
                return withUnsafeTemporaryAllocation(of: Double.self, capacity: classes) { votes in
                    guard let base = votes.baseAddress else { return .nan }
                    vote(row, base, classes)
                    return Double(firstLargest(base, classes))
                }
            }
        case .probabilities:
            try RowMap.run(x, into: out, width: classes, missing: true, in: context) { [self] row, result in
                vote(row, result, classes)
                // Of two classes the scores differ by the decision; of more they are divided by classes - 1.
                for k in 0..<classes { result[k] /= Double(classes - 1) }
                _ = softmaxInPlace(result, classes)
                if holdsInfinity(row, columns) { result[0] = .nan }
            }
        default:
            let width = classes == 2 ? 1 : classes
            try RowMap.run(x, into: out, width: width, missing: true, in: context) { [self] row, result in
                if width == 1 {
                    result[0] = balance(row)
                } else {
                    vote(row, result, classes)
                }
                if holdsInfinity(row, columns) { result[0] = .nan }
            }
        }
    }

    /// Each tree adds its weight to its class and takes weight / (classes - 1) from the others, of the summed weights.
    private func vote(_ row: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ classes: Int) {
        for k in 0..<classes { out[k] = 0 }
        for tree in 0..<trees.count {
            let weight = weights.doubles[tree] / sum
            let chosen = Int(trees.value(tree, row))
            for k in 0..<classes { out[k] += k == chosen ? weight : -weight / Double(classes - 1) }
        }
    }

    /// Of two classes: twice the weights for the second less those for the first, of the summed weights.
    private func balance(_ row: UnsafePointer<Double>) -> Double {
        var score = 0.0
        for tree in 0..<trees.count {
            let weight = 2 * weights.doubles[tree] / sum
            score += trees.value(tree, row) == 1 ? weight : -weight
        }
        return score
    }

    /// The least prediction with at least half of the weight up to it.
    private func median(_ row: UnsafePointer<Double>) -> Double {
        withUnsafeTemporaryAllocation(of: (value: Double, weight: Double).self, capacity: trees.count) { votes in
            for tree in 0..<trees.count { votes[tree] = (trees.value(tree, row), weights.doubles[tree]) }
            var sorted = votes
            sorted.sort { $0.value < $1.value }
            var below = 0.0
            for vote in sorted {
                below += vote.weight
                if below >= sum / 2 { return vote.value }
            }
            return sorted[trees.count - 1].value
        }
    }

    var attributes: [(name: String, value: Tensor)] {
        let classes = labels.map { [(name: "classes_", value: $0.classes)] } ?? []
        return classes
            + [(name: "estimator_weights_", value: weights), (name: "estimator_errors_", value: errors)]
            + trees.attributes
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}

extension PackedTrees.Draft {
    /// Adds an exact tree; the leaves of a classifier hold the number of their largest class.
    mutating func append(_ tree: TreeArrays, classes: Int) throws(ApusError) {
        let nodes = try Buffer<PackedTrees.Node>(tree.count, in: allocator)
        for index in 0..<tree.count {
            var node = PackedTrees.Node()
            if tree.right.int64s[index] < 0 {
                node.threshold =
                    classes > 0
                    ? Double(firstLargest(tree.value.doubles + index &* classes, classes)) : tree.value.doubles[index]
            } else {
                node.threshold = tree.threshold.doubles[index]
                node.feature = Int32(tree.feature.int64s[index])
                node.right = Int32(tree.right.int64s[index])
                if tree.missingLeft.bytes.pointer[index] != 0 { node.flags = PackedTrees.goesLeftMissing }
            }
            nodes.pointer[index] = node
        }
        try append(nodes.pointer, tree.count)
    }
}
