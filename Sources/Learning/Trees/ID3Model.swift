import Core

/// The nodes of an ID3 tree in preorder.
struct ID3Nodes: Sendable {
    /// The column that a node branches by, -1 for a leaf.
    let feature: Tensor
    /// Nodes by values: the child of each category, -1 where training had no row.
    let children: Tensor
    /// Nodes by classes: summed weights.
    let value: Tensor
    let entropy: Tensor
    /// Nodes by columns; NaN for columns used above.
    let gains: Tensor
    let ratios: Tensor
}

/// A fitted ID3 tree. A row whose category has no branch gets what the node would say.
final class ID3Model: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let labels: ClassLabels
    private let categories: Categories
    private let nodes: ID3Nodes
    /// Nodes by classes.
    private let shares: Tensor

    /// Throws `corrupt` for nodes that are no tree.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ labels: ClassLabels, _ categories: Categories,
        _ nodes: ID3Nodes, in allocator: Allocator
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.labels = labels
        self.categories = categories
        self.nodes = nodes
        let count = nodes.feature.count
        let branches = nodes.children.shape[1]
        guard count >= 1, branches >= categories.most else {
            throw .corrupt("A \(parameters.kind) must have a node, and a place for each category.")
        }
        for node in 0..<count {
            let column = nodes.feature.int64s[node]
            guard column >= -1, column < Int64(notes.features) else {
                throw .corrupt("Node \(node) of a \(parameters.kind) names column \(column).")
            }
            for branch in 0..<branches {
                let child = nodes.children.int64s[node &* branches &+ branch]
                guard child == -1 || (child > Int64(node) && child < Int64(count)) else {
                    throw .corrupt("Node \(node) of a \(parameters.kind) has a child that cannot be, \(child).")
                }
            }
        }
        let classes = labels.count
        shares = try Tensor(.float64, Shape(count, classes), in: allocator)
        for node in 0..<count {
            var sum = 0.0
            for k in 0..<classes { sum += nodes.value.doubles[node &* classes &+ k] }
            for k in 0..<classes {
                shares.doubles[node &* classes &+ k] =
                    sum > 0 ? nodes.value.doubles[node &* classes &+ k] / sum : 1 / Double(classes)
            }
        }
    }

    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = try ClassLabels(record)
        let categories = try Categories(record, features: notes.features)
        let feature = try record.tensor("feature", .int64, shape: [nil])
        let count = feature.count
        let nodes = ID3Nodes(
            feature: feature, children: try record.tensor("children", .int64, shape: [count, nil]),
            value: try record.finite("value", shape: [count, labels.count]),
            entropy: try record.finite("entropy", shape: [count]),
            gains: try record.tensor("gains", shape: [count, notes.features]),
            ratios: try record.tensor("gain_ratios", shape: [count, notes.features]))
        return try ID3Model(parameters, notes, labels, categories, nodes, in: context.allocator)
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        switch what {
        case .predict: (labels.dtype, Shape(rows))
        case .probabilities: (.float64, Shape(rows, labels.count))
        default: throw unsupported(what)
        }
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        let classes = labels.count
        if what == .probabilities {
            return try RowMap.run(x, into: out, width: classes, in: context) { [self] row, result in
                result.update(from: shares.doubles + leaf(row) &* classes, count: classes)
                if !isFinite(row) { result[0] = .nan }
            }
        }
        try labels.predict(x, into: out, missing: false, in: context) { [self] row in
            isFinite(row) ? Double(firstLargest(shares.doubles + leaf(row) &* classes, classes)) : .nan
        }
    }

    private func isFinite(_ row: UnsafePointer<Double>) -> Bool {
        (0..<features).allSatisfy { row[$0].isFinite }
    }

    /// The last node on a row's way.
    private func leaf(_ row: UnsafePointer<Double>) -> Int {
        let branches = nodes.children.shape[1]
        var node = 0
        while nodes.feature.int64s[node] >= 0 {
            let column = Int(nodes.feature.int64s[node])
            guard let code = categories.code(row[column] + 0, column) else { break }
            let child = Int(nodes.children.int64s[node &* branches &+ code])
            if child < 0 { break }
            node = child
        }
        return node
    }

    var attributes: [(name: String, value: Tensor)] {
        [
            (name: "classes_", value: labels.classes), (name: "categories_", value: categories.values),
            (name: "category_offsets_", value: categories.offsets), (name: "feature", value: nodes.feature),
            (name: "children", value: nodes.children), (name: "value", value: nodes.value),
            (name: "entropy", value: nodes.entropy), (name: "gains", value: nodes.gains),
            (name: "gain_ratios", value: nodes.ratios),
        ]
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
