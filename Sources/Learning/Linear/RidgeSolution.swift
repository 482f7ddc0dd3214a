import Core
import Numerics

/// min sum w (y - x b' - a)^2 + alpha |b|^2 (Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634).
///
/// With x and y centred and weighted, b = (x'x + alpha)^-1 x'y = x'(x x' + alpha)^-1 y: the smaller system is solved by
/// Cholesky, with a step of refinement from the residuals. Where its condition is not safe, the singular value
/// decomposition x = u diag(s) v' gives b = v diag(s / (s^2 + alpha)) u'y, singular values up to max(n, p) 2^-52 of the
/// largest counting as 0: for alpha = 0 the solution of least norm.
struct RidgeSolution {
    enum Method: String { case auto, cholesky, svd }

    /// targets x features
    let coefficients: Buffer<Double>
    let intercepts: Buffer<Double>

    /// Below this reciprocal condition Cholesky's answer is refined even where that costs a pass over many rows.
    private static let comfortable = 1e-3
    /// Below this it is not trusted at all.
    private static let least = 1e-9
    private static let cheap = 1 << 20

    /// `alphas` holds one penalty, or one for each target. Throws `invalidArgument` for values that are not finite,
    /// `notConverged` for a system that method=cholesky cannot solve.
    init(_ problem: RegressionProblem, alphas: [Double], method: Method, kind: String) throws(ApusError) {
        var found: (coefficients: Buffer<Double>, intercepts: Buffer<Double>)?
        problem.context.holdBLAS()
        if method != .svd {
            found =
                problem.x.columns <= problem.x.rows
                ? try RidgeSolution.primal(problem, alphas) : try RidgeSolution.dual(problem, alphas)
            if found == nil, method == .cholesky {
                throw ApusError(
                    .notConverged,
                    "The columns of x are dependent, or nearly so, for the alpha given, and solver=cholesky of \(kind) needs them independent; use solver=auto or svd."
                )
            }
        }
        let coefficients: Buffer<Double>
        let intercepts: Buffer<Double>
        if let found {
            (coefficients, intercepts) = found
        } else {
            (coefficients, intercepts) = try RidgeSolution.decomposition(problem, alphas)
        }
        guard coefficients.elements.allSatisfy({ $0.isFinite }) else {
            throw ApusError(
                .notConverged, "The coefficients of \(kind) overflow float64: scale the columns of x and y first.")
        }
        self.coefficients = coefficients
        self.intercepts = intercepts
    }

    private static func alpha(_ alphas: [Double], _ target: Int) -> Double {
        alphas.count == 1 ? alphas[0] : alphas[target]
    }

    /// Runs of targets with the same alpha.
    private static func runs(_ alphas: [Double], targets: Int) -> [(alpha: Double, targets: Range<Int>)] {
        var runs: [(alpha: Double, targets: Range<Int>)] = []
        for k in 0..<targets {
            let alpha = alpha(alphas, k)
            if let last = runs.last, last.alpha == alpha {
                runs[runs.count - 1].targets = last.targets.lowerBound..<k + 1
            } else {
                runs.append((alpha: alpha, targets: k..<k + 1))
            }
        }
        return runs
    }

