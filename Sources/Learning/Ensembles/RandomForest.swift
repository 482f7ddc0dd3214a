import Core

/// Forests of trees over binned columns: random forests, whose trees see rows drawn with replacement (Breiman 2001,
/// doi:10.1023/A:1010933404324), and extra trees, whose thresholds are drawn (Geurts, Ernst, Wehenkel 2006,
/// doi:10.1007/s10994-006-6226-1).
enum RandomForest {
    static let classifier = EstimatorEntry(
        kind: "random_forest_classifier", type: "classifier",
        doc: "Trees on rows drawn with replacement that average their class shares; NaN in x allowed.",
        parameters: classes + specs(bootstrap: true, maxFeatures: "sqrt") + [classWeight], fit: fitClassifier,
        load: ForestModel.load)

    static let regressor = EstimatorEntry(
        kind: "random_forest_regressor", type: "regressor",
        doc: "Trees on rows drawn with replacement that average their predictions; NaN in x allowed.",
        parameters: numbers + specs(bootstrap: true, maxFeatures: .null), fit: fitRegressor, load: ForestModel.load)

    static let extraClassifier = EstimatorEntry(
        kind: "extra_trees_classifier", type: "classifier",
        doc: "Trees with randomly drawn thresholds that average their class shares; NaN in x allowed.",
        parameters: classes + specs(bootstrap: false, maxFeatures: "sqrt") + [classWeight], fit: fitClassifier,
        load: ForestModel.load)

    static let extraRegressor = EstimatorEntry(
        kind: "extra_trees_regressor", type: "regressor",
        doc: "Trees with randomly drawn thresholds that average their predictions; NaN in x allowed.",
        parameters: numbers + specs(bootstrap: false, maxFeatures: .null), fit: fitRegressor, load: ForestModel.load)

    private static let classes = [
        ParameterSpec(
            "criterion", .choice(["gini", "entropy", "log_loss"]), default: "gini",
            "The impurity that splits lessen; log_loss is another name of entropy (in bits).")
    ]
    private static let numbers = [
        ParameterSpec(
            "criterion", .choice(["squared_error", "friedman_mse"]), default: "squared_error",
            "The error that splits lessen; friedman_mse chooses the same splits.")
    ]
    private static let classWeight = TreeClassWeights.spec(
        "; balanced_subsample: the same over the rows drawn for each tree")

    private static func specs(bootstrap: Bool, maxFeatures: JSON) -> [ParameterSpec] {
        [
            ParameterSpec("n_estimators", .integer(1...1_000_000), default: 100, "Trees that are grown."),
            ParameterSpec(
                "bootstrap", .boolean, default: .bool(bootstrap),
                "Whether each tree sees rows drawn with replacement; else it sees all."),
            ParameterSpec(
                "max_samples", .nullable(TreeLimits.countOrShare), default: .null,
                "bootstrap: rows drawn for each tree, a whole number or a share; null: as many as there are."),
            ParameterSpec(
                "oob_score", .boolean, default: false,
                "bootstrap: score each row by the trees that have not seen it (accuracy, or R^2)."),
            ParameterSpec(
                "max_bins", .integer(2...255), default: 255,
                "Bins of a column at most: columns with more different values are cut at quantiles."),
        ] + TreeLimits.specs(maxFeatures: maxFeatures).filter { $0.name != "max_leaf_nodes" } + [TreeLimits.randomState]
    }

    // MARK: Fit

    private static func fitClassifier(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let parameters = input.parameters
        let (labels, numbers) = try TreeTarget.classes(input)
        let (given, _) = try TrainingData.weights(input)
        let balances = parameters["class_weight"].stringValue == "balanced_subsample"
        let factors = balances ? nil : try TreeClassWeights.factors(parameters, labels, numbers)
        let weights = try TreeClassWeights.apply(factors, numbers, given, in: input.context.allocator)
        let target = TreeTarget(labels: numbers, classes: labels.count, weights: weights)
        return try ForestFit(input, target, balancesSample: balances).run(labels)
    }

    private static func fitRegressor(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let values = try TreeTarget.values(input)
        let (weights, _) = try TrainingData.weights(input)
        return try ForestFit(input, TreeTarget(values: values, weights: weights), balancesSample: false).run(nil)
    }
}

/// One fit of a forest: trees are grown side by side, some at a time, and added in their order. A tree's random numbers
/// depend on its number alone.
struct ForestFit {
    private let input: FitInput
    private let context: Context
    private let problem: ForestProblem
    private let random: TreeRandom

