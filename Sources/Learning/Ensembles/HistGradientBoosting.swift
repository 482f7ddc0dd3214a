import Core

/// Gradient boosting on histograms: each tree takes a second-order step down the loss, leaf by leaf, over columns cut
/// into at most 255 bins. Names and defaults are those of scikit-learn's HistGradientBoosting.
enum HistGradientBoosting {
    static let classifier = EstimatorEntry(
        kind: "hist_gradient_boosting_classifier", type: "classifier",
        doc: "Boosted trees for classes by log-loss over binned columns; missing values (NaN) and categories allowed.",
        parameters: [
            ParameterSpec("loss", .choice(["log_loss"]), default: "log_loss", "Minus the log-likelihood of the classes.")
        ] + shared + [TreeClassWeights.spec()],
        fit: fitClassifier, load: HistGradientBoostingModel.load)

    static let regressor = EstimatorEntry(
        kind: "hist_gradient_boosting_regressor", type: "regressor",
        doc: "Boosted trees for one number over binned columns; missing values (NaN) and categories allowed.",
        parameters: [
            ParameterSpec(
                "loss", .choice(["squared_error", "absolute_error", "poisson", "quantile"]), default: "squared_error",
                "The error: about the mean, the median, the mean of counts (log link), or a quantile."),
            ParameterSpec(
                "quantile", .nullable(.real(from: 0, to: 1)), default: .null, "loss=quantile: which, in [0, 1]."),
        ] + shared,
        fit: fitRegressor, load: HistGradientBoostingModel.load)

    private static let shared: [ParameterSpec] = [
        ParameterSpec(
            "learning_rate", .real(from: 0, to: .infinity, open: true), default: 0.1, "The share of each step taken."),
        ParameterSpec("max_iter", .integer(1...1_000_000), default: 100, "Iterations: trees, for each class of more than two."),
        ParameterSpec(
            "max_leaf_nodes", .nullable(.integer(2...Int.max)), default: 31, "Leaves of a tree at most; null: no limit."),
        ParameterSpec(
            "max_depth", .nullable(.integer(1...Int.max)), default: .null, "The longest way from a root to a leaf."),
        ParameterSpec("min_samples_leaf", .integer(1...Int.max), default: 20, "Rows that a leaf needs."),
        ParameterSpec(
            "l2_regularization", .real(from: 0, to: .infinity), default: 0, "Added to the second derivatives of a leaf."),
        ParameterSpec(
            "max_features", .real(from: 0, to: 1, open: false), default: 1,
            "The share of the columns, above 0, that is drawn for each split."),
        ParameterSpec(
            "max_bins", .integer(2...255), default: 255, "Bins of a column at most, besides that of missing values."),
        ParameterSpec(
            "categorical_features", .nullable(.integers(0...Int.max)), default: .null,
            "Numbers of the columns that hold categories: whole numbers 0 to 254, or NaN."),
        DecisionTree.monotonicSpec,
        ParameterSpec(
            "interaction_cst", .nullable(.any("an array of arrays of column numbers")), default: .null,
            "Sets of columns, [[0, 1], [2]]: only columns of one set may meet on a way from the root; columns in no set form one more set."
        ),
        ParameterSpec(
            "early_stopping", .any("true, false or auto"), default: "auto",
            "Whether to stop when the loss of held back rows no longer falls; auto: with more than 10000 rows."),
        ParameterSpec(
            "validation_fraction", .real(from: 0, to: 1, open: true), default: 0.1, "The share of the rows held back."),
        ParameterSpec("n_iter_no_change", .integer(1...Int.max), default: 10, "Iterations without progress before stopping."),
        ParameterSpec("tol", .real(from: 0, to: .infinity), default: 1e-7, "What counts as progress of the loss."),
        ParameterSpec(
            "subsample", .real(from: 0, to: 1, open: false), default: 1,
            "The share of the rows, above 0, that each iteration learns from; drawn without replacement."),
        TreeLimits.randomState,
    ]

    // MARK: Fit

    private static func fitClassifier(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let (labels, numbers) = try TreeTarget.classes(input)
        let (given, _) = try TrainingData.weights(input)
        let factors = try TreeClassWeights.factors(input.parameters, labels, numbers)
        let weights = try TreeClassWeights.apply(factors, numbers, given, in: input.context.allocator)
        let y = try Buffer<Double>(numbers.count, in: input.context.allocator)
        for row in 0..<y.count { y.pointer[row] = Double(numbers.pointer[row]) }
        let loss: BoostingLoss = labels.count == 2 ? .binary : .softmax(labels.count)
        return try HistGradientBoostingFit(input, loss, y, weights, classes: labels.count).run(labels)
    }

    private static func fitRegressor(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let parameters = input.parameters
        let y = try TreeTarget.values(input)
        let (weights, _) = try TrainingData.weights(input)
        let loss: BoostingLoss
        switch parameters.text("loss") {
        case "absolute_error": loss = .absoluteError
        case "poisson":
            try TreeTarget.requireCounts(y, parameters.kind, "loss")
            loss = .poisson
        case "quantile":
            guard let part = parameters["quantile"].doubleValue else {
                throw .parameter(
                    "quantile", of: parameters.kind, mustBe: "a number in [0, 1] with loss=quantile", got: "null")
            }
            loss = .quantile(part)
        default: loss = .squaredError
        }
        return try HistGradientBoostingFit(input, loss, y, weights, classes: 0).run(nil)
    }
}
