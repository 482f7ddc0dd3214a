import Core
import Numerics

/// A fitted forest: the mean of what its trees' leaves hold.
final class ForestModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels?
    private let trees: PackedTrees
    /// Leaf values of a classifier, rows by classes.
    private let values: Tensor
    private let learned: [(name: String, value: Tensor)]

    /// Throws `corrupt` for leaves whose values are not in the table.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels?, _ trees: PackedTrees,
        _ values: Tensor, _ learned: [(name: String, value: Tensor)]
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.trees = trees
        self.values = values
        self.learned = learned
        guard trees.count > 0 else { throw .corrupt("A \(parameters.kind) must have a tree; the file has none.") }
        if labels != nil { try trees.requireLeaves(below: values.shape[0], kind: parameters.kind) }
    }

    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = record.kind.hasSuffix("classifier") ? try ClassLabels(record) : nil
        var learned: [(name: String, value: Tensor)] = [
            (name: "feature_importances_", value: try record.finite("feature_importances_", shape: [notes.features]))
        ]
        for (name, rank) in [("oob_score_", 0), ("oob_prediction_", 1), ("oob_decision_function_", 2)]
        where record[name] != nil {
            learned.append((name: name, value: try record.tensor(name, shape: [Int?](repeating: nil, count: rank))))
        }
        return try ForestModel(
            parameters, notes, labels, try PackedTrees(record, features: notes.features, in: context.allocator),
            try record.finite("leaf_values", shape: [nil, labels?.count ?? 1]), learned)
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch (what, labels) {
        case (.predict, let labels?): (labels.dtype, Shape(rows))
        case (.predict, nil): (.float64, Shape(rows))
        case (.probabilities, let labels?): (.float64, Shape(rows, labels.count))
        default: throw unsupported(what)
        }
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        guard let labels else {
            return try RowMap.runBlocks(x, into: out, width: 1, missing: true, in: context) { matrix, rows, result in
                self.sum(matrix, rows, result, 1)
            }
        }
        let classes = labels.count
        if what == .probabilities {
            return try RowMap.runBlocks(x, into: out, width: classes, missing: true, in: context) {
                self.sum($0, $1, $2, classes)
            }
        }
        let numbers = try Buffer<Double>(x.rows, in: context.allocator)
        let chunk = min(x.rows, 1 << 16)
        let shares = try Buffer<Double>(cappedProduct(chunk, classes), in: context.allocator)
        var first = 0
        while first < x.rows {
            let count = min(chunk, x.rows - first)
            let view = ArrayView(
                data: UnsafeMutableRawPointer(shares.pointer), dtype: .float64, shape: Shape(count, classes))
            let part = x.rows(first, count)
            try RowMap.runBlocks(part, into: view, width: classes, missing: true, whole: x, in: context) {
                self.sum($0, $1, $2, classes)
            }
            for row in 0..<count {
                numbers.pointer[first + row] = Double(firstLargest(shares.pointer + row &* classes, classes))
            }
            first += count
        }
        try labels.write(numbers.pointer, count: x.rows, to: out, in: context.allocator)
    }

    /// Tree after tree over a block of rows, so that a tree's nodes stay in the cache.
    private func sum(_ x: Matrix, _ rows: Range<Int>, _ out: UnsafeMutablePointer<Double>, _ width: Int) {
        let count = rows.count
        out.update(repeating: 0, count: count &* width)
        for tree in 0..<trees.count {
            for row in 0..<count {
                let value = trees.value(tree, x.row(rows.lowerBound + row))
                if labels == nil {
                    out[row] += value
                } else {
                    let own = values.doubles + Int(value) &* width
                    for k in 0..<width { out[row &* width &+ k] += own[k] }
                }
            }
        }
        let number = Double(trees.count)
        for i in 0..<(count &* width) { out[i] /= number }
        for row in 0..<count where holdsInfinity(x.row(rows.lowerBound + row), x.columns) { out[row &* width] = .nan }
    }

    var attributes: [(name: String, value: Tensor)] {
        let classes = labels.map { [(name: "classes_", value: $0.classes)] } ?? []
        return classes + learned + trees.attributes + [(name: "leaf_values", value: values)]
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
