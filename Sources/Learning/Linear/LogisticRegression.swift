import Core
import Numerics

/// Logistic regression: linear scores, the sigmoid for two classes and softmax for more. Minimises
///
///     C sum_i w_i loss_i + l1_ratio |coef|_1 + (1 - l1_ratio)/2 |coef|^2      (the intercept is free)
///     sum_i w_i loss_i                                                        (penalty=none)
///
/// which all solvers see divided by C sum_i w_i (or sum_i w_i): the mean loss plus penalties over C sum w.
enum LogisticRegression {
    static let entry = EstimatorEntry(
        kind: "logistic_regression", type: "classifier",
        doc:
            "Linear classifier by maximum likelihood: sigmoid for two classes, softmax or one against the rest for more; L2, L1, both or no penalty.",
        parameters: [
            ParameterSpec(
                "penalty", .choice(["l2", "l1", "elasticnet", "none"]), default: "l2",
                "l2 adds half the squared length of coef to the cost, l1 the sum of its absolute values, elasticnet both by l1_ratio."
            ),
            ParameterSpec(
                "C", .real(from: 0, to: .infinity, open: true), default: 1,
                "The weight of the summed log-loss against the penalty; larger means less penalty."),
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; never penalised."),
            ParameterSpec(
                "solver", .choice(["auto", "newton", "lbfgs", "gd"]), default: "auto",
                "auto: newton for few parameters, else lbfgs; newton: second order, with Cholesky; gd: gradient descent from 0 on the mean cost. penalty=l1 and elasticnet take auto: proximal Newton steps."
            ),
            ParameterSpec(
                "max_iter", .integer(1...Int.max), default: 1000,
                "Iterations at most (gd with mini-batches: passes over the rows)."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-6,
                "newton, lbfgs: end when no component of the mean cost's gradient, columns scaled to deviation 1, is larger; gd: when an iteration changes the cost by at most tol times the cost (0: never)."
            ),
        ] + GradientDescent.specs(learningRate: 0.1) + [
            ParameterSpec(
                "l1_ratio", .nullable(.real(from: 0, to: 1)), default: .null,
                "penalty=elasticnet: the share of the absolute values, 1 is l1 and 0 is l2."),
            ClassWeights.spec,
            ParameterSpec(
                "multi_class", .choice(["auto", "multinomial", "ovr"]), default: "auto",
                "More than two classes: softmax (auto, multinomial), or one fit of each class against the rest (ovr), whose probabilities are divided by their sum."
            ),
            ParameterSpec(
                "threshold", .real(from: 0, to: 1), default: 0.5,
                "Two classes: the second is predicted where its probability is above this."),
        ],
        fit: fit, load: LinearClassifierModel.load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let allocator = input.context.allocator
        let target = try TrainingData.target(input, severalColumns: false)
        let given = try TrainingData(input)
        let (labels, numbers) = try ClassLabels.read(target, for: parameters.kind, in: allocator)
        let choice = try ClassWeights.read(parameters, labels)
        _ = try l1Share(parameters)
        let p = given.x.columns
        if labels.count == 2 || parameters.text("multi_class") != "ovr" {
            let data = try ClassWeights.apply(
                choice, to: given, numbers: numbers.pointer, classes: labels.count, in: allocator)
            let outputs = labels.count == 2 ? 1 : labels.count
            let (weights, outcome) = try solve(input, data, numbers, outputs: outputs)
            let intercepts = try Buffer<Double>(zeros: outputs, in: allocator)
            if parameters.boolean("fit_intercept") {
                intercepts.pointer.update(from: weights.pointer + outputs &* p, count: outputs)
                if outputs > 1 { centre(intercepts) }
            }
            return try model(
                input, labels, weights, intercepts, iterations: outcome.iterations, converged: outcome.converged,
                curve: outcome.curve)
        }
        let coefficients = try Buffer<Double>(zeros: labels.count &* p, in: allocator)
        let intercepts = try Buffer<Double>(zeros: labels.count, in: allocator)
        let own = try Buffer<Double>(numbers.count, in: allocator)
        var iterations = 0
        var converged = true
        for k in 0..<labels.count {
            for r in 0..<numbers.count { own.pointer[r] = numbers.pointer[r] == Double(k) ? 1 : 0 }
            // Balanced means each fit's two sides; given factors are those of the labels.
            let data: TrainingData
            if case .balanced = choice {
                data = try ClassWeights.apply(choice, to: given, numbers: own.pointer, classes: 2, in: allocator)
            } else {
                data = try ClassWeights.apply(
                    choice, to: given, numbers: numbers.pointer, classes: labels.count, in: allocator)
            }
            let (weights, outcome) = try solve(input, data, own, outputs: 1)
            (coefficients.pointer + k &* p).update(from: weights.pointer, count: p)
            if parameters.boolean("fit_intercept") { intercepts.pointer[k] = weights.pointer[p] }
            iterations = max(iterations, outcome.iterations)
            converged = converged && outcome.converged
        }
        return try model(
            input, labels, coefficients, intercepts, iterations: iterations, converged: converged, curve: nil)
    }

