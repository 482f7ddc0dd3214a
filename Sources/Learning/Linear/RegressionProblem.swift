import Core
import Numerics

/// What every linear regression is given: rows, targets, weights, and whether a constant term is to be found.
struct RegressionProblem {
    let x: Matrix
    let y: Matrix
    /// nil when all are 1.
    let weights: Buffer<Double>?
    let rootWeights: Buffer<Double>?
    /// The sum of the weights.
    let weight: Double
    let intercept: Bool
    /// y has one dimension.
    let vector: Bool
    let context: Context

    /// Checks shapes and weights, not yet for NaN. Throws `shape`, `limit`, `dtype`, `invalidArgument`.
    init(_ input: FitInput, severalTargets: Bool = true) throws(ApusError) {
        let target = try TrainingData.target(input, severalColumns: severalTargets)
        let data = try TrainingData(input)
        x = data.x
        y = try Matrix(target, name: "y", in: input.context.allocator)
        weights = data.weights
        rootWeights = try data.rootWeights(in: input.context.allocator)
        weight = data.weight
        intercept = input.parameters.boolean("fit_intercept")
        vector = target.shape.rank == 1
        context = input.context
    }

    /// The square roots of the weights.
    var roots: UnsafePointer<Double>? { rootWeights.map { UnsafePointer($0.pointer) } }

    /// Throws `invalidArgument` naming the place of a value that is not finite.
    func requireFinite() throws(ApusError) {
        try x.requireFinite("x")
        try y.requireFinite("y", vector: vector)
    }

    /// mean(y) - mean(x) b' for each target; 0 without an intercept.
    func intercepts(
        _ coefficients: UnsafePointer<Double>, mean: UnsafePointer<Double>, targetMean: UnsafePointer<Double>
    ) throws(ApusError) -> Buffer<Double> {
        let p = x.columns
        let intercepts = try Buffer<Double>(zeros: y.columns, in: context.allocator)
        if !intercept { return intercepts }
        for k in 0..<y.columns {
            var sum = 0.0
            for c in 0..<p { sum += mean[c] * coefficients[k &* p + c] }
            intercepts.pointer[k] = targetMean[k] - sum
        }
        return intercepts
    }
}
