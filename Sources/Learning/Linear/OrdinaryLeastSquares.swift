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
    init(
        _ data: TrainingData, _ y: Matrix, intercept: Bool, method: Method, kind: String, vector: Bool,
        in context: Context
    )
        throws(ApusError)
    {
        let rootWeights = try data.rootWeights(in: context.allocator)
        let problem = Problem(
            x: data.x, y: y, rootWeights: rootWeights, weights: data.weights, weight: data.weight, intercept: intercept,
            vector: vector, context: context)
        if method != .svd {
            if method == .normal || data.x.rows > data.x.columns,
                let solution = try OrdinaryLeastSquares.normal(problem)
            {
                coefficients = solution.coefficients
                intercepts = solution.intercepts
                rank = data.x.columns
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

    private struct Problem {
        let x: Matrix
        let y: Matrix
        let rootWeights: Buffer<Double>?
        let weights: Buffer<Double>?
        let weight: Double
        let intercept: Bool
        let vector: Bool
        let context: Context

        var roots: UnsafePointer<Double>? { rootWeights.map { UnsafePointer($0.pointer) } }

        func requireFinite() throws(ApusError) {
            try x.requireFinite("x")
            try y.requireFinite("y", vector: vector)
        }
    }

    // MARK: Normal equations

    /// nil when they are not safe.
    private static func normal(_ problem: Problem) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>
    )? {
        let x = problem.x
        let y = problem.y
        let context = problem.context
        let p = x.columns
        let t = y.columns
        let shift = try Buffer<Double>(zeros: p, in: context.allocator)
        let targetShift = try Buffer<Double>(zeros: t, in: context.allocator)
        if problem.intercept {
            sampleMean(x, to: shift.pointer)
            sampleMean(y, to: targetShift.pointer)
        }
        var sums = try gram(problem, shift, targetShift)
        if (0..<p).contains(where: { !sums.sums.pointer[$0].isFinite })
            || (0..<t).contains(where: { !sums.targetSums.pointer[$0].isFinite })
        {
            try problem.requireFinite()
            return nil
        }
        if problem.intercept {
            // Where the sample's mean lies far off, take the sums again about the mean itself.
            let far = (0..<p).contains { c in
                let total = sums.gram.pointer[c &* p + c]
                let part = sums.sums.pointer[c] * sums.sums.pointer[c] / problem.weight
                return part > 0.5 * total
            }
            if far {
                for c in 0..<p { shift.pointer[c] += sums.sums.pointer[c] / problem.weight }
                for c in 0..<t { targetShift.pointer[c] += sums.targetSums.pointer[c] / problem.weight }
                sums = try gram(problem, shift, targetShift)
            }
            centre(sums, weight: problem.weight, p, t)
            for c in 0..<p { shift.pointer[c] += sums.sums.pointer[c] / problem.weight }
            for c in 0..<t { targetShift.pointer[c] += sums.targetSums.pointer[c] / problem.weight }
        }
        guard let factor = try Cholesky(sums.gram.pointer, order: p, in: context.allocator),
            factor.reciprocalCondition >= least
        else { return nil }
        let coefficients = sums.cross
        factor.solve(coefficients.pointer, count: t)
        if factor.reciprocalCondition < comfortable || x.rows <= cheap / p {
            let rest = try NormalResidual.cross(
                x, y, shift: shift.pointer, targetShift: targetShift.pointer, rootWeights: problem.roots,
                coefficients: coefficients.pointer, in: context)
            factor.solve(rest.pointer, count: t)
            for i in 0..<p &* t { coefficients.pointer[i] += rest.pointer[i] }
        }
        guard (0..<p &* t).allSatisfy({ coefficients.pointer[$0].isFinite }) else { return nil }
        let intercepts = try intercepts(
            coefficients.pointer, shift.pointer, targetShift.pointer, p, t, context.allocator)
        return (coefficients, intercepts)
    }

    private static func gram(_ problem: Problem, _ shift: Buffer<Double>, _ targetShift: Buffer<Double>)
        throws(ApusError) -> GramSums
    {
        try GramSums(
            problem.x, problem.y, shift: problem.intercept ? UnsafePointer(shift.pointer) : nil,
            targetShift: problem.intercept ? UnsafePointer(targetShift.pointer) : nil, rootWeights: problem.roots,
            in: problem.context)
    }

    /// The mean of up to 256 rows spread over all: near enough to the mean that little cancels.
    private static func sampleMean(_ m: Matrix, to mean: UnsafeMutablePointer<Double>) {
        let count = min(m.rows, 256)
        for index in 0..<count {
            let values = m.row(index &* m.rows / count)
            for c in 0..<m.columns { mean[c] += values[c] / Double(count) }
        }
    }

    /// Turns sums about the shift into sums about the mean.
    private static func centre(_ sums: GramSums, weight: Double, _ p: Int, _ t: Int) {
        let d = sums.sums.pointer
        for i in 0..<p {
            for j in i..<p { sums.gram.pointer[i &* p + j] -= d[i] * d[j] / weight }
        }
        for k in 0..<t {
            for j in 0..<p { sums.cross.pointer[k &* p + j] -= sums.targetSums.pointer[k] * d[j] / weight }
        }
    }

    /// mean(y) - mean(x) b'
    private static func intercepts(
        _ coefficients: UnsafePointer<Double>, _ mean: UnsafePointer<Double>, _ targetMean: UnsafePointer<Double>,
        _ p: Int, _ t: Int, _ allocator: Allocator
    ) throws(ApusError) -> Buffer<Double> {
        let intercepts = try Buffer<Double>(t, in: allocator)
        for k in 0..<t {
            var sum = 0.0
            for c in 0..<p { sum += mean[c] * coefficients[k &* p + c] }
            intercepts.pointer[k] = targetMean[k] - sum
        }
        return intercepts
    }

    // MARK: Singular value decomposition

    private static func decomposition(_ problem: Problem) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>, rank: Int, singular: Buffer<Double>
    ) {
        let x = problem.x
        let context = problem.context
        let n = x.rows
        let p = x.columns
        let t = problem.y.columns
        context.holdBLAS()
        let weights = problem.weights.map { UnsafePointer($0.pointer) }
        let moments = try ColumnMoments(of: x, named: "x", weights: weights, in: context)
        try problem.y.requireFinite("y", vector: problem.vector)
        let targets = try ColumnMoments(of: problem.y, named: "y", weights: weights, in: context)
        let (cells, overflow) = n.multipliedReportingOverflow(by: p)
        let (sideCells, tooMany) = max(n, p).multipliedReportingOverflow(by: t)
        if overflow || tooMany { throw .limit("The least-squares problem of \(n) x \(p) is too large.") }
        let a = try Buffer<Double>(cells, in: context.allocator)
        let sides = try Buffer<Double>(zeros: sideCells, in: context.allocator)
        let roots = problem.roots
        let intercept = problem.intercept
        // Column-major, a band of columns at a time.
        context.parallel(over: p, by: 16) { columns in
            for r in 0..<n {
                let values = x.row(r)
                let root = roots.map { $0[r] } ?? 1
                for c in columns {
                    a.pointer[c &* n + r] = root * (values[c] - (intercept ? moments.mean.pointer[c] : 0))
                }
            }
            for c in columns where intercept && moments.isFlat(c) {
                for r in 0..<n { a.pointer[c &* n + r] = 0 }
            }
        }
        for k in 0..<t {
            let mean = intercept ? targets.mean.pointer[k] : 0
            for r in 0..<n {
                sides.pointer[k &* max(n, p) + r] = (roots.map { $0[r] } ?? 1) * (problem.y.row(r)[k] - mean)
            }
        }
        try context.checkInterrupt()
        let solution = try LeastSquares(
            a.pointer, rows: n, columns: p, sides: sides.pointer, count: t, in: context.allocator)
        let coefficients = try Buffer<Double>(p &* t, in: context.allocator)
        for k in 0..<t {
            for c in 0..<p { coefficients.pointer[k &* p + c] = sides.pointer[k &* max(n, p) + c] }
        }
        guard (0..<p &* t).allSatisfy({ coefficients.pointer[$0].isFinite }) else {
            throw ApusError(
                .notConverged, "The least-squares solution overflows float64: scale the columns of x and y first.")
        }
        let intercepts =
            intercept
            ? try intercepts(
                coefficients.pointer, moments.mean.pointer, targets.mean.pointer, p, t, context.allocator)
            : try Buffer<Double>(zeros: t, in: context.allocator)
        return (coefficients, intercepts, solution.rank, solution.singular)
    }
}

extension ColumnMoments {
    /// Whether a column varies by no more than the rounding of its values.
    fileprivate func isFlat(_ column: Int) -> Bool {
        let greatest = max(abs(minimum.pointer[column]), abs(maximum.pointer[column]))
        return maximum.pointer[column] - minimum.pointer[column] <= 4 * greatest.ulp
    }
}
