import Core
import Numerics

/// Linear regression by stochastic gradient descent.
enum SGDRegressor {
    static let entry = EstimatorEntry(
        kind: "sgd_regressor", type: "regressor",
        doc: "Linear regression by stochastic gradient descent: several losses, penalties and schedules.",
        parameters: [
            ParameterSpec("loss", .choice(SGDLoss.regression), default: "squared_error", "What an error costs.")
        ] + SGDSettings.specs(penalty: "l2", schedule: "invscaling", rate: 0.01, power: 0.25),
        fit: fit, load: load)

    private static let learned = [
        LearnedArray("n_iter_", .int64, rank: 0), LearnedArray("t_", .int64, rank: 0),
        LearnedArray("loss_curve_", .float64, rank: 1), LearnedArray("converged_", .bool, rank: 0),
    ]

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        try LinearRegressionModel.load(record, parameters, learned, context)
    }

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let context = input.context
        let allocator = context.allocator
        let problem = try RegressionProblem(input, severalTargets: false)
        try problem.requireFinite()
        let p = problem.x.columns
        let n = problem.x.rows
        let descent = try SGDSettings.descent(input.parameters, rows: n)
        let (kept, held) = try SGDSettings.split(rows: n, groups: nil, count: 1, input)
        let targets = try problem.y.dense(in: allocator)
        let w = try Buffer<Double>(zeros: p + 1, in: allocator)
        let scratch = try StochasticDescent.Scratch(features: p, batch: descent.batch, in: allocator)
        let rows = StochasticDescent.Rows(
            x: problem.x, targets: targets.pointer, weights: problem.weights.map { UnsafePointer($0.pointer) },
            order: kept)
        var failure: ApusError?
        let start = monotonicSeconds()
        // R^2 of the rows held back.
        let score = { () -> Double in
            var mean = 0.0
            for i in 0..<held.count { mean += targets.pointer[held.pointer[i]] / Double(held.count) }
            var rest = 0.0
            var spread = 0.0
            for i in 0..<held.count {
                let r = held.pointer[i]
                let error = targets.pointer[r] - w.pointer[p] - sumOfProducts(problem.x.row(r), w.pointer, p)
                rest += error * error
                spread += (targets.pointer[r] - mean) * (targets.pointer[r] - mean)
            }
            return spread > 0 ? 1 - rest / spread : -rest
        }
        let outcome = descent.run(
            rows, w.pointer, scratch, random: context.nextStream(), in: context,
            score: held.count > 0 ? score : nil
        ) { outcome in
            do throws(ApusError) {
                return try SGDSettings.report(outcome, input, rows: n, since: start)
            } catch {
                failure = error
                return true
            }
        }
        if let failure { throw failure }
        try context.checkInterrupt()
        guard outcome.isFinite else { throw SGDSettings.diverged(input.parameters, outcome) }
        if !outcome.converged, !input.parameters["tol"].isNull {
            context.warn("sgd_regressor ended after \(outcome.passes) passes before tol was reached; raise max_iter.")
        }
        let intercepts = try Buffer<Double>(zeros: 1, in: allocator)
        intercepts.pointer[0] = w.pointer[p]
        return try LinearRegressionModel(
            input, coefficients: w, intercepts: intercepts, problem,
            [
                (name: "n_iter_", value: try .scalar(outcome.passes, in: allocator)),
                (name: "t_", value: try .scalar(outcome.updates + 1, in: allocator)),
                (
                    name: "loss_curve_",
                    value: try Tensor(doubles: outcome.losses, Shape(outcome.losses.count), in: allocator)
                ),
                (name: "converged_", value: try .scalar(outcome.converged, in: allocator)),
            ])
    }
}