    init(_ input: FitInput, _ target: TreeTarget, balancesSample: Bool) throws(ApusError) {
        self.input = input
        context = input.context
        let parameters = input.parameters
        let columns = input.x.shape[1]
        let rows = input.x.rows
        random = TreeRandom(parameters, context)
        var limits = try TreeLimits(parameters, rows: rows, columns: columns, weight: 1)
        limits.leastWeight = 0
        let bootstrap = parameters.boolean("bootstrap")
        if !bootstrap, parameters.boolean("oob_score") {
            throw .parameter("oob_score", of: parameters.kind, mustBe: "false without bootstrap", got: "true")
        }
        if !bootstrap, !parameters["max_samples"].isNull {
            throw .parameter(
                "max_samples", of: parameters.kind, mustBe: "null without bootstrap", got: parameters["max_samples"].text)
        }
        let thresholds = try BinThresholds(
            input.x, most: parameters.integer("max_bins"), categorical: [Bool](repeating: false, count: columns),
            random.part(-1), kind: parameters.kind, in: context)
        problem = ForestProblem(
            binned: try BinnedColumns(input.x, thresholds, in: context), thresholds: thresholds, target: target,
            weights: target.weights.map { UnsafePointer($0.pointer) },
            criterion: SplitCriterion(parameters.text("criterion")), limits: limits,
            randomThresholds: parameters.kind.hasPrefix("extra"),
            drawn: bootstrap ? try ForestFit.drawn(parameters, rows) : nil, balancesSample: balancesSample,
            leastWeightShare: parameters.real("min_weight_fraction_leaf"))
    }

    private static func drawn(_ parameters: Parameters, _ rows: Int) throws(ApusError) -> Int {
        let given = parameters["max_samples"]
        if given.isNull { return rows }
        if case .integer(let whole) = given, whole <= rows { return whole }
        if case .number(let share) = given, share <= 1 { return max(1, Int((share * Double(rows)).rounded())) }
        throw .parameter(
            "max_samples", of: parameters.kind, mustBe: "a whole number <= the \(rows) rows or a share in (0, 1]",
            got: given.text)
    }

    func run(_ labels: ClassLabels?) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let allocator = context.allocator
        let number = parameters.integer("n_estimators")
        let width = problem.target.width
        let rows = problem.binned.rows
        var growers: [ForestTreeGrower] = []
        for _ in 0..<min(number, 2 * context.threads) { growers.append(try ForestTreeGrower(problem, in: allocator)) }
        var forest = try ForestDraft(classes: problem.target.classes, columns: problem.binned.columns, in: allocator)
        let score = parameters.boolean("oob_score") ? try OutOfBag(rows, width: width, in: allocator) : nil
        let start = monotonicSeconds()
        var done = 0
        while done < number {
            let first = done
            let count = min(growers.count, number - first)
            let running = growers
            context.parallel(count) { slot in
                if running[slot].grow(random.part(first + slot), in: context), score != nil { running[slot].place() }
            }
            try context.checkInterrupt()
            for slot in 0..<count {
                guard running[slot].count > 0 else {
                    throw .invalid("The rows drawn for a tree of \(parameters.kind) have no weight.")
                }
                try forest.append(running[slot])
                score?.add(running[slot], in: context)
            }
            done += count
            var report = ProgressReport(.iteration)
            report.epoch = done
            report.epochs = number
            report.samples = rows
            report.seconds = monotonicSeconds() - start
            if try context.report(report, to: input.progress) { break }
        }
        let more = try score?.attributes(problem.target, in: context) ?? []
        return try ForestModel(
            parameters, FeatureNotes(features: problem.binned.columns, names: input.featureNames), labels,
            try PackedTrees(forest.trees, kind: parameters.kind, features: problem.binned.columns),
            try forest.values(), [(name: "feature_importances_", value: try forest.importances())] + more)
    }
}

/// The trees of a forest in their order, and a table of what leaves predict: first a row for each class alone.
private struct ForestDraft {
    private(set) var trees: PackedTrees.Draft
    private var table: GrowingBuffer<Double>
    private var sums: Buffer<Double>
    private let classes: Int
    private let allocator: Allocator

    init(classes: Int, columns: Int, in allocator: Allocator) throws(ApusError) {
        self.classes = classes
        self.allocator = allocator
        trees = try PackedTrees.Draft(in: allocator)
        table = try GrowingBuffer(in: allocator)
        sums = try Buffer(zeros: columns, in: allocator)
        for k in 0..<classes { for c in 0..<classes { try table.append(c == k ? 1 : 0) } }
    }

