import Core
import Glibc
import Numerics

/// AdaBoost with small CART trees: SAMME for classes (Zhu, Zou, Rosset, Hastie 2009, doi:10.4310/SII.2009.v2.n3.a8), R2
/// for numbers (Drucker 1997, "Improving regressors using boosting techniques").
enum AdaBoost {
    static let classifier = EstimatorEntry(
        kind: "adaboost_classifier", type: "classifier",
        doc: "SAMME: trees vote, each trained on weights that grow where those before it were wrong; NaN in x allowed.",
        parameters: specs(depth: 1) + [TreeClassWeights.spec()], fit: fitClassifier, load: AdaBoostModel.load)

    static let regressor = EstimatorEntry(
        kind: "adaboost_regressor", type: "regressor",
        doc: "R2: the weighted median of trees, each trained on rows drawn by the errors of those before it.",
        parameters: specs(depth: 3) + [
            ParameterSpec(
                "loss", .choice(["linear", "square", "exponential"]), default: "linear",
                "How the errors, divided by the largest, count.")
        ], fit: fitRegressor, load: AdaBoostModel.load)

    /// Weights that grow by more would overflow.
    private static let largestFactor = 1e200

    private static func specs(depth: Int) -> [ParameterSpec] {
        [
            ParameterSpec("n_estimators", .integer(1...1_000_000), default: 50, "Trees at most."),
            ParameterSpec(
                "learning_rate", .real(from: 0, to: .infinity, open: true), default: 1,
                "The weight of each tree is multiplied by it."),
            ParameterSpec(
                "max_depth", .nullable(.integer(1...Int.max)), default: .integer(depth),
                "The longest way from the root of a tree to a leaf; null: no limit."),
            ParameterSpec("min_samples_leaf", .integer(1...Int.max), default: 1, "Rows that a leaf needs."),
            TreeLimits.randomState,
        ]
    }

    /// What both forms do alike.
    private struct Run {
        let input: FitInput
        let target: TreeTarget
        let sorted: SortedColumns
        let x: Matrix
        let limits: TreeLimits
        let random: TreeRandom
        var trees: PackedTrees.Draft
        var weights: [Double] = []
        var errors: [Double] = []
        let start = monotonicSeconds()

        init(_ input: FitInput, _ target: TreeTarget) throws(ApusError) {
            self.input = input
            self.target = target
            sorted = try SortedColumns(input.x, in: input.context)
            x = try Matrix(input.x, name: "x", in: input.context.allocator)
            random = TreeRandom(input.parameters, input.context)
            var limits = TreeLimits()
            limits.depth = input.parameters["max_depth"].integerValue ?? Int.max
            limits.leastInLeaf = input.parameters.integer("min_samples_leaf")
            self.limits = limits
            trees = try PackedTrees.Draft(in: input.context.allocator)
        }

        func grow(_ weights: Buffer<Double>, _ number: Int) throws(ApusError) -> TreeArrays {
            try TreeGrower(
                sorted, keepsSorted: true, x: input.x, target.weighted(weights),
                target.classes > 0 ? .gini : .squaredError, limits, random.part(number), in: input.context
            ).grow()
        }

        /// Keeps a tree; true when the callback asks to end here.
        mutating func keep(_ tree: TreeArrays, weight: Double, error: Double) throws(ApusError) -> Bool {
            try trees.append(tree, classes: target.classes)
            weights.append(weight)
            errors.append(error)
            var report = ProgressReport(.iteration)
            report.epoch = weights.count
            report.epochs = input.parameters.integer("n_estimators")
            report.samples = x.rows
            report.seconds = monotonicSeconds() - start
            report.loss = error
            return try input.context.report(report, to: input.progress)
        }

        func model(_ labels: ClassLabels?) throws(ApusError) -> any FittedModel {
            let allocator = input.context.allocator
            return try AdaBoostModel(
                input.parameters, FeatureNotes(features: x.columns, names: input.featureNames), labels,
                try PackedTrees(trees, kind: input.parameters.kind, features: x.columns),
                weights: try Tensor(doubles: weights, Shape(weights.count), in: allocator),
                errors: try Tensor(doubles: errors, Shape(errors.count), in: allocator))
        }
    }

    /// Weights that sum to 1.
    private static func start(_ given: Buffer<Double>?, _ rows: Int, in allocator: Allocator) throws(ApusError)
        -> Buffer<Double>
    {
        let weights = try Buffer<Double>(rows, in: allocator)
        for row in 0..<rows { weights.pointer[row] = given.map { $0.pointer[row] } ?? 1 }
        scale(weights)
        return weights
    }

