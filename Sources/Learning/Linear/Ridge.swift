import Core

/// Ridge regression: least squares with a penalty on the coefficients' squares, in closed form.
enum Ridge {
    static let entry = EstimatorEntry(
        kind: "ridge", type: "regressor",
        doc:
            "Ridge regression: minimises sum w (y - x coef - intercept)^2 + alpha |coef|^2, for one target or several, in closed form.",
        parameters: [
            ParameterSpec(
                "alpha", .numbers(from: 0, to: .infinity), default: 1,
                "The penalty beside the sum (not the mean) of squared errors; an array gives each target its own."),
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; never penalised."),
            ParameterSpec(
                "solver", .choice(["auto", "cholesky", "svd"]), default: "auto",
                "auto: cholesky where its condition is safe, else svd; cholesky: the normal equations, of the rows where there are fewer than columns; svd: singular values, for any x."
            ),
        ], fit: fit, load: load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let problem = try RegressionProblem(input)
        let alphas = parameters.reals("alpha")
        guard alphas.count == 1 || alphas.count == problem.y.columns else {
            throw .parameter(
                "alpha", of: parameters.kind,
                mustBe: "one number, or one for each target (\(problem.y.columns))", got: parameters["alpha"].text)
        }
        let method = RidgeSolution.Method(rawValue: parameters.text("solver")) ?? .auto
        let solution = try RidgeSolution(problem, alphas: alphas, method: method, kind: parameters.kind)
        return try LinearRegressionModel(
            input, coefficients: solution.coefficients, intercepts: solution.intercepts, problem, [])
    }

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        try LinearRegressionModel.load(record, parameters, [], context)
    }
}
