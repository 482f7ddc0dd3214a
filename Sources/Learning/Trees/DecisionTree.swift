import Core

/// CART: binary trees of exact splits, x[feature] <= threshold to the left.
enum DecisionTree {
    static let classifier = EstimatorEntry(
        kind: "decision_tree_classifier", type: "classifier",
        doc: "A CART tree for classes: splits by the decrease of Gini impurity or entropy; missing values (NaN) allowed.",
        parameters: [
            ParameterSpec(
                "criterion", .choice(["gini", "entropy", "log_loss"]), default: "gini",
                "The impurity that splits lessen; log_loss is another name of entropy (in bits).")
        ] + TreeLimits.specs(maxFeatures: .null) + more + [TreeClassWeights.spec()],
        fit: fitClassifier, load: load)

    static let regressor = EstimatorEntry(
        kind: "decision_tree_regressor", type: "regressor",
        doc: "A CART tree for one number: splits by squared or absolute error or Poisson deviance; NaN in x allowed.",
        parameters: [
            ParameterSpec(
                "criterion", .choice(["squared_error", "friedman_mse", "absolute_error", "poisson"]),
                default: "squared_error",
                "The error that splits lessen: about the mean, about the median (absolute_error), or half the Poisson deviance (y >= 0); friedman_mse chooses the splits of squared_error."
            )
        ] + TreeLimits.specs(maxFeatures: .null) + more,
        fit: fitRegressor, load: load)

    static let monotonicSpec = ParameterSpec(
        "monotonic_cst", .nullable(.integers(-1...1)), default: .null,
        "For each column 1, if predictions must not fall with it, -1, if they must not rise, 0 if free; of two classes it is the second's probability."
    )

    private static let more = [
        ParameterSpec(
            "ccp_alpha", .real(from: 0, to: .infinity), default: 0,
            "Minimal cost-complexity pruning: inner nodes whose cost per leaf is at most this are cut."),
        monotonicSpec, TreeLimits.randomState,
    ]

    // MARK: Fit

    private static func fitClassifier(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let (labels, numbers) = try TreeTarget.classes(input)
        let (given, _) = try TrainingData.weights(input)
        let factors = try TreeClassWeights.factors(input.parameters, labels, numbers)
        let weights = try TreeClassWeights.apply(factors, numbers, given, in: input.context.allocator)
        let target = TreeTarget(labels: numbers, classes: labels.count, weights: weights)
        return try fit(input, target, labels)
    }

    private static func fitRegressor(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let values = try TreeTarget.values(input)
        let (weights, _) = try TrainingData.weights(input)
        if input.parameters.text("criterion") == "poisson" {
            try TreeTarget.requireCounts(values, input.parameters.kind, "criterion")
        }
        return try fit(input, TreeTarget(values: values, weights: weights), nil)
    }

    private static func fit(_ input: FitInput, _ target: TreeTarget, _ labels: ClassLabels?) throws(ApusError)
        -> any FittedModel
    {
        let parameters = input.parameters
        let context = input.context
        let columns = input.x.shape[1]
        let limits = try TreeLimits(parameters, rows: input.x.rows, columns: columns, weight: target.weight)
        let monotonic = try monotonic(parameters, columns, classes: target.classes)
        let sorted = try SortedColumns(input.x, in: context)
        let grower = try TreeGrower(
            sorted, keepsSorted: false, x: input.x, target, SplitCriterion(parameters.text("criterion")), limits,
            monotonic: monotonic, TreeRandom(parameters, context), in: context)
        var tree = try grower.grow()
        let alpha = parameters.real("ccp_alpha")
        if alpha > 0 {
            tree = try CostComplexity.prune(tree, alpha: alpha, kind: parameters.kind, features: columns, in: context)
        }
        return try DecisionTreeModel(
            parameters, FeatureNotes(features: columns, names: input.featureNames), labels, tree, in: context.allocator)
    }

    /// One of -1, 0, 1 for each column; empty without constraints.
    static func monotonic(_ parameters: Parameters, _ columns: Int, classes: Int) throws(ApusError) -> [Int] {
        if parameters["monotonic_cst"].isNull { return [] }
        let given = parameters.integers("monotonic_cst").map { $0 ?? 0 }
        guard given.count == columns else {
            throw .parameter(
                "monotonic_cst", of: parameters.kind, mustBe: "one number for each of the \(columns) columns of x",
                got: "\(given.count)")
        }
        guard classes <= 2 else {
            throw .unsupported("monotonic_cst of \(parameters.kind) needs two classes, y has \(classes).")
        }
        return given.allSatisfy { $0 == 0 } ? [] : given
    }

    // MARK: Load

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let labels = record.kind == classifier.kind ? try ClassLabels(record) : nil
        let tree = try TreeArrays(
            record, features: notes.features, classes: labels?.count ?? 0, in: context.allocator)
        return try DecisionTreeModel(parameters, notes, labels, tree, in: context.allocator)
    }
}