    /// Of the intercepts of softmax only the differences matter.
    private static func centre(_ intercepts: Buffer<Double>) {
        var mean = 0.0
        for k in 0..<intercepts.count { mean += intercepts.pointer[k] / Double(intercepts.count) }
        for k in 0..<intercepts.count { intercepts.pointer[k] -= mean }
    }

    private static func model(
        _ input: FitInput, _ labels: ClassLabels, _ coefficients: Buffer<Double>, _ intercepts: Buffer<Double>,
        iterations: Int, converged: Bool, curve: LossCurve?
    ) throws(ApusError) -> any FittedModel {
        let allocator = input.context.allocator
        var learned: [(name: String, value: Tensor)] = []
        learned.append((name: "n_iter_", value: try .scalar(iterations, in: allocator)))
        if let curve { learned.append((name: "loss_curve_", value: try curve.tensor())) }
        learned.append((name: "converged_", value: try .scalar(converged, in: allocator)))
        return try LinearClassifierModel(
            input.parameters, FeatureNotes(features: input.x.shape[1], names: input.featureNames), labels,
            coefficients: coefficients.pointer, intercepts: intercepts.pointer, learned, in: allocator)
    }

    /// One sigmoid or softmax fit: coefficients, then intercepts.
    private static func solve(_ input: FitInput, _ data: TrainingData, _ numbers: Buffer<Double>, outputs: Int)
        throws(ApusError) -> (weights: Buffer<Double>, outcome: GradientDescent.Outcome)
    {
        let parameters = input.parameters
        let factor = try penalty(parameters, data)
        let share = try l1Share(parameters)
        let objective = try LinearObjective(
            outputs == 1 ? .logistic : .softmax, outputs: outputs, features: data.x.columns,
            intercept: parameters.boolean("fit_intercept"), penalty: factor * (1 - share), capacity: data.x.rows,
            in: input.context)
        let rows = TargetedRows(
            x: data.x, targets: numbers.pointer, weights: data.weights.map { UnsafePointer($0.pointer) },
            weight: data.weight)
        let weights = try Buffer<Double>(zeros: objective.count, in: input.context.allocator)
        let solver = LogisticSolver(input: input, objective: objective, rows: rows, data: data, l1: factor * share)
        return (weights, try solver.solve(weights))
    }

    /// The share of the absolute values in the penalty. Throws `invalidArgument` where parameters contradict.
    private static func l1Share(_ parameters: Parameters) throws(ApusError) -> Double {
        let share: Double
        switch parameters.text("penalty") {
        case "l1": share = 1
        case "elasticnet":
            guard let ratio = parameters["l1_ratio"].doubleValue else {
                throw .parameter(
                    "l1_ratio", of: parameters.kind, mustBe: "a number in [0, 1] for penalty=elasticnet", got: "null")
            }
            share = ratio
        default: share = 0
        }
        if share > 0, parameters.text("solver") != "auto" {
            throw .parameter(
                "solver", of: parameters.kind, mustBe: "auto for penalty=l1 and elasticnet",
                got: "'\(parameters.text("solver"))'")
        }
        return share
    }

    /// The penalty's factor beside the mean loss.
    private static func penalty(_ parameters: Parameters, _ data: TrainingData) throws(ApusError) -> Double {
        if parameters.text("penalty") == "none" { return 0 }
        let factor = 1 / (parameters.real("C") * data.weight)
        guard factor.isFinite else {
            throw .parameter(
                "C", of: parameters.kind, mustBe: "large enough for 1 / C to be finite", got: "\(parameters.real("C"))")
        }
        return factor
    }
}
