import Core
import Numerics

/// The linear support vector machine, more than two classes one against the rest. Minimises
///
///     1/2 |coef|^2 + 1/2 (intercept / intercept_scaling)^2 + C sum w max(0, 1 - y s)^power
///
/// with power 1 (hinge) or 2 (squared_hinge), s being the score and y -1 or 1: as LIBLINEAR, the intercept is the
/// coefficient of one more column, and penalised. Solved by dual coordinate descent with shrinking (Hsieh, Chang, Lin,
/// Keerthi, Sundararajan 2008, doi:10.1145/1390156.1390208).
enum LinearSVC {
    static let entry = EstimatorEntry(
        kind: "linear_svc", type: "classifier",
        doc: "Linear support vector machine with hinge or squared hinge loss, by dual coordinate descent.",
        parameters: [
            ParameterSpec(
                "loss", .choice(["squared_hinge", "hinge"]), default: "squared_hinge",
                "The loss of margins below 1: linear, or squared."),
            ParameterSpec(
                "C", .real(from: 0, to: .infinity, open: true), default: 1,
                "The weight of the summed loss against the penalty; larger means less penalty."),
            ParameterSpec(
                "tol", .real(from: 0, to: .infinity, open: true), default: 1e-4,
                "End when no margin's slope in the dual is further than this from its optimum."),
            ParameterSpec("max_iter", .integer(1...Int.max), default: 1000, "Rounds over the rows at most."),
            ParameterSpec("fit_intercept", .boolean, default: true, "Fit a constant term as well."),
            ParameterSpec(
                "intercept_scaling", .real(from: 0, to: .infinity, open: true), default: 1,
                "The value of the intercept's column: larger means less penalty on it."),
            ClassWeights.spec, LinearClassifierModel.threshold,
        ], fit: fit, load: LinearClassifierModel.load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let context = input.context
        let allocator = context.allocator
        let target = try TrainingData.target(input, severalColumns: false)
        let data = try TrainingData(input)
        let (labels, numbers) = try ClassLabels.read(target, for: parameters.kind, in: allocator)
        let factors = ClassWeights.factors(
            try ClassWeights.read(parameters, labels), data, numbers: numbers.pointer, classes: labels.count)
        try data.x.requireFinite("x")
        let p = data.x.columns
        let outputs = labels.count == 2 ? 1 : labels.count
        let column = parameters.boolean("fit_intercept") ? parameters.real("intercept_scaling") : 0
        let descent = HingeDescent(
            squared: parameters.text("loss") == "squared_hinge", penalty: parameters.real("C"), column: column,
            tolerance: parameters.real("tol"), mostRounds: parameters.integer("max_iter"))
        var works: [HingeDescent.Work] = []
        for k in 0..<outputs {
            let own = outputs == 1 ? 1 : k
            let weights = try ClassWeights.oneAgainstRest(
                factors, data, numbers: numbers.pointer, own: own, in: allocator)
            works.append(
                try HingeDescent.Work(
                    data.x, numbers, weights, positive: own, random: context.nextStream(), in: allocator))
        }
        var failure: ApusError?
        let start = monotonicSeconds()
        if outputs == 1 {
            descent.run(data.x, works[0], in: context) { rounds, gap in
                if context.isInterrupted { return true }
                var report = ProgressReport(.iteration)
                report.epoch = rounds
                report.epochs = descent.mostRounds
                report.samples = data.x.rows
                report.seconds = monotonicSeconds() - start
                report.loss = gap
                do throws(ApusError) { return try context.report(report, to: input.progress) } catch {
                    failure = error
                    return true
                }
            }
        } else {
            context.parallel(outputs) { k in
                descent.run(data.x, works[k], in: context) { _, _ in context.isInterrupted }
            }
        }
        if let failure { throw failure }
        try context.checkInterrupt()
        let coefficients = try Buffer<Double>(outputs &* p, in: allocator)
        let intercepts = try Buffer<Double>(outputs, in: allocator)
        for (k, work) in works.enumerated() {
            (coefficients.pointer + k &* p).update(from: work.w.pointer, count: p)
            intercepts.pointer[k] = column * work.w.pointer[p]
        }
        guard coefficients.elements.allSatisfy({ $0.isFinite }), intercepts.elements.allSatisfy({ $0.isFinite }) else {
            throw ApusError(
                .notConverged, "The coefficients of linear_svc overflow float64: scale the columns of x first.")
        }
        let rounds = works.map(\.rounds).max() ?? 0
        let converged = works.allSatisfy(\.converged)
        if !converged {
            context.warn(
                "linear_svc ended after \(rounds) rounds before tol was reached; raise max_iter, or scale the columns first."
            )
        }
        return try LinearClassifierModel(
            parameters, FeatureNotes(features: p, names: input.featureNames), labels,
            coefficients: coefficients.pointer, intercepts: intercepts.pointer,
            [
                (name: "n_iter_", value: try .scalar(rounds, in: allocator)),
                (name: "converged_", value: try .scalar(converged, in: allocator)),
            ], in: allocator)
    }
}
