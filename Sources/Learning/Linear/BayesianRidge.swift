import Core
import Numerics

/// Bayesian ridge regression: noise of precision alpha, coefficients normal with precision lambda, both with Gamma
/// priors and chosen by the evidence (MacKay 1992, doi:10.1162/neco.1992.4.3.415; Tipping 2001,
/// https://jmlr.org/papers/v1/tipping01a.html). With the eigenvalues e of x'x (centred, weighted) the updates are
///
///     gamma  = sum alpha e / (lambda + alpha e)
///     lambda = (gamma + 2 lambda_1) / (|coef|^2 + 2 lambda_2)
///     alpha  = (sum w - gamma + 2 alpha_1) / (sum w r^2 + 2 alpha_2)
///
/// A prediction's standard deviation is sqrt(1/alpha + d sigma d') with d = x - X_offset_.
enum BayesianRidge {
    static let entry = EstimatorEntry(
        kind: "bayesian_ridge", type: "regressor",
        doc: "Ridge regression whose penalty and noise are estimated from the data, with the coefficients' covariance.",
        parameters: [
            ParameterSpec(
                "max_iter", .integer(1...Int.max), default: 300, "Updates of the precisions at most."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-3,
                "End when the coefficients change by less than this, all together."),
            ParameterSpec("alpha_1", .real(from: 0, to: .infinity), default: 1e-6, "Shape of the prior of alpha."),
            ParameterSpec("alpha_2", .real(from: 0, to: .infinity), default: 1e-6, "Rate of the prior of alpha."),
            ParameterSpec("lambda_1", .real(from: 0, to: .infinity), default: 1e-6, "Shape of the prior of lambda."),
            ParameterSpec("lambda_2", .real(from: 0, to: .infinity), default: 1e-6, "Rate of the prior of lambda."),
            ParameterSpec(
                "alpha_init", .nullable(.real(from: 0, to: .infinity, open: true)), default: .null,
                "The first alpha; null: 1 over the variance of y."),
            ParameterSpec(
                "lambda_init", .nullable(.real(from: 0, to: .infinity, open: true)), default: .null,
                "The first lambda; null: 1."),
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; it has no prior."),
        ], fit: fit, load: load)

