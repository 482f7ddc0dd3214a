import Core

/// A fitted CART tree.
final class DecisionTreeModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    /// nil for a regressor.
    private let labels: ClassLabels?
    let tree: TreeArrays
    private let importances: Tensor

    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels?, _ tree: TreeArrays,
        in allocator: Allocator
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.tree = tree
        importances = try tree.importances(features: notes.features, in: allocator)
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
        let tree = tree
        let columns = features
        guard let labels else {
            let values = tree.value.doubles
            try RowMap.run(x, into: out, width: 1, missing: true, in: context) { row, result in
                result[0] = holdsInfinity(row, columns) ? .nan : values[tree.leaf(row)]
            }
            return
        }
        let classes = labels.count
        let values = tree.value.doubles
        if what == .probabilities {
            try RowMap.run(x, into: out, width: classes, missing: true, in: context) { row, result in
                result.update(from: values + tree.leaf(row) &* classes, count: classes)
                if holdsInfinity(row, columns) { result[0] = .nan }
            }
            return
        }
        try labels.predict(x, into: out, missing: true, in: context) { row in
            holdsInfinity(row, columns) ? .nan : Double(firstLargest(values + tree.leaf(row) &* classes, classes))
        }
    }

    var attributes: [(name: String, value: Tensor)] {
        let classes = labels.map { [(name: "classes_", value: $0.classes)] } ?? []
        return classes + [(name: "feature_importances_", value: importances)] + tree.attributes
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        if let labels { record.set("classes_", .tensor(labels.classes)) }
        for (name, value) in tree.attributes { record.set(name, .tensor(value)) }
        return record
    }
}

/// Whether a row holds an infinity; NaN does not count.
@inline(__always)
func holdsInfinity(_ row: UnsafePointer<Double>, _ columns: Int) -> Bool {
    var probe = 0.0
    for c in 0..<columns { probe += row[c] * 0 }
    if probe == 0 { return false }
    for c in 0..<columns where row[c].magnitude == .infinity { return true }
    return false
}

/// The place of the largest of `count` numbers, the first of equal ones.
@inline(__always)
func firstLargest(_ values: UnsafePointer<Double>, _ count: Int) -> Int {
    var best = 0
    for k in 1..<max(count, 1) where values[k] > values[best] { best = k }
    return best
}

extension ClassLabels {
    /// Writes the label of the class number that `number` gives for each row; NaN where x cannot be used.
    func predict(
        _ x: ArrayView, into out: ArrayView, missing: Bool, in context: Context,
        _ number: (UnsafePointer<Double>) -> Double
    ) throws(ApusError) {
        let numbers = try Buffer<Double>(x.rows, in: context.allocator)
        let view = ArrayView(data: UnsafeMutableRawPointer(numbers.pointer), dtype: .float64, shape: Shape(x.rows))
        try RowMap.run(x, into: view, width: 1, missing: missing, in: context) { row, result in
            result[0] = number(row)
        }
        try write(numbers.pointer, count: x.rows, to: out, in: context.allocator)
    }
}