    private static func scale(_ weights: Buffer<Double>) {
        let sum = weights.elements.reduce(0, +)
        for row in 0..<weights.count { weights.pointer[row] /= sum }
    }

    // MARK: Classes

    private static func fitClassifier(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let parameters = input.parameters
        let allocator = input.context.allocator
        let (labels, numbers) = try TreeTarget.classes(input)
        let (given, _) = try TrainingData.weights(input)
        let factors = try TreeClassWeights.factors(parameters, labels, numbers)
        let weights = try start(
            TreeClassWeights.apply(factors, numbers, given, in: allocator), numbers.count, in: allocator)
        let classes = labels.count
        var run = try Run(input, TreeTarget(labels: numbers, classes: classes, weights: nil))
        let wrong = try Buffer<Bool>(numbers.count, in: allocator)
        let number = parameters.integer("n_estimators")
        for stage in 0..<number {
            let tree = try run.grow(weights, stage)
            var error = 0.0
            for row in 0..<numbers.count {
                let own = tree.value.doubles + tree.leaf(run.x.row(row)) &* classes
                wrong.pointer[row] = firstLargest(own, classes) != Int(numbers.pointer[row])
                if wrong.pointer[row] { error += weights.pointer[row] }
            }
            if error <= 0 {
                _ = try run.keep(tree, weight: 1, error: 0)
                break
            }
            if error >= 1 - 1 / Double(classes) {
                guard stage > 0 else {
                    throw ApusError(
                        .notConverged,
                        "The first tree of \(parameters.kind) is no better than chance; give it a larger max_depth.")
                }
                break
            }
            let weight = parameters.real("learning_rate") * (log((1 - error) / error) + log(Double(classes - 1)))
            if try run.keep(tree, weight: weight, error: error) { break }
            let factor = exp(weight)
            guard factor < AdaBoost.largestFactor else { break }
            for row in 0..<numbers.count where wrong.pointer[row] { weights.pointer[row] *= factor }
            scale(weights)
        }
        return try run.model(labels)
    }

    // MARK: Numbers

    private static func fitRegressor(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let parameters = input.parameters
        let allocator = input.context.allocator
        let y = try TreeTarget.values(input)
        let (given, _) = try TrainingData.weights(input)
        let weights = try start(given, y.count, in: allocator)
        var run = try Run(input, TreeTarget(values: y, weights: nil))
        let drawn = try Buffer<Double>(y.count, in: allocator)
        let losses = try Buffer<Double>(y.count, in: allocator)
        let rate = parameters.real("learning_rate")
        for stage in 0..<parameters.integer("n_estimators") {
            draw(weights, run.random.part(-1 - stage), to: drawn)
            let tree = try run.grow(drawn, stage)
            var most = 0.0
            for row in 0..<y.count {
                let loss = abs(tree.value.doubles[tree.leaf(run.x.row(row))] - y.pointer[row])
                losses.pointer[row] = weights.pointer[row] > 0 ? loss : 0
                most = max(most, losses.pointer[row])
            }
            var error = 0.0
            for row in 0..<y.count {
                var loss = most > 0 ? losses.pointer[row] / most : 0
                switch parameters.text("loss") {
                case "square": loss *= loss
                case "exponential": loss = 1 - exp(-loss)
                default: break
                }
                losses.pointer[row] = loss
                error += loss * weights.pointer[row]
            }
            if error <= 0 {
                _ = try run.keep(tree, weight: 1, error: 0)
                break
            }
            if !(error < 0.5) {
                // The first tree stays, for want of another.
                if stage == 0 { _ = try run.keep(tree, weight: 1, error: error) }
                break
            }
            let beta = error / (1 - error)
            if try run.keep(tree, weight: rate * log(1 / beta), error: error) { break }
            for row in 0..<y.count { weights.pointer[row] *= pow(beta, (1 - losses.pointer[row]) * rate) }
            scale(weights)
        }
        return try run.model(nil)
    }

    /// How often each row is drawn, as many draws as rows, by the weights.
    private static func draw(_ weights: Buffer<Double>, _ random: TreeRandom, to out: Buffer<Double>) {
        let rows = weights.count
        out.clear()
        let generator = random.generator
        // Points of an even grid that is shifted at random within each cell, met by the running sum.
        var sum = weights.pointer[0]
        var row = 0
        for i in 0..<rows {
            let point = (Double(i) + generator.uniform(UInt64(i))) / Double(rows)
            while sum < point, row < rows - 1 {
                row += 1
                sum += weights.pointer[row]
            }
            out.pointer[row] += 1
        }
    }
}
