import Core
import Numerics

/// Linear regression, y = x coef' + intercept, by least squares: in closed form, or by gradient descent.
enum LinearRegression {
    static let entry = EstimatorEntry(
        kind: "linear_regression", type: "regressor",
        doc:
            "Least squares: minimises the (weighted) squared error of y = x coef + intercept, for one target or several.",
        parameters: [
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well."),
            ParameterSpec(
                "solver", .choice(["auto", "normal", "svd", "gd"]), default: "auto",
                "auto: normal equations where their condition is safe, else svd; normal: Cholesky of the centred normal equations; svd: singular values, least norm for dependent columns; gd: gradient descent from 0."
            ),
            ParameterSpec(
                "loss", .choice(["mse", "half_mse"]), default: "mse",
                "solver=gd: the cost, mean squared error (gradient with the factor 2) or half of it; several targets add up."
            ),
            ParameterSpec(
                "max_iter", .integer(1...Int.max), default: 1000,
                "solver=gd: updates at most (passes over the rows with mini-batches)."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-6,
                "solver=gd: end when an iteration changes the cost by at most tol times the cost; 0 runs all max_iter."),
        ] + GradientDescent.specs(learningRate: 0.01),
        fit: fit, load: load)

    private static let learned = [
        LearnedArray("rank_", .int64, rank: 0), LearnedArray("singular_", .float64, rank: 1),
        LearnedArray("loss_curve_", .float64, rank: 1), LearnedArray("n_iter_", .int64, rank: 0),
        LearnedArray("converged_", .bool, rank: 0),
    ]

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        try LinearRegressionModel.load(record, parameters, learned, context)
    }

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let problem = try RegressionProblem(input)
        return input.parameters.text("solver") == "gd" ? try descent(input, problem) : try closed(input, problem)
    }

    private static func closed(_ input: FitInput, _ problem: RegressionProblem) throws(ApusError) -> any FittedModel {
        let method: OrdinaryLeastSquares.Method =
            switch input.parameters.text("solver") {
            case "normal": .normal
            case "svd": .svd
            default: .automatic
            }
        let allocator = input.context.allocator
        let solution = try OrdinaryLeastSquares(problem, method: method, kind: input.parameters.kind)
        var notes: [(name: String, value: Tensor)] = [(name: "rank_", value: try .scalar(solution.rank, in: allocator))]
        if let singular = solution.singular {
            notes.append(
                (name: "singular_", value: try Tensor(doubles: singular.pointer, Shape(singular.count), in: allocator)))
        }
        return try LinearRegressionModel(
            input, coefficients: solution.coefficients, intercepts: solution.intercepts, problem, notes)
    }

    private static func descent(_ input: FitInput, _ problem: RegressionProblem) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let context = input.context
        let p = problem.x.columns
        let t = problem.y.columns
        try problem.requireFinite()
        let targets = try problem.y.dense(in: context.allocator)
        let intercept = parameters.boolean("fit_intercept")
        let objective = try LinearObjective(
            .squared(factor: parameters.text("loss") == "half_mse" ? 0.5 : 1), outputs: t, features: p,
            intercept: intercept, penalty: 0, capacity: problem.x.rows, in: context)
        let weights = try Buffer<Double>(zeros: objective.count, in: context.allocator)
        let rows = TargetedRows(
            x: problem.x, targets: targets.pointer, weights: problem.weights.map { UnsafePointer($0.pointer) },
            weight: problem.weight)
        let outcome = try GradientDescent(parameters).run(objective, rows, weights, input)
        let intercepts = try Buffer<Double>(zeros: t, in: context.allocator)
        if intercept { intercepts.pointer.update(from: weights.pointer + p &* t, count: t) }
        let notes: [(name: String, value: Tensor)] = [
            (name: "loss_curve_", value: try outcome.curve.tensor()),
            (name: "n_iter_", value: try .scalar(outcome.iterations, in: context.allocator)),
            (name: "converged_", value: try .scalar(outcome.converged, in: context.allocator)),
        ]
        return try LinearRegressionModel(input, coefficients: weights, intercepts: intercepts, problem, notes)
    }
}
