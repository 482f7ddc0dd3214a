import Core
import Numerics

/// The closed form: min sum w (y - x b' - a)^2, of least norm |b| where it is not unique.
///
/// With an intercept the columns are centred on their weighted means, which leaves b to be found alone. The fast way is
/// the normal equations by Cholesky, columns scaled to unit length, and a step of refinement from the residuals
/// (Björck 1987, "Stability analysis of the method of seminormal equations", doi:10.1016/0024-3795(87)90101-7). Where
/// the condition of the scaled equations is beyond that, the singular value decomposition answers.
struct OrdinaryLeastSquares {
    enum Method { case automatic, normal, svd }

    let coefficients: Buffer<Double>
    let intercepts: Buffer<Double>
    let rank: Int
    /// Singular values of the centred, weighted x, where the decomposition was used.
    let singular: Buffer<Double>?

    /// Below this reciprocal condition the normal equations are refined even where that costs a pass over many rows.
    private static let comfortable = 1e-3
    /// Below this they are not trusted at all.
    private static let least = 1e-9
    private static let cheap = 1 << 20

    /// x and y are checked for NaN here. Throws `invalidArgument`, `notConverged`, `outOfMemory`, `interrupted`.
    init(_ problem: RegressionProblem, method: Method, kind: String) throws(ApusError) {
        if method != .svd {
            if method == .normal || problem.x.rows > problem.x.columns,
                let solution = try OrdinaryLeastSquares.normal(problem)
            {
                coefficients = solution.coefficients
                intercepts = solution.intercepts
                rank = problem.x.columns
                singular = nil
                return
            }
            if method == .normal {
                throw ApusError(
                    .notConverged,
                    "The columns of x are dependent, or nearly so, and solver=normal of \(kind) needs them independent; use solver=auto or svd."
                )
            }
        }
        let solution = try OrdinaryLeastSquares.decomposition(problem)
        coefficients = solution.coefficients
        intercepts = solution.intercepts
        rank = solution.rank
        singular = solution.singular
    }

    // MARK: Normal equations

    /// nil when they are not safe.
    private static func normal(_ problem: RegressionProblem) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>
    )? {
        let x = problem.x
        let y = problem.y
        let context = problem.context
        let p = x.columns
        let t = y.columns
        guard let sums = try CentredSums(problem),
            let factor = try Cholesky(sums.gram.pointer, order: p, in: context.allocator),
            factor.reciprocalCondition >= least
        else { return nil }
        let coefficients = sums.cross
        factor.solve(coefficients.pointer, count: t)
        if factor.reciprocalCondition < comfortable || x.rows <= cheap / p {
            let rest = try NormalResidual.cross(
                x, y, shift: sums.mean.pointer, targetShift: sums.targetMean.pointer, rootWeights: problem.roots,
                coefficients: coefficients.pointer, in: context)
            factor.solve(rest.pointer, count: t)
            for i in 0..<p &* t { coefficients.pointer[i] += rest.pointer[i] }
        }
        guard (0..<p &* t).allSatisfy({ coefficients.pointer[$0].isFinite }) else { return nil }
        return (coefficients, try sums.intercepts(coefficients.pointer))
    }

    // MARK: Singular value decomposition

    private static func decomposition(_ problem: RegressionProblem) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>, rank: Int, singular: Buffer<Double>
    ) {
        let context = problem.context
        let n = problem.x.rows
        let p = problem.x.columns
        let t = problem.y.columns
        context.holdBLAS()
        let columns = try CentredColumns(problem, leading: max(n, p))
        try context.checkInterrupt()
        let sides = columns.sides
        let solution = try LeastSquares(
            columns.a.pointer, rows: n, columns: p, sides: sides.pointer, count: t, in: context.allocator)
        let coefficients = try Buffer<Double>(p &* t, in: context.allocator)
        for k in 0..<t {
            for c in 0..<p { coefficients.pointer[k &* p + c] = sides.pointer[k &* max(n, p) + c] }
        }
        guard (0..<p &* t).allSatisfy({ coefficients.pointer[$0].isFinite }) else {
            throw ApusError(
                .notConverged, "The least-squares solution overflows float64: scale the columns of x and y first.")
        }
        let intercepts = try columns.intercepts(coefficients.pointer)
        return (coefficients, intercepts, solution.rank, solution.singular)
    }
}
