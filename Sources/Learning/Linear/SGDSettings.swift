import Core
import Numerics

/// The parameters that kinds of stochastic gradient descent share, and their checks.
enum SGDSettings {
    static func specs(
        penalty: String, alpha: Double = 1e-4, schedule: String, rate: Double, power: Double
    ) -> [ParameterSpec] {
        [
            ParameterSpec(
                "penalty", .choice(["l2", "l1", "elasticnet", "none"]), default: .string(penalty),
                "l2: half the squares of coef; l1: absolute values; elasticnet: both by l1_ratio."),
            ParameterSpec(
                "alpha", .real(from: 0, to: .infinity), default: .number(alpha),
                "The penalty beside the mean loss; learning_rate=optimal needs it above 0."),
            ParameterSpec(
                "l1_ratio", .real(from: 0, to: 1), default: 0.15,
                "penalty=elasticnet: the share of the absolute values."),
        ] + runSpecs(tolerance: 1e-3) + [
            ParameterSpec(
                "epsilon", .real(from: 0, to: .infinity), default: 0.1,
                "loss=huber: where it becomes linear; epsilon_insensitive losses: what counts as no error."),
            ParameterSpec(
                "learning_rate", .choice(["constant", "optimal", "invscaling", "adaptive"]),
                default: .string(schedule),
                "constant: eta0; optimal: 1 / (alpha (t0 + t)); invscaling: eta0 / t^power_t; adaptive: eta0, a fifth of it each time passes bring nothing."
            ),
            ParameterSpec(
                "eta0", .real(from: 0, to: .infinity, open: true), default: .number(rate), "The first step."),
            ParameterSpec(
                "power_t", .real(from: -.infinity, to: .infinity), default: .number(power),
                "learning_rate=invscaling: the exponent."),
            ParameterSpec("average", .boolean, default: false, "The mean of the coefficients after all updates."),
        ]
    }

    /// Those of every kind, perceptron too.
    static func runSpecs(tolerance: Double) -> [ParameterSpec] {
        [
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well; never penalised."),
            ParameterSpec("max_iter", .integer(1...Int.max), default: 1000, "Passes over the rows at most."),
            ParameterSpec(
                "tol", .nullable(.real(from: 0, to: .infinity)), default: .number(tolerance),
                "End when n_iter_no_change passes lower the mean loss (or raise the score of rows held back) by less; null: run all max_iter."
            ),
            ParameterSpec("shuffle", .boolean, default: true, "Take the rows in a new random order each pass."),
            ParameterSpec(
                "batch_size", .integer(1...Int.max), default: 1, "Rows of an update, whose slopes are averaged."),
            ParameterSpec(
                "early_stopping", .boolean, default: false,
                "Hold validation_fraction of the rows back and end when their score stands still."),
            ParameterSpec(
                "validation_fraction", .real(from: 0, to: 1, open: true), default: 0.1,
                "early_stopping: the share of the rows held back."),
            ParameterSpec(
                "n_iter_no_change", .integer(1...Int.max), default: 5, "Passes without progress before the end."),
        ]
    }

    /// Throws `invalidArgument` where parameters contradict.
    static func descent(_ parameters: Parameters, rows: Int) throws(ApusError) -> StochasticDescent {
        let kind = parameters.kind
        let isPerceptron = kind == "perceptron"
        let named = StochasticDescent.Schedule(rawValue: parameters.text("learning_rate"))
        let schedule = isPerceptron ? .constant : named ?? .constant
        let alpha = parameters.real("alpha")
        if schedule == .optimal, alpha == 0 {
            throw .parameter("alpha", of: kind, mustBe: "above 0 for learning_rate=optimal", got: "0")
        }
        let share =
            switch parameters.text("penalty") {
            case "l1": 1.0
            case "elasticnet": parameters.real("l1_ratio")
            default: 0.0
            }
        let isPenalised = parameters.text("penalty") != "none"
        return StochasticDescent(
            loss: isPerceptron ? .perceptron : SGDLoss(rawValue: parameters.text("loss")) ?? .squaredError,
            epsilon: parameters.real("epsilon"), alpha: alpha, l1: isPenalised ? share : 0,
            l2: isPenalised ? 1 - share : 0, intercept: parameters.boolean("fit_intercept"),
            mostPasses: parameters.integer("max_iter"),
            tolerance: parameters["tol"].doubleValue ?? -.infinity, shuffle: parameters.boolean("shuffle"),
            schedule: schedule, firstRate: parameters.real("eta0"), power: parameters.real("power_t"),
            patience: parameters["tol"].isNull ? Int.max : parameters.integer("n_iter_no_change"),
            batch: min(parameters.integer("batch_size"), rows), averages: parameters.boolean("average"))
    }

    /// Rows held back, at random, and the others; the same share of each group where there are numbers of groups.
    /// Throws `invalidArgument` when either would be empty.
    static func split(
        rows: Int, groups: UnsafePointer<Double>?, count: Int, _ input: FitInput
    ) throws(ApusError) -> (kept: Buffer<Int>, held: Buffer<Int>) {
        let allocator = input.context.allocator
        let parameters = input.parameters
        guard parameters.boolean("early_stopping") else {
            let all = try Buffer<Int>(rows, in: allocator)
            for r in 0..<rows { all.pointer[r] = r }
            return (all, try Buffer<Int>(0, in: allocator))
        }
        let order = try Buffer<Int>(rows, in: allocator)
        input.context.nextStream().permute(order.pointer, count: rows)
        var left = [Double](repeating: 0, count: max(count, 1))
        for r in 0..<rows { left[groups.map { Int($0[r]) } ?? 0] += parameters.real("validation_fraction") }
        // What is owed to each group, rounded once; at least one row in all is held back.
        var quota = left.map { Int($0.rounded()) }
        if quota.allSatisfy({ $0 == 0 }) { quota[0] = 1 }
        var kept: [Int] = []
        var held: [Int] = []
        for i in 0..<rows {
            let group = groups.map { Int($0[order.pointer[i]]) } ?? 0
            if quota[group] > 0 {
                quota[group] -= 1
                held.append(order.pointer[i])
            } else {
                kept.append(order.pointer[i])
            }
        }
        guard !kept.isEmpty, !held.isEmpty else {
            throw .parameter(
                "validation_fraction", of: parameters.kind,
                mustBe: "such that rows are left on both sides (of \(rows))",
                got: "\(parameters.real("validation_fraction"))")
        }
        return (try Buffer(kept.sorted(), in: allocator), try Buffer(held.sorted(), in: allocator))
    }

    static func diverged(_ parameters: Parameters, _ outcome: StochasticDescent.Outcome) -> ApusError {
        ApusError(
            .notConverged,
            "The coefficients of \(parameters.kind) are no longer finite after \(outcome.passes) passes: lower eta0, or scale the columns first (standard_scaler)."
        )
    }

    /// Reports the passes of a fit to the caller.
    static func report(_ outcome: StochasticDescent.Outcome, _ input: FitInput, rows: Int, since start: Double)
        throws(ApusError) -> Bool
    {
        var report = ProgressReport(.iteration)
        report.epoch = outcome.passes
        report.epochs = input.parameters.integer("max_iter")
        report.samples = rows
        report.seconds = monotonicSeconds() - start
        report.loss = outcome.losses.last ?? 0
        return try input.context.report(report, to: input.progress)
    }
}