    mutating func append(_ tree: ForestTreeGrower) throws(ApusError) {
        for index in 0..<tree.count where tree.nodes.pointer[index].right == 0 {
            let leaf = Int(tree.nodes.pointer[index].threshold)
            if classes == 0 {
                tree.nodes.pointer[index].threshold = tree.leafValues.pointer[leaf]
                continue
            }
            let own = tree.leafValues.pointer + leaf &* classes
            var place = (0..<classes).first { own[$0] == 1 }
            if place == nil {
                place = table.count / classes
                for k in 0..<classes { try table.append(own[k]) }
            }
            tree.nodes.pointer[index].threshold = Double(place ?? 0)
        }
        try trees.append(tree.nodes.pointer, tree.count)
        var sum = 0.0
        for c in 0..<sums.count { sum += tree.importances.pointer[c] }
        if sum > 0 { for c in 0..<sums.count { sums.pointer[c] += tree.importances.pointer[c] / sum } }
    }

    func values() throws(ApusError) -> Tensor {
        let shape = classes > 0 ? Shape(table.count / classes, classes) : Shape(0, 1)
        return try Tensor(doubles: table.pointer, shape, in: allocator)
    }

    func importances() throws(ApusError) -> Tensor {
        var sum = 0.0
        for c in 0..<sums.count { sum += sums.pointer[c] }
        if sum > 0 { for c in 0..<sums.count { sums.pointer[c] /= sum } }
        return try Tensor(doubles: sums.pointer, Shape(sums.count), in: allocator)
    }
}

/// What the trees that have not seen a row say of it.
private final class OutOfBag {
    private let sums: Buffer<Double>
    private let votes: Buffer<UInt32>
    private let width: Int

    init(_ rows: Int, width: Int, in allocator: Allocator) throws(ApusError) {
        self.width = width
        sums = try Buffer(zeros: cappedProduct(rows, width), in: allocator)
        votes = try Buffer(zeros: rows, in: allocator)
    }

    /// Adds what a tree says of the rows it has not seen.
    func add(_ tree: ForestTreeGrower, in context: Context) {
        let (sums, votes, width) = (sums.pointer, votes.pointer, width)
        context.parallel(over: self.votes.count, by: 1 << 14) { rows in
            for row in rows {
                let leaf = tree.leafOfRow.pointer[row]
                if leaf == ForestTreeGrower.inBag { continue }
                let own = tree.leafValues.pointer + Int(leaf) &* width
                for k in 0..<width { sums[row &* width &+ k] += own[k] }
                votes[row] += 1
            }
        }
    }

    /// oob_score_ and the averaged predictions; rows that every tree has seen are NaN there and count nothing.
    func attributes(_ target: TreeTarget, in context: Context) throws(ApusError) -> [(name: String, value: Tensor)] {
        let rows = votes.count
        let unseen = (0..<rows).count { votes.pointer[$0] == 0 }
        if unseen > 0 {
            context.warn("\(unseen) of \(rows) rows were drawn for every tree and have no out-of-bag prediction.")
        }
        for row in 0..<rows {
            let count = Double(votes.pointer[row])
            let own = sums.pointer + row &* width
            for k in 0..<width { own[k] = count > 0 ? own[k] / count : .nan }
        }
        let weight = { (row: Int) in target.weights.map { $0.pointer[row] } ?? 1 }
        var score = 0.0
        var total = 0.0
        if let labels = target.labels {
            for row in 0..<rows where votes.pointer[row] > 0 {
                let right = firstLargest(sums.pointer + row &* width, width) == Int(labels.pointer[row])
                score += right ? 1 : 0
                total += 1
            }
            score /= max(total, 1)
        } else if let values = target.values {
            var mean = 0.0
            for row in 0..<rows where votes.pointer[row] > 0 {
                mean += weight(row) * values.pointer[row]
                total += weight(row)
            }
            mean /= max(total, .leastNormalMagnitude)
            var residual = 0.0
            var spread = 0.0
            for row in 0..<rows where votes.pointer[row] > 0 {
                let value = values.pointer[row]
                residual += weight(row) * (value - sums.pointer[row]) * (value - sums.pointer[row])
                spread += weight(row) * (value - mean) * (value - mean)
            }
            score = spread > 0 ? 1 - residual / spread : residual > 0 ? 0 : 1
        }
        let shape = width > 1 ? Shape(rows, width) : Shape(rows)
        return [
            (name: "oob_score_", value: try Tensor(doubles: [score], Shape(), in: context.allocator)),
            (
                name: target.classes > 0 ? "oob_decision_function_" : "oob_prediction_",
                value: try Tensor(doubles: sums.pointer, shape, in: context.allocator)
            ),
        ]
    }
}