    private static let learned = [
        LearnedArray("alpha_", .float64, rank: 0), LearnedArray("lambda_", .float64, rank: 0),
        LearnedArray("sigma_", .float64, rank: 2), LearnedArray("X_offset_", .float64, rank: 1),
        LearnedArray("n_iter_", .int64, rank: 0), LearnedArray("converged_", .bool, rank: 0),
    ]

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        try LinearRegressionModel.load(record, parameters, learned, context)
    }

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let context = input.context
        let allocator = context.allocator
        let problem = try RegressionProblem(input, severalTargets: false)
        let columns = try CentredColumns(problem, leading: problem.x.rows)
        let evidence = try Evidence(problem, columns)
        var alpha = parameters["alpha_init"].doubleValue ?? 1 / (columns.targets.variance.pointer[0] + 0x1p-52)
        var lambda = parameters["lambda_init"].doubleValue ?? 1
        let b = try Buffer<Double>(zeros: problem.x.columns, in: allocator)
        let before = try Buffer<Double>(zeros: problem.x.columns, in: allocator)
        var iterations = 0
        var converged = false
        let start = monotonicSeconds()
        while iterations < parameters.integer("max_iter"), !converged {
            let rest = evidence.solve(alpha: alpha, lambda: lambda, to: b.pointer)
            iterations += 1
            let gamma = evidence.wellDetermined(alpha: alpha, lambda: lambda)
            lambda =
                (gamma + 2 * parameters.real("lambda_1"))
                / (sumOfProducts(b.pointer, b.pointer, b.count) + 2 * parameters.real("lambda_2"))
            alpha = (problem.weight - gamma + 2 * parameters.real("alpha_1")) / (rest + 2 * parameters.real("alpha_2"))
            guard alpha.isFinite, lambda.isFinite, alpha > 0, lambda >= 0 else {
                throw ApusError(
                    .notConverged,
                    "The precisions of bayesian_ridge grow without end: x explains y exactly, or not at all, and the priors are 0; raise alpha_2 or lambda_2."
                )
            }
            var change = 0.0
            for c in 0..<b.count { change += abs(b.pointer[c] - before.pointer[c]) }
            converged = iterations > 1 && change < parameters.real("tol")
            before.pointer.update(from: b.pointer, count: b.count)
            var report = ProgressReport(.iteration)
            report.epoch = iterations
            report.epochs = parameters.integer("max_iter")
            report.samples = problem.x.rows
            report.seconds = monotonicSeconds() - start
            report.loss = rest / problem.weight
            if try context.report(report, to: input.progress) { break }
        }
        if !converged {
            context.warn("bayesian_ridge ended after \(iterations) iterations before tol was reached.")
        }
        _ = evidence.solve(alpha: alpha, lambda: lambda, to: b.pointer)
        guard b.elements.allSatisfy({ $0.isFinite }) else {
            throw ApusError(
                .notConverged, "The coefficients of bayesian_ridge overflow float64: scale the columns of x first.")
        }
        let offset = try Tensor.perFeature(b.count, in: allocator) { c in
            problem.intercept ? columns.moments.mean.pointer[c] : 0
        }
        return try LinearRegressionModel(
            input, coefficients: b, intercepts: try columns.intercepts(b.pointer), problem,
            [
                (name: "alpha_", value: try Tensor(doubles: [alpha], Shape(), in: allocator)),
                (name: "lambda_", value: try Tensor(doubles: [lambda], Shape(), in: allocator)),
                (name: "sigma_", value: try evidence.covariance(alpha: alpha, lambda: lambda)),
                (name: "X_offset_", value: offset),
                (name: "n_iter_", value: try .scalar(iterations, in: allocator)),
                (name: "converged_", value: try .scalar(converged, in: allocator)),
            ])
    }

    /// The problem in the coordinates of x's singular vectors, where an update costs little.
    private struct Evidence {
        private let problem: RegressionProblem
        private let rank: Int
        /// x' = v s u': v is p x rank.
        private let v: Tensor
        private let s: Tensor
        /// u'y
        private let projected: Buffer<Double>
        /// |y|^2 less |u'y|^2: what no coefficients explain.
        private let unexplained: Double
        private let parts: Buffer<Double>

        init(_ problem: RegressionProblem, _ columns: CentredColumns) throws(ApusError) {
            let context = problem.context
            let n = problem.x.rows
            let p = problem.x.columns
            context.holdBLAS()
            self.problem = problem
            rank = min(n, p)
            v = try Tensor(.float64, Shape(p, rank), in: context.allocator)
            s = try Tensor(.float64, Shape(rank), in: context.allocator)
            let ut = try Tensor(.float64, Shape(rank, n), in: context.allocator)
            let turned = ArrayView(data: columns.a.pointer, dtype: .float64, shape: Shape(p, n))
            try SingularValueDecomposition.compute(
                MatrixStack(turned, "x"), u: MatrixStack(v.view, "u"), s: MatrixStack(vectors: s.view, "s"),
                vt: MatrixStack(ut.view, "vt"), in: context)
            projected = try Buffer(rank, in: context.allocator)
            parts = try Buffer(rank, in: context.allocator)
            let y = columns.sides.pointer
            BLAS.matrixVector(transpose: false, rank, n, ut.doubles, n, y, beta: 0, projected.pointer)
            // y less its projection, taken so that nothing cancels.
            let rest = try Buffer<Double>(n, in: context.allocator)
            BLAS.matrixVector(transpose: true, rank, n, ut.doubles, n, projected.pointer, beta: 0, rest.pointer)
            for r in 0..<n { rest.pointer[r] = y[r] - rest.pointer[r] }
            unexplained = sumOfProducts(rest.pointer, rest.pointer, n)
            withExtendedLifetime((ut, columns)) {}
        }

        /// Writes the coefficients for two precisions; the sum of squared residuals.
        func solve(alpha: Double, lambda: Double, to b: UnsafeMutablePointer<Double>) -> Double {
            var rest = unexplained
            for i in 0..<rank {
                let value = s.doubles[i]
                let e = value * value
                let left = lambda / (lambda + alpha * e)
                parts.pointer[i] = alpha * value / (lambda + alpha * e) * projected.pointer[i]
                let residual = left * projected.pointer[i]
                rest += residual * residual
            }
            BLAS.matrixVector(
                transpose: false, problem.x.columns, rank, v.doubles, rank, parts.pointer, beta: 0, b)
            return rest
        }

        /// The number of coefficients that the data determine.
        func wellDetermined(alpha: Double, lambda: Double) -> Double {
            var sum = 0.0
            for i in 0..<rank {
                let e = s.doubles[i] * s.doubles[i]
                sum += alpha * e / (lambda + alpha * e)
            }
            return sum
        }

        /// (lambda + alpha x'x)^-1: p x p.
        func covariance(alpha: Double, lambda: Double) throws(ApusError) -> Tensor {
            let p = problem.x.columns
            let allocator = problem.context.allocator
            let sigma = try Tensor(.float64, Shape(p, p), in: allocator)
            let scaled = try Buffer<Double>(p &* rank, in: allocator)
            // 1/lambda outside of the singular vectors' space.
            let outside = rank < p ? 1 / lambda : 0
            for c in 0..<p {
                for i in 0..<rank {
                    let inside = 1 / (lambda + alpha * s.doubles[i] * s.doubles[i])
                    scaled.pointer[c &* rank + i] = v.doubles[c &* rank + i] * (inside - outside)
                }
            }
            for i in 0..<p &* p { sigma.doubles[i] = 0 }
            for c in 0..<p { sigma.doubles[c &* p + c] = outside }
            BLAS.product(
                transposeA: false, transposeB: true, p, p, rank, scaled.pointer, rank, v.doubles, rank, beta: 1,
                sigma.doubles, p)
            return sigma
        }
    }
}
