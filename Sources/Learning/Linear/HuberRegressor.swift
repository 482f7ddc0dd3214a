import Core
import Numerics

/// Linear regression that outliers pull only so much: the minimum over coefficients, intercept and scale of
///
///     sum w (scale + H(r / scale) scale) + alpha |coef|^2
///     H(z) = z^2 inside epsilon, 2 epsilon |z| - epsilon^2 outside
///
/// (Huber 1981, doi:10.1002/0471725250, section 7.7; Owen 2007, doi:10.1090/conm/443/08555.)
enum HuberRegressor {
    static let entry = EstimatorEntry(
        kind: "huber_regressor", type: "regressor",
        doc: "Linear regression with squared errors for small residuals and absolute ones for large, scale estimated.",
        parameters: [
            ParameterSpec(
                "epsilon", .real(from: 1, to: .infinity), default: 1.35,
                "Residuals beyond epsilon times the scale count linearly; smaller is more robust."),
            ParameterSpec("max_iter", .integer(1...Int.max), default: 100, "Iterations of L-BFGS at most."),
            ParameterSpec(
                "alpha", .real(from: 0, to: .infinity), default: 1e-4, "The penalty on the coefficients' squares."),
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; never penalised."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-5,
                "End when no component of the mean cost's gradient is larger, columns and y scaled to deviation 1."),
        ], fit: fit, load: load)

    private static let learned = [
        LearnedArray("scale_", .float64, rank: 0), LearnedArray("outliers_", .bool, rank: 1),
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
        let data = try TrainingData(input)
        let p = problem.x.columns
        context.holdBLAS()
        let coordinates = try ScaledCoordinates(data, intercept: problem.intercept, in: context)
        try problem.y.requireFinite("y", vector: problem.vector)
        let moments = try ColumnMoments(
            of: problem.y, named: "y", weights: problem.weights.map { UnsafePointer($0.pointer) }, in: context)
        let variance = moments.variance.pointer[0]
        let cost = try Cost(
            problem, coordinates, centre: problem.intercept ? moments.mean.pointer[0] : 0,
            unit: variance.isNormal ? variance.squareRoot() : max(abs(moments.mean.pointer[0]), 1),
            epsilon: parameters.real("epsilon"), alpha: parameters.real("alpha"))
        let start = try Buffer<Double>(zeros: cost.count, in: allocator)
        start.pointer[cost.count - 1] = 1
        let lower = try Buffer<Double>(cost.count, in: allocator)
        lower.pointer.update(repeating: -.infinity, count: cost.count)
        // The scale of an exact fit.
        lower.pointer[cost.count - 1] = 10 * 0x1p-52
        var conditions = StopConditions()
        conditions.mostIterations = parameters.integer("max_iter")
        conditions.tolerance = parameters.real("tol")
        let began = monotonicSeconds()
        let run = try Minimisation(
            Problem(
                count: cost.count, bounds: Bounds(lower: lower.pointer, upper: nil, count: cost.count, in: allocator),
                { (point, gradient) throws(ApusError) in try cost.evaluate(point, gradient: gradient) }),
            from: start.pointer, conditions: conditions, in: context
        ) { (iteration) throws(ApusError) in
            var report = ProgressReport(.iteration)
            report.epoch = iteration.iteration
            report.epochs = conditions.mostIterations
            report.samples = problem.x.rows
            report.seconds = monotonicSeconds() - began
            report.loss = iteration.value * cost.unit
            return try context.report(report, to: input.progress)
        }
        let minimum = try run.run(LBFGSB())
        if !minimum.isSettled {
            context.warn(
                "huber_regressor ended after \(minimum.iterations) iterations before tol was reached; raise max_iter.")
        }
        let (coefficients, intercepts) = try cost.raw(run.x.pointer)
        guard coefficients.elements.allSatisfy({ $0.isFinite }), intercepts.pointer[0].isFinite else {
            throw ApusError(
                .notConverged, "The coefficients of huber_regressor overflow float64: scale the columns of x first.")
        }
        let scale = run.x.pointer[cost.count - 1] * cost.unit
        let outliers = try Tensor(.bool, Shape(problem.x.rows), in: allocator)
        for r in 0..<problem.x.rows {
            let fitted = intercepts.pointer[0] + sumOfProducts(problem.x.row(r), coefficients.pointer, p)
            outliers.bytes.pointer[r] = abs(problem.y.row(r)[0] - fitted) > parameters.real("epsilon") * scale ? 1 : 0
        }
        return try LinearRegressionModel(
            input, coefficients: coefficients, intercepts: intercepts, problem,
            [
                (name: "scale_", value: try Tensor(doubles: [scale], Shape(), in: allocator)),
                (name: "outliers_", value: outliers),
                (name: "n_iter_", value: try .scalar(minimum.iterations, in: allocator)),
                (name: "converged_", value: try .scalar(minimum.isSettled, in: allocator)),
            ])
    }

    /// The cost over the weights' sum, x and y in units of their deviations: coefficients, intercept, scale.
    private final class Cost {
        let unit: Double
        private let problem: RegressionProblem
        private let coordinates: ScaledCoordinates
        private let centre: Double
        private let epsilon: Double
        private let penalty: Double
        private let slices: RowSlices
        private let share: Int
        private let scratch: Buffer<Double>

        var width: Int { problem.x.columns + (problem.intercept ? 1 : 0) }
        var count: Int { width + 1 }

        init(
            _ problem: RegressionProblem, _ coordinates: ScaledCoordinates, centre: Double, unit: Double,
            epsilon: Double, alpha: Double
        ) throws(ApusError) {
            self.problem = problem
            self.coordinates = coordinates
            self.centre = centre
            self.unit = unit
            self.epsilon = epsilon
            // In units of y: alpha unit^2 / (unit sum w).
            penalty = alpha * unit / problem.weight
            let width = problem.x.columns + (problem.intercept ? 1 : 0)
            slices = RowSlices(rows: problem.x.rows, columns: width, most: 32)
            // The cost, its derivatives; the rows of a block and their scores.
            share = 2 + width + min(slices.block, problem.x.rows) &* (width + 1)
            scratch = try Buffer(slices.count &* share, in: problem.context.allocator)
        }

        /// In the caller's units.
        func raw(_ point: UnsafePointer<Double>) throws(ApusError) -> (Buffer<Double>, Buffer<Double>) {
            let p = problem.x.columns
            let coefficients = try Buffer<Double>(p, in: problem.context.allocator)
            let intercepts = try Buffer<Double>(zeros: 1, in: problem.context.allocator)
            var moved = 0.0
            for c in 0..<p {
                coefficients.pointer[c] = point[c] / coordinates.scale.pointer[c] * unit
                moved += coefficients.pointer[c] * coordinates.mean.pointer[c]
            }
            if problem.intercept { intercepts.pointer[0] = centre + unit * point[p] - moved }
            return (coefficients, intercepts)
        }

        func evaluate(_ point: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>?) throws(ApusError)
            -> Double
        {
            let context = problem.context
            let count = count
            context.parallel(slices.count) { slice in
                if context.isInterrupted { return }
                add(slice, point)
            }
            try context.checkInterrupt()
            var cost = point[width]
            if let gradient {
                for i in 0..<count { gradient[i] = 0 }
                gradient[width] = 1
            }
            for slice in 0..<slices.count {
                let partial = scratch.pointer + slice &* share
                cost += partial[0] / problem.weight
                if let gradient {
                    for i in 0..<count { gradient[i] += partial[1 + i] / problem.weight }
                }
            }
            for c in 0..<problem.x.columns {
                // The penalty is on the coefficients for unscaled columns.
                let scale = coordinates.scale.pointer[c]
                let value = point[c] / scale
                cost += penalty * value * value
                if let gradient { gradient[c] += 2 * penalty * value / scale }
            }
            return cost
        }

        /// One slice's sums.
        private func add(_ slice: Int, _ point: UnsafePointer<Double>) {
            let width = width
            let partial = scratch.pointer + slice &* share
            let z = partial + 2 + width
            let scores = z + min(slices.block, problem.x.rows) &* width
            let scale = point[width]
            for i in 0..<2 + width { partial[i] = 0 }
            slices.blocks(of: slice) { first, count in
                coordinates.rows(problem.x, first, count, intercept: problem.intercept, to: z)
                BLAS.matrixVector(transpose: false, count, width, z, width, point, beta: 0, scores)
                for r in 0..<count {
                    let w = problem.weights.map { $0.pointer[first + r] } ?? 1
                    let residual = (problem.y.row(first + r)[0] - centre) / unit - scores[r]
                    let ratio = abs(residual) / scale
                    if ratio <= epsilon {
                        partial[0] += w * residual * residual / scale
                        partial[1 + width] -= w * ratio * ratio
                        scores[r] = -2 * w * residual / scale
                    } else {
                        partial[0] += w * (2 * epsilon * abs(residual) - scale * epsilon * epsilon)
                        partial[1 + width] -= w * epsilon * epsilon
                        scores[r] = residual > 0 ? -2 * w * epsilon : 2 * w * epsilon
                    }
                }
                BLAS.matrixVector(transpose: true, count, width, z, width, scores, beta: 1, partial + 1)
            }
        }
    }
}