    /// By the p x p system; nil where it is not safe.
    private static func primal(_ problem: RegressionProblem, _ alphas: [Double]) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>
    )? {
        let context = problem.context
        let p = problem.x.columns
        let t = problem.y.columns
        guard let sums = try CentredSums(problem) else { return nil }
        let b = sums.cross
        let gram = sums.gram
        var added = 0.0
        var condition = 1.0
        var factors: [(factor: Cholesky, targets: Range<Int>)] = []
        for run in runs(alphas, targets: t) {
            for c in 0..<p { gram.pointer[c &* p + c] += run.alpha - added }
            added = run.alpha
            guard let factor = try Cholesky(gram.pointer, order: p, in: context.allocator),
                factor.reciprocalCondition >= least
            else { return nil }
            condition = min(condition, factor.reciprocalCondition)
            factor.solve(b.pointer + run.targets.lowerBound &* p, count: run.targets.count)
            factors.append((factor: factor, targets: run.targets))
        }
        if condition < comfortable || problem.x.rows <= cheap / p {
            let rest = try NormalResidual.cross(
                problem.x, problem.y, shift: sums.mean.pointer, targetShift: sums.targetMean.pointer,
                rootWeights: problem.roots, coefficients: b.pointer, in: context)
            for k in 0..<t {
                for c in 0..<p { rest.pointer[k &* p + c] -= alpha(alphas, k) * b.pointer[k &* p + c] }
            }
            for (factor, targets) in factors {
                factor.solve(rest.pointer + targets.lowerBound &* p, count: targets.count)
            }
            for i in 0..<p &* t { b.pointer[i] += rest.pointer[i] }
        }
        guard b.elements.allSatisfy({ $0.isFinite }) else { return nil }
        return (b, try sums.intercepts(b.pointer))
    }

    /// By the n x n system, for fewer rows than columns; nil where it is not safe.
    private static func dual(_ problem: RegressionProblem, _ alphas: [Double]) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>
    )? {
        let context = problem.context
        let n = problem.x.rows
        let p = problem.x.columns
        let t = problem.y.columns
        let columns = try CentredColumns(problem, leading: n)
        let a = columns.a.pointer
        let (cells, overflow) = n.multipliedReportingOverflow(by: n)
        if overflow { throw .limit("\(n) rows are too many for the normal equations.") }
        let kernel = try Buffer<Double>(zeros: cells, in: context.allocator)
        let b = try Buffer<Double>(p &* t, in: context.allocator)
        let residual = try Buffer<Double>(n, in: context.allocator)
        BLAS.addGram(n, p, a, n, kernel.pointer, n)
        try context.checkInterrupt()
        var added = 0.0
        for run in runs(alphas, targets: t) {
            for r in 0..<n { kernel.pointer[r &* n + r] += run.alpha - added }
            added = run.alpha
            guard let factor = try Cholesky(kernel.pointer, order: n, in: context.allocator),
                factor.reciprocalCondition >= least
            else { return nil }
            for k in run.targets {
                let y = columns.sides.pointer + k &* n
                let coefficients = b.pointer + k &* p
                residual.pointer.update(from: y, count: n)
                factor.solve(residual.pointer, count: 1)
                BLAS.matrixVector(transpose: false, p, n, a, n, residual.pointer, beta: 0, coefficients)
                // y - x b - alpha c, c being the solution; its correction is added to b.
                for r in 0..<n { residual.pointer[r] = y[r] - run.alpha * residual.pointer[r] }
                let product = try Buffer<Double>(n, in: context.allocator)
                BLAS.matrixVector(transpose: true, p, n, a, n, coefficients, beta: 0, product.pointer)
                for r in 0..<n { residual.pointer[r] -= product.pointer[r] }
                factor.solve(residual.pointer, count: 1)
                BLAS.matrixVector(transpose: false, p, n, a, n, residual.pointer, beta: 1, coefficients)
            }
        }
        guard b.elements.allSatisfy({ $0.isFinite }) else { return nil }
        return (b, try columns.intercepts(b.pointer))
    }

    private static func decomposition(_ problem: RegressionProblem, _ alphas: [Double]) throws(ApusError) -> (
        coefficients: Buffer<Double>, intercepts: Buffer<Double>
    ) {
        let context = problem.context
        let n = problem.x.rows
        let p = problem.x.columns
        let t = problem.y.columns
        let rank = min(n, p)
        let columns = try CentredColumns(problem, leading: n)
        // The columns one after the other are the rows of x': x' = u s vt, so x = vt' s u'.
        let turned = ArrayView(data: columns.a.pointer, dtype: .float64, shape: Shape(p, n))
        let u = try Tensor(.float64, Shape(p, rank), in: context.allocator)
        let vt = try Tensor(.float64, Shape(rank, n), in: context.allocator)
        let s = try Tensor(.float64, Shape(rank), in: context.allocator)
        try SingularValueDecomposition.compute(
            MatrixStack(turned, "x"), u: MatrixStack(u.view, "u"), s: MatrixStack(vectors: s.view, "s"),
            vt: MatrixStack(vt.view, "vt"), in: context)
        let cut = s.doubles[0] * Double(max(n, p)) * 0x1p-52
        let b = try Buffer<Double>(p &* t, in: context.allocator)
        let parts = try Buffer<Double>(rank, in: context.allocator)
        for k in 0..<t {
            let alpha = alpha(alphas, k)
            BLAS.matrixVector(
                transpose: false, rank, n, vt.doubles, n, columns.sides.pointer + k &* n, beta: 0, parts.pointer)
            for i in 0..<rank {
                let value = s.doubles[i]
                // As 1 / (s + alpha / s), which does not overflow.
                parts.pointer[i] *= value > cut ? 1 / (value + alpha / value) : 0
            }
            BLAS.matrixVector(
                transpose: false, p, rank, u.doubles, rank, parts.pointer, beta: 0, b.pointer + k &* p)
        }
        withExtendedLifetime((u, vt, s, columns.a)) {}
        return (b, try columns.intercepts(b.pointer))
    }
}
