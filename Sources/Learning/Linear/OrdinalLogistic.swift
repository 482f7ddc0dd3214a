import Core
import Numerics

/// Ordinal logistic regression: classes in the order of their labels, P(y <= k) = sigmoid(threshold_k - x coef) with
/// increasing thresholds and one row of coefficients (McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x). It
/// minimises
///
///     -sum w ln P(y) + alpha/2 |coef|^2                                       (loss=proportional_odds)
///     sum w sum_k ln(1 + exp(-s_k (threshold_k - x coef))) + alpha/2 |coef|^2   (loss=all_threshold, s_k = +-1)
///
/// (Rennie and Srebro 2005 for the second.)
enum OrdinalLogistic {
    static let entry = EstimatorEntry(
        kind: "ordinal_logistic", type: "classifier",
        doc: "Logistic regression for ordered classes: one row of coefficients, a threshold between each two classes.",
        parameters: [
            ParameterSpec(
                "alpha", .real(from: 0, to: .infinity), default: 0,
                "The penalty on the coefficients' squares beside the summed loss; thresholds are free."),
            ParameterSpec(
                "loss", .choice(["proportional_odds", "all_threshold"]), default: "proportional_odds",
                "proportional_odds: maximum likelihood; all_threshold: a logistic loss at each threshold."),
            ParameterSpec(
                "prediction", .choice(["most_probable", "threshold"]), default: "most_probable",
                "The class of the largest probability, or the number of thresholds below x coef (the median)."),
            ParameterSpec("max_iter", .integer(1...Int.max), default: 1000, "Iterations at most."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity), default: 1e-6,
                "End when no component of the mean cost's gradient, columns scaled to deviation 1, is larger."),
            ClassWeights.spec,
        ], fit: fit, load: OrdinalLogisticModel.load)

    /// More parameters than these make a Hessian too costly.
    private static let mostNewton = 512

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let context = input.context
        let allocator = context.allocator
        let target = try TrainingData.target(input, severalColumns: false)
        let given = try TrainingData(input)
        let (labels, numbers) = try ClassLabels.read(target, for: parameters.kind, in: allocator)
        let data = try ClassWeights.apply(
            ClassWeights.read(parameters, labels), to: given, numbers: numbers.pointer, classes: labels.count,
            in: allocator)
        context.holdBLAS()
        let coordinates = try ScaledCoordinates(data, intercept: true, in: context)
        let cost = try OrdinalCost(
            data, numbers, coordinates, classes: labels.count,
            likelihood: parameters.text("loss") == "proportional_odds", penalty: parameters.real("alpha") / data.weight, in: context)
        let start = try cost.start(parameters.kind)
        var conditions = StopConditions()
        conditions.mostIterations = parameters.integer("max_iter")
        conditions.tolerance = parameters.real("tol")
        var curve = try LossCurve(in: allocator)
        let began = monotonicSeconds()
        var hessian: Problem.Hessian?
        if cost.count <= mostNewton {
            hessian = { (point, matrix) throws(ApusError) in
                try cost.hessian(point, to: matrix)
                return true
            }
        }
        let run = try Minimisation(
            Problem(
                count: cost.count, hessian: hessian,
                { (point, gradient) throws(ApusError) in try cost.evaluate(point, gradient: gradient) }),
            from: start.pointer, conditions: conditions, in: context
        ) { (iteration) throws(ApusError) in
            try curve.append(iteration.value)
            var report = ProgressReport(.iteration)
            report.epoch = iteration.iteration
            report.epochs = conditions.mostIterations
            report.samples = data.x.rows
            report.seconds = monotonicSeconds() - began
            report.loss = iteration.value
            return try context.report(report, to: input.progress)
        }
        let minimum = try run.run(hessian == nil ? LBFGSB() : Newton())
        if !minimum.isSettled {
            context.warn("ordinal_logistic ended after \(minimum.iterations) iterations before tol was reached.")
        }
        if parameters.real("alpha") == 0, minimum.value * data.weight < 0.693 * cost.leastWeight {
            context.warn(
                "The classes are perfectly separated by x: without a penalty the coefficients of ordinal_logistic have no finite optimum and grow until tol or max_iter; use alpha > 0."
            )
        }
        let (coefficients, thresholds) = try cost.raw(run.x.pointer)
        return try OrdinalLogisticModel(
            parameters, FeatureNotes(features: data.x.columns, names: input.featureNames), labels,
            coefficients: coefficients, thresholds: thresholds,
            [
                (name: "n_iter_", value: try .scalar(minimum.iterations, in: allocator)),
                (name: "loss_curve_", value: try curve.tensor()),
                (name: "converged_", value: try .scalar(minimum.isSettled, in: allocator)),
            ])
    }
}
