import Core
import Numerics

/// The fit that lasso and elastic net share: 1/(2 sum w) sum w (y - x b' - a)^2 + alpha l1_ratio |b|_1
/// + alpha (1 - l1_ratio)/2 |b|^2, by coordinate descent, along a path of alphas where asked.
enum PenalisedRegression {
    static func specs(_ l1Ratio: [ParameterSpec]) -> [ParameterSpec] {
        [
            ParameterSpec(
                "alpha", .real(from: 0, to: .infinity), default: 1,
                "The penalty beside half the mean (not the sum) of squared errors; 0 is least squares.")
        ] + l1Ratio + [
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; never penalised."),
            ParameterSpec(
                "max_iter", .integer(1...Int.max), default: 1000, "Rounds over the coefficients at most, for each alpha."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-4,
                "End when the duality gap is at most tol times the sum of squares of y; mostly the optimum is met to rounding before."
            ),
            ParameterSpec("positive", .boolean, default: false, "Only coefficients that are 0 or more."),
            ParameterSpec(
                "selection", .choice(["cyclic", "random"]), default: "cyclic",
                "The order of the coefficients in a round: as they come, or drawn anew."),
            ParameterSpec(
                "alphas", .nullable(.numbers(from: 0, to: .infinity)), default: .null,
                "A path: each of these alphas is fitted as well, from the largest down, each from the one before; one target alone."
            ),
        ]
    }

    private static let learned = [
        LearnedArray("dual_gap_", .float64, rank: nil), LearnedArray("n_iter_", .int64, rank: nil),
        LearnedArray("converged_", .bool, rank: 0), LearnedArray("alphas_", .float64, rank: 1),
        LearnedArray("coef_path_", .float64, rank: 2), LearnedArray("intercept_path_", .float64, rank: 1),
        LearnedArray("dual_gaps_", .float64, rank: 1),
    ]

