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
        fit: fit, load: LinearRegressionModel.load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let target = try TrainingData.target(input, severalColumns: true)
        let data = try TrainingData(input)
        let y = try Matrix(target, name: "y", in: input.context.allocator)
        let vector = target.shape.rank == 1
        return input.parameters.text("solver") == "gd"
            ? try descent(input, data, y, vector) : try closed(input, data, y, vector)
    }

    private static func closed(_ input: FitInput, _ data: TrainingData, _ y: Matrix, _ vector: Bool) throws(ApusError)
        -> any FittedModel
    {
        let method: OrdinaryLeastSquares.Method =
            switch input.parameters.text("solver") {
            case "normal": .normal
            case "svd": .svd
            default: .automatic
            }
        let allocator = input.context.allocator
        let solution = try OrdinaryLeastSquares(
            data, y, intercept: input.parameters.boolean("fit_intercept"), method: method, kind: input.parameters.kind,
            vector: vector, in: input.context)
        var notes: [(name: String, value: Tensor)] = [(name: "rank_", value: try .scalar(solution.rank, in: allocator))]
        if let singular = solution.singular {
            notes.append(
                (name: "singular_", value: try Tensor(doubles: singular.pointer, Shape(singular.count), in: allocator)))
        }
        return try LinearRegressionModel(
            input.parameters, FeatureNotes(features: data.x.columns, names: input.featureNames),
            coefficients: solution.coefficients.pointer, intercepts: solution.intercepts.pointer,
            targets: vector ? nil : y.columns, notes, in: allocator)
    }

    private static func descent(_ input: FitInput, _ data: TrainingData, _ y: Matrix, _ vector: Bool) throws(ApusError)
        -> any FittedModel
    {
        let parameters = input.parameters
        let context = input.context
        let p = data.x.columns
        let t = y.columns
        try data.x.requireFinite("x")
        try y.requireFinite("y", vector: vector)
        let targets = try y.dense(in: context.allocator)
        let intercept = parameters.boolean("fit_intercept")
        let objective = try LinearObjective(
            .squared(factor: parameters.text("loss") == "half_mse" ? 0.5 : 1), outputs: t, features: p,
            intercept: intercept, penalty: 0, capacity: data.x.rows, in: context)
        let weights = try Buffer<Double>(zeros: objective.count, in: context.allocator)
        let rows = TargetedRows(
            x: data.x, targets: targets.pointer, weights: data.weights.map { UnsafePointer($0.pointer) },
            weight: data.weight)
        let outcome = try GradientDescent(parameters).run(objective, rows, weights, input)
        let intercepts = try Buffer<Double>(zeros: t, in: context.allocator)
        if intercept { intercepts.pointer.update(from: weights.pointer + p &* t, count: t) }
        let notes: [(name: String, value: Tensor)] = [
            (name: "loss_curve_", value: try outcome.curve.tensor()),
            (name: "n_iter_", value: try .scalar(outcome.iterations, in: context.allocator)),
            (name: "converged_", value: try .scalar(outcome.converged, in: context.allocator)),
        ]
        return try LinearRegressionModel(
            parameters, FeatureNotes(features: p, names: input.featureNames), coefficients: weights.pointer,
            intercepts: intercepts.pointer, targets: vector ? nil : t, notes, in: context.allocator)
    }
}

/// A fitted linear regression.
final class LinearRegressionModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let coefficients: Tensor
    private let intercepts: Tensor
    private let learned: [(name: String, value: Tensor)]

    /// Optional attributes, their dtypes and ranks.
    private static let optional: [(name: String, dtype: DType, rank: Int)] = [
        (name: "rank_", dtype: .int64, rank: 0), (name: "singular_", dtype: .float64, rank: 1),
        (name: "loss_curve_", dtype: .float64, rank: 1), (name: "n_iter_", dtype: .int64, rank: 0),
        (name: "converged_", dtype: .bool, rank: 0),
    ]

    /// `targets` is nil for y of one dimension.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, coefficients: UnsafePointer<Double>,
        intercepts: UnsafePointer<Double>, targets: Int?, _ learned: [(name: String, value: Tensor)],
        in allocator: Allocator
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.learned = learned
        let shape = targets.map { Shape($0, notes.features) } ?? Shape(notes.features)
        self.coefficients = try Tensor(doubles: coefficients, shape, in: allocator)
        self.intercepts = try Tensor(doubles: intercepts, targets.map { Shape($0) } ?? Shape(), in: allocator)
    }

    /// Throws `corrupt` for arrays that do not belong together.
    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        guard case .tensor(let stored)? = record["coef_"] else {
            throw .corrupt("A \(record.kind) needs the array 'coef_'; the file lacks it.")
        }
        let targets = stored.shape.rank == 2 ? stored.shape[0] : nil
        if targets == 0 { throw .corrupt("A \(record.kind) must have at least one target, the file has none.") }
        let coefficients = try record.finite("coef_", shape: targets.map { [$0, notes.features] } ?? [notes.features])
        let intercepts = try record.finite("intercept_", shape: targets.map { [$0] } ?? [])
        return try LinearRegressionModel(
            parameters, notes, coefficients: coefficients.doubles, intercepts: intercepts.doubles, targets: targets,
            try record.optional(optional), in: context.allocator)
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        guard what == .predict else { throw unsupported(what) }
        return (.float64, coefficients.shape.rank == 1 ? Shape(rows) : Shape(rows, coefficients.shape[0]))
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        try LinearScores(coefficients, intercepts, features: features).run(x, into: out, in: context)
    }

    var attributes: [(name: String, value: Tensor)] {
        [(name: "coef_", value: coefficients), (name: "intercept_", value: intercepts)] + learned
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
