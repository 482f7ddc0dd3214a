import Core
import Numerics

/// Linear classifiers by stochastic gradient descent, more than two classes one against the rest.
enum SGDClassifier {
    static let entry = EstimatorEntry(
        kind: "sgd_classifier", type: "classifier",
        doc: "Linear classifier by stochastic gradient descent: linear SVM, logistic regression, others by their loss.",
        parameters: [
            ParameterSpec(
                "loss", .choice(SGDLoss.classification), default: "hinge",
                "hinge: linear SVM; log_loss: logistic regression; modified_huber; squared_hinge; perceptron; or one of regression on -1 and 1."
            )
        ] + SGDSettings.specs(penalty: "l2", schedule: "optimal", rate: 0.01, power: 0.5) + [
            ClassWeights.spec, LinearClassifierModel.threshold,
        ], fit: fit, load: LinearClassifierModel.load)

    static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let parameters = input.parameters
        let context = input.context
        let allocator = context.allocator
        let target = try TrainingData.target(input, severalColumns: false)
        let data = try TrainingData(input)
        let (labels, numbers) = try ClassLabels.read(target, for: parameters.kind, in: allocator)
        let factors = ClassWeights.factors(
            try ClassWeights.read(parameters, labels), data, numbers: numbers.pointer, classes: labels.count)
        try data.x.requireFinite("x")
        let n = data.x.rows
        let p = data.x.columns
        let descent = try SGDSettings.descent(parameters, rows: n)
        let (kept, held) = try SGDSettings.split(rows: n, groups: numbers.pointer, count: labels.count, input)
        let outputs = labels.count == 2 ? 1 : labels.count
        // Everything a class needs, so that classes can go side by side.
        var works: [Work] = []
        for k in 0..<outputs {
            let own = outputs == 1 ? 1 : k
            let weights = try ClassWeights.oneAgainstRest(
                factors, data, numbers: numbers.pointer, own: own, in: allocator)
            works.append(
                try Work(
                    positive: own, numbers: numbers, weights, kept: kept, features: p, batch: descent.batch,
                    random: context.nextStream(), in: allocator))
        }
        let start = monotonicSeconds()
        let reports = outputs == 1 && input.progress != nil
        let body = { (k: Int) in
            let work = works[k]
            let rows = StochasticDescent.Rows(
                x: data.x, targets: work.targets.pointer, weights: work.weights.map { UnsafePointer($0.pointer) },
                order: work.order)
            work.outcome = descent.run(
                rows, work.w.pointer, work.scratch, random: work.random, in: context,
                score: held.count > 0 ? { work.accuracy(data.x, held) } : nil
            ) { outcome in
                if context.isInterrupted { return true }
                if !reports { return false }
                do throws(ApusError) {
                    return try SGDSettings.report(outcome, input, rows: n, since: start)
                } catch {
                    work.failure = error
                    return true
                }
            }
        }
        if outputs == 1 { body(0) } else { context.parallel(outputs, body) }
        try context.checkInterrupt()
        return try model(input, labels, works)
    }

    private static func model(_ input: FitInput, _ labels: ClassLabels, _ works: [Work]) throws(ApusError)
        -> any FittedModel
    {
        let allocator = input.context.allocator
        let p = input.x.shape[1]
        let coefficients = try Buffer<Double>(works.count &* p, in: allocator)
        let intercepts = try Buffer<Double>(works.count, in: allocator)
        var passes = 0
        var updates = 0
        var converged = true
        for (k, work) in works.enumerated() {
            if let failure = work.failure { throw failure }
            guard work.outcome.isFinite else { throw SGDSettings.diverged(input.parameters, work.outcome) }
            (coefficients.pointer + k &* p).update(from: work.w.pointer, count: p)
            intercepts.pointer[k] = work.w.pointer[p]
            passes = max(passes, work.outcome.passes)
            updates = max(updates, work.outcome.updates)
            converged = converged && work.outcome.converged
        }
        if !converged, !input.parameters["tol"].isNull {
            input.context.warn(
                "\(input.parameters.kind) ended after \(passes) passes before tol was reached; raise max_iter.")
        }
        return try LinearClassifierModel(
            input.parameters, FeatureNotes(features: p, names: input.featureNames), labels,
            coefficients: coefficients.pointer, intercepts: intercepts.pointer,
            [
                (name: "n_iter_", value: try .scalar(passes, in: allocator)),
                (name: "t_", value: try .scalar(updates + 1, in: allocator)),
                (name: "converged_", value: try .scalar(converged, in: allocator)),
            ], in: allocator)
    }

    /// One class against the rest.
    private final class Work: @unchecked Sendable {
        let w: Buffer<Double>
        let targets: Buffer<Double>
        /// nil when all are 1.
        let weights: Buffer<Double>?
        let order: Buffer<Int>
        let scratch: StochasticDescent.Scratch
        let random: Philox
        var outcome = StochasticDescent.Outcome()
        var failure: ApusError?

        init(
            positive: Int, numbers: Buffer<Double>, _ weights: Buffer<Double>?, kept: Buffer<Int>, features: Int,
            batch: Int, random: Philox, in allocator: Allocator
        ) throws(ApusError) {
            self.weights = weights
            w = try Buffer(zeros: features + 1, in: allocator)
            targets = try Buffer(numbers.count, in: allocator)
            for r in 0..<numbers.count { targets.pointer[r] = numbers.pointer[r] == Double(positive) ? 1 : -1 }
            order = try kept.copy(in: allocator)
            scratch = try StochasticDescent.Scratch(features: features, batch: batch, in: allocator)
            self.random = random
        }

        /// The share of rows held back that are told right.
        func accuracy(_ x: Matrix, _ held: Buffer<Int>) -> Double {
            var right = 0
            for i in 0..<held.count {
                let r = held.pointer[i]
                let score = w.pointer[x.columns] + sumOfProducts(x.row(r), w.pointer, x.columns)
                if (score > 0) == (targets.pointer[r] > 0) { right += 1 }
            }
            return Double(right) / Double(held.count)
        }
    }
}
