import Core
import Numerics

/// Logistic regression: linear scores, the sigmoid for two classes and softmax for more. Minimises
///
///     C sum_i w_i loss_i + 1/2 |coef|^2        (penalty=l2; the intercept is free)
///     sum_i w_i loss_i                         (penalty=none)
///
/// which all solvers see divided by C sum_i w_i (or sum_i w_i): the mean loss plus |coef|^2 / (2 C sum w).
enum LogisticRegression {
    static let entry = EstimatorEntry(
        kind: "logistic_regression", type: "classifier",
        doc: "Linear classifier by maximum likelihood: sigmoid for two classes, softmax for more; L2 penalty or none.",
        parameters: [
            ParameterSpec(
                "penalty", .choice(["l2", "none"]), default: "l2",
                "l2 adds half the squared length of coef to the cost."),
            ParameterSpec(
                "C", .real(from: 0, to: .infinity, open: true), default: 1,
                "penalty=l2: the weight of the summed log-loss against the penalty; larger means less penalty."),
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; never penalised."),
            ParameterSpec(
                "solver", .choice(["auto", "newton", "lbfgs", "gd"]), default: "auto",
                "auto: newton for few parameters, else lbfgs; newton: second order, with Cholesky; gd: gradient descent from 0 on the mean cost."
            ),
            ParameterSpec(
                "max_iter", .integer(1...Int.max), default: 1000,
                "Iterations at most (gd with mini-batches: passes over the rows)."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-6,
                "newton, lbfgs: end when no component of the mean cost's gradient, columns scaled to deviation 1, is larger; gd: when an iteration changes the cost by at most tol times the cost (0: never)."
            ),
        ] + GradientDescent.specs(learningRate: 0.1),
        fit: fit, load: LogisticRegressionModel.load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let context = input.context
        let target = try TrainingData.target(input, severalColumns: false)
        let data = try TrainingData(input)
        let (labels, numbers) = try ClassLabels.read(target, for: parameters.kind, in: context.allocator)
        let outputs = labels.count == 2 ? 1 : labels.count
        let p = data.x.columns
        let objective = try LinearObjective(
            outputs == 1 ? .logistic : .softmax, outputs: outputs, features: p,
            intercept: parameters.boolean("fit_intercept"), penalty: penalty(parameters, data), capacity: data.x.rows,
            in: context)
        let rows = TargetedRows(
            x: data.x, targets: numbers.pointer, weights: data.weights.map { UnsafePointer($0.pointer) },
            weight: data.weight)
        let weights = try Buffer<Double>(zeros: objective.count, in: context.allocator)
        let outcome: GradientDescent.Outcome
        if parameters.text("solver") == "gd" {
            try data.x.requireFinite("x")
            outcome = try GradientDescent(parameters).run(objective, rows, weights, input)
        } else {
            outcome = try minimise(objective, rows, data, weights, input)
        }
        try remark(outcome, objective, rows, weights, input)
        let intercepts = try Buffer<Double>(zeros: outputs, in: context.allocator)
        if objective.intercept { intercepts.pointer.update(from: weights.pointer + outputs &* p, count: outputs) }
        return try LogisticRegressionModel(
            parameters, FeatureNotes(features: p, names: input.featureNames), labels, coefficients: weights.pointer,
            intercepts: intercepts.pointer,
            [
                (name: "n_iter_", value: try .scalar(outcome.iterations, in: context.allocator)),
                (name: "loss_curve_", value: try outcome.curve.tensor()),
                (name: "converged_", value: try .scalar(outcome.converged, in: context.allocator)),
            ], in: context.allocator)
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

    /// Newton or L-BFGS in scaled coordinates.
    private static func minimise(
        _ objective: LinearObjective, _ rows: TargetedRows, _ data: TrainingData, _ weights: Buffer<Double>,
        _ input: FitInput
    ) throws(ApusError) -> GradientDescent.Outcome {
        let context = input.context
        let parameters = input.parameters
        let coordinates = try ScaledCoordinates(data, intercept: objective.intercept, in: context)
        let scaled = try Buffer<Double>(zeros: objective.count, in: context.allocator)
        let mostIterations = parameters.integer("max_iter")
        var curve = try LossCurve(in: context.allocator)
        let start = monotonicSeconds()

        let cost: Problem.Function = { (point, gradient) throws(ApusError) in
            coordinates.raw(point, objective, to: weights.pointer)
            let cost = try objective.evaluate(weights.pointer, on: rows, gradient: gradient)
            if let gradient { coordinates.scaleGradient(gradient, objective) }
            return cost
        }
        let step: MinimisationStep = { (iteration) throws(ApusError) in
            try curve.append(iteration.value)
            var report = ProgressReport(.iteration)
            report.epoch = iteration.iteration
            report.epochs = mostIterations
            report.samples = rows.x.rows
            report.seconds = monotonicSeconds() - start
            report.loss = iteration.value
            return try context.report(report, to: input.progress)
        }
        var hessian: Problem.Hessian?
        if usesNewton(parameters, objective) {
            let second = LogisticHessian(objective: objective, rows: rows, coordinates: coordinates, context: context)
            hessian = { (point, matrix) throws(ApusError) in
                coordinates.raw(point, objective, to: weights.pointer)
                try second.write(weights.pointer, to: matrix)
                return true
            }
        }
        var conditions = StopConditions()
        conditions.mostIterations = mostIterations
        conditions.tolerance = parameters.real("tol")
        let run = try Minimisation(
            Problem(count: objective.count, hessian: hessian, cost), from: scaled.pointer, conditions: conditions,
            in: context, step: step)
        let minimum = try run.run(hessian == nil ? LBFGSB() : Newton())
        coordinates.raw(run.x.pointer, objective, to: weights.pointer)
        return GradientDescent.Outcome(
            iterations: minimum.iterations, converged: minimum.isSettled, curve: curve)
    }

    private static func usesNewton(_ parameters: Parameters, _ objective: LinearObjective) -> Bool {
        switch parameters.text("solver") {
        case "newton": true
        case "lbfgs": false
        default: objective.count <= (objective.outputs == 1 ? 512 : 200)
        }
    }

    /// Says in the log what a caller should know of the result; refuses one that is not finite.
    private static func remark(
        _ outcome: GradientDescent.Outcome, _ objective: LinearObjective, _ rows: TargetedRows,
        _ weights: Buffer<Double>, _ input: FitInput
    ) throws(ApusError) {
        let kind = input.parameters.kind
        guard (0..<weights.count).allSatisfy({ weights.pointer[$0].isFinite }) else {
            throw ApusError(
                .notConverged, "The coefficients of \(kind) overflow float64: scale the columns of x first.")
        }
        if !outcome.converged {
            let message = "\(kind) ended after \(outcome.iterations) iterations before tol was reached."
            // Gradient descent is often given its number of iterations on purpose.
            if input.parameters.text("solver") == "gd" { input.context.note(message) } else { input.context.warn(message) }
        }
        if objective.penalty > 0 { return }
        let cost = try objective.evaluate(weights.pointer, on: rows, gradient: nil)
        var least = 1.0
        if let all = rows.weights {
            least = .infinity
            for r in 0..<rows.x.rows where all[r] > 0 { least = min(least, all[r]) }
        }
        // When even the sum of the losses is below ln 2, every row's own class has more than half the probability.
        if cost * rows.weight < least * 0.693 {
            input.context.warn(
                "The classes are perfectly separated by x: without a penalty the coefficients of \(kind) have no finite optimum and grow until tol or max_iter; use penalty=l2."
            )
        }
    }
}