    static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        try LinearRegressionModel.load(record, parameters, learned, context)
    }

    static func fit(_ input: FitInput, l1Ratio: Double) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let problem = try RegressionProblem(input)
        let allocator = input.context.allocator
        let t = problem.y.columns
        let alpha = parameters.real("alpha")
        let path = parameters["alphas"].isNull ? [] : parameters.reals("alphas").sorted(by: >)
        if !path.isEmpty, t > 1 {
            throw .shape("alphas of \(parameters.kind) needs one target alone, y has \(t).")
        }
        for each in path + [alpha] where !(each * problem.weight).isFinite {
            throw .parameter(
                "alpha", of: parameters.kind, mustBe: "small enough for alpha times the rows to be finite", got: "\(each)")
        }
        if alpha == 0, path.isEmpty, !parameters.boolean("positive") { return try leastSquares(input, problem) }
        let descent = Descent(input: input, problem: problem, l1Ratio: l1Ratio, columns: try CoordinateColumns(problem))
        let p = problem.x.columns
        let coefficients = try Buffer<Double>(zeros: p &* t, in: allocator)
        let gaps = try Buffer<Double>(t, in: allocator)
        var sweeps: [Int64] = []
        var converged = true
        var notes: [(name: String, value: Tensor)] = []
        if !path.isEmpty { notes = try descent.walk(path, from: coefficients.pointer) }
        for k in 0..<t {
            let b = coefficients.pointer + k &* p
            try descent.columns.begin(k, at: b)
            let outcome = try descent.run(alpha, b)
            gaps.pointer[k] = outcome.gap / problem.weight
            sweeps.append(Int64(outcome.sweeps))
            converged = converged && outcome.converged
        }
        guard coefficients.elements.allSatisfy({ $0.isFinite }) else {
            throw ApusError(
                .notConverged,
                "The coefficients of \(parameters.kind) overflow float64: scale the columns of x and y first.")
        }
        if !converged {
            input.context.warn(
                "\(parameters.kind) ended after \(parameters.integer("max_iter")) iterations before the duality gap was within tol; raise max_iter, or scale the columns first."
            )
        }
        let shape = problem.vector ? Shape() : Shape(t)
        notes =
            [
                (name: "dual_gap_", value: try Tensor(doubles: gaps.pointer, shape, in: allocator)),
                (name: "n_iter_", value: try Tensor(int64s: sweeps, shape, in: allocator)),
                (name: "converged_", value: try .scalar(converged, in: allocator)),
            ] + notes
        return try LinearRegressionModel(
            input, coefficients: coefficients, intercepts: try descent.columns.intercepts(coefficients.pointer),
            problem, notes)
    }

    /// alpha = 0.
    private static func leastSquares(_ input: FitInput, _ problem: RegressionProblem) throws(ApusError)
        -> any FittedModel
    {
        let allocator = input.context.allocator
        let solution = try OrdinaryLeastSquares(problem, method: .automatic, kind: input.parameters.kind)
        let shape = problem.vector ? Shape() : Shape(problem.y.columns)
        let zeros = [Int64](repeating: 0, count: problem.y.columns)
        return try LinearRegressionModel(
            input, coefficients: solution.coefficients, intercepts: solution.intercepts, problem,
            [
                (name: "dual_gap_", value: try Tensor(doubles: zeros.map { Double($0) }, shape, in: allocator)),
                (name: "n_iter_", value: try Tensor(int64s: zeros, shape, in: allocator)),
                (name: "converged_", value: try .scalar(true, in: allocator)),
            ])
    }

    /// Fits of one problem with one alpha after the other.
    private struct Descent {
        let input: FitInput
        let problem: RegressionProblem
        let l1Ratio: Double
        let columns: CoordinateColumns

        /// From the coefficients at which the columns are.
        func run(_ alpha: Double, _ b: UnsafeMutablePointer<Double>) throws(ApusError) -> CoordinateDescent.Outcome {
            let parameters = input.parameters
            let penalty = alpha * problem.weight
            let descent = CoordinateDescent(
                l1: penalty * l1Ratio, l2: penalty * (1 - l1Ratio), positive: parameters.boolean("positive"),
                tolerance: parameters.real("tol"), mostSweeps: parameters.integer("max_iter"),
                isRandom: parameters.text("selection") == "random")
            let start = monotonicSeconds()
            return try descent.run(columns, b, in: input.context) { (sweep) throws(ApusError) in
                guard input.progress != nil else { return false }
                var report = ProgressReport(.iteration)
                report.epoch = sweep
                report.epochs = descent.mostSweeps
                report.samples = problem.x.rows
                report.seconds = monotonicSeconds() - start
                report.loss = cost(descent, b)
                return try input.context.report(report, to: input.progress)
            }
        }

        private func cost(_ descent: CoordinateDescent, _ b: UnsafePointer<Double>) -> Double {
            var squares = 0.0
            var lengths = 0.0
            for c in 0..<columns.count {
                squares += b[c] * b[c]
                lengths += abs(b[c])
            }
            let sum = 0.5 * columns.residual(b).square + descent.l1 * lengths + 0.5 * descent.l2 * squares
            return sum / problem.weight
        }

        /// Each alpha of a descending path; `b` ends at the last.
        func walk(_ path: [Double], from b: UnsafeMutablePointer<Double>) throws(ApusError) -> [(
            name: String, value: Tensor
        )] {
            let allocator = input.context.allocator
            let p = columns.count
            let coefficients = try Tensor(.float64, Shape(p, path.count), in: allocator)
            let intercepts = try Tensor(.float64, Shape(path.count), in: allocator)
            let gaps = try Tensor(.float64, Shape(path.count), in: allocator)
            try columns.begin(0, at: b)
            for (index, alpha) in path.enumerated() {
                gaps.doubles[index] = try run(alpha, b).gap / problem.weight
                for c in 0..<p { coefficients.doubles[c &* path.count + index] = b[c] }
                let own = try columns.intercepts(b)
                intercepts.doubles[index] = own.pointer[0]
                withExtendedLifetime(own) {}
            }
            return [
                (name: "alphas_", value: try Tensor(doubles: path, Shape(path.count), in: allocator)),
                (name: "coef_path_", value: coefficients), (name: "intercept_path_", value: intercepts),
                (name: "dual_gaps_", value: gaps),
            ]
        }
    }
}
