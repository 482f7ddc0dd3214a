import Core
import Glibc
import Numerics

/// The minimum of one logistic or softmax cost: mean loss + penalty.
struct LogisticSolver {
    let input: FitInput
    let objective: LinearObjective
    let rows: TargetedRows
    let data: TrainingData
    /// The factor of sum |coef| beside the mean loss.
    let l1: Double

    /// More parameters than these make a Hessian too costly: for sigmoid, softmax, and with absolute values.
    private static let mostSigmoid = 512
    private static let mostSoftmax = 200
    private static let mostSparse = 1500

    private var parameters: Parameters { input.parameters }
    private var context: Context { input.context }

    /// Writes the parameters, coefficients then intercepts, to `weights`, which start at 0.
    func solve(_ weights: Buffer<Double>) throws(ApusError) -> GradientDescent.Outcome {
        let outcome: GradientDescent.Outcome
        if parameters.text("solver") == "gd" {
            try rows.x.requireFinite("x")
            outcome = try GradientDescent(parameters).run(objective, rows, weights, input)
        } else if l1 > 0 {
            outcome = try sparse(weights)
        } else {
            outcome = try smooth(weights)
        }
        try remark(outcome, weights)
        return outcome
    }

    // MARK: Smooth costs

    /// Newton or L-BFGS in scaled coordinates; on many rows from the optimum of some.
    private func smooth(_ weights: Buffer<Double>) throws(ApusError) -> GradientDescent.Outcome {
        if parameters.text("solver") == "auto", usesNewton,
            let start = try LogisticStart(objective, rows, in: context)
        {
            return try started(start, weights)
        }
        let coordinates = try ScaledCoordinates(data, intercept: objective.intercept, in: context)
        let scaled = try Buffer<Double>(zeros: objective.count, in: context.allocator)
        var curve = try LossCurve(in: context.allocator)
        let start = monotonicSeconds()
        let cost: Problem.Function = { (point, gradient) throws(ApusError) in
            try self.cost(point, gradient, coordinates, weights)
        }
        let step: MinimisationStep = { (iteration) throws(ApusError) in
            try curve.append(iteration.value)
            return try report(iteration.iteration, iteration.value, since: start)
        }
        var hessian: Problem.Hessian?
        if usesNewton {
            let second = LogisticHessian(objective: objective, rows: rows, coordinates: coordinates, context: context)
            hessian = { (point, matrix) throws(ApusError) in
                coordinates.raw(point, objective, to: weights.pointer)
                try second.write(weights.pointer, to: matrix)
                return true
            }
        }
        let run = try Minimisation(
            Problem(count: objective.count, hessian: hessian, cost), from: scaled.pointer, conditions: conditions,
            in: context, step: step)
        let minimum = try run.run(hessian == nil ? LBFGSB() : Newton())
        coordinates.raw(run.x.pointer, objective, to: weights.pointer)
        return GradientDescent.Outcome(
            iterations: minimum.iterations, converged: minimum.isSettled, curve: curve)
    }

    /// L-BFGS from the optimum of a sample, in the coordinates in which its Hessian is 1.
    private func started(_ start: LogisticStart, _ weights: Buffer<Double>) throws(ApusError)
        -> GradientDescent.Outcome
    {
        let d = objective.count
        let factor = UnsafePointer(start.factor.pointer)
        let first = try Buffer<Double>(d, in: context.allocator)
        let point = try Buffer<Double>(d, in: context.allocator)
        for i in 0..<d {
            var sum = 0.0
            for j in i..<d { sum += factor[j &* d + i] * start.point.pointer[j] }
            first.pointer[i] = sum
        }
        var curve = try LossCurve(in: context.allocator)
        let began = monotonicSeconds()
        var current: Minimisation?
        var reached = false
        let tolerance = parameters.real("tol")
        let function: Problem.Function = { (u, gradient) throws(ApusError) in
            LogisticStart.solveTransposed(factor, d, u, to: point.pointer)
            let value = try cost(point.pointer, gradient, start.coordinates, weights)
            if !value.isFinite { try rows.x.requireFinite("x") }
            if let gradient { LogisticStart.solve(factor, d, gradient) }
            return value
        }
        var conditions = conditions
        conditions.tolerance = 0
        let run = try Minimisation(
            Problem(count: d, function), from: first.pointer, conditions: conditions, in: context
        ) { (iteration) throws(ApusError) in
            try curve.append(iteration.value)
            if try report(iteration.iteration, iteration.value, since: began) { return true }
            // The gradient by the scaled parameters, which tol is about.
            guard let current else { return false }
            reached = LogisticStart.largest(factor, d, current.gradient.pointer) <= tolerance
            return reached
        }
        current = run
        defer { current = nil }
        let minimum = try run.run(LBFGSB())
        LogisticStart.solveTransposed(factor, d, run.x.pointer, to: point.pointer)
        start.coordinates.raw(point.pointer, objective, to: weights.pointer)
        withExtendedLifetime(start) {}
        return GradientDescent.Outcome(
            iterations: minimum.iterations, converged: reached || minimum.isSettled, curve: curve)
    }

    /// The cost at scaled parameters; `weights` become those in the caller's units.
    private func cost(
        _ point: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>?, _ coordinates: ScaledCoordinates,
        _ weights: Buffer<Double>
    ) throws(ApusError) -> Double {
        coordinates.raw(point, objective, to: weights.pointer)
        let cost = try objective.evaluate(weights.pointer, on: rows, gradient: gradient)
        if let gradient { coordinates.scaleGradient(gradient, objective) }
        return cost
    }

    private func report(_ iteration: Int, _ cost: Double, since start: Double) throws(ApusError) -> Bool {
        var report = ProgressReport(.iteration)
        report.epoch = iteration
        report.epochs = parameters.integer("max_iter")
        report.samples = rows.x.rows
        report.seconds = monotonicSeconds() - start
        report.loss = cost
        return try context.report(report, to: input.progress)
    }

    private var conditions: StopConditions {
        var conditions = StopConditions()
        conditions.mostIterations = parameters.integer("max_iter")
        conditions.tolerance = parameters.real("tol")
        return conditions
    }

    private var usesNewton: Bool {
        switch parameters.text("solver") {
        case "newton": true
        case "lbfgs": false
        default: objective.count <= (objective.outputs == 1 ? LogisticSolver.mostSigmoid : LogisticSolver.mostSoftmax)
        }
    }

    // MARK: Absolute values

    /// Proximal Newton steps; L-BFGS within bounds on the positive and negative parts where a Hessian is too large.
    private func sparse(_ weights: Buffer<Double>) throws(ApusError) -> GradientDescent.Outcome {
        let coordinates = try ScaledCoordinates(data, intercept: objective.intercept, in: context)
        let n = objective.count
        let factors = try Buffer<Double>(zeros: n, in: context.allocator)
        for k in 0..<objective.outputs {
            for c in 0..<objective.features {
                factors.pointer[k &* objective.features + c] = l1 / coordinates.scale.pointer[c]
            }
        }
        if n > LogisticSolver.mostSparse { return try split(weights, coordinates, factors) }
        let scaled = try Buffer<Double>(zeros: n, in: context.allocator)
        var curve = try LossCurve(in: context.allocator)
        let start = monotonicSeconds()
        let second = LogisticHessian(
            objective: objective, rows: rows, coordinates: coordinates, context: context, liftsCoefficients: false)
        let newton = ProximalNewton(
            count: n, l1: factors.pointer, tolerance: parameters.real("tol"),
            mostIterations: parameters.integer("max_iter"))
        let end = try newton.run(
            scaled.pointer,
            { (point, gradient) throws(ApusError) in try cost(point, gradient, coordinates, weights) },
            hessian: { (point, matrix) throws(ApusError) in
                coordinates.raw(point, objective, to: weights.pointer)
                try second.write(weights.pointer, to: matrix)
            }, in: context,
            report: { (iteration, value) throws(ApusError) in
                try curve.append(value)
                return try report(iteration, value, since: start)
            })
        coordinates.raw(scaled.pointer, objective, to: weights.pointer)
        withExtendedLifetime(factors) {}
        return GradientDescent.Outcome(iterations: end.iterations, converged: end.converged, curve: curve)
    }

    /// v = a - b with a, b >= 0 makes the cost smooth within bounds.
    private func split(_ weights: Buffer<Double>, _ coordinates: ScaledCoordinates, _ factors: Buffer<Double>)
        throws(ApusError) -> GradientDescent.Outcome
    {
        let n = objective.count
        let penalised = objective.outputs &* objective.features
        let count = n + penalised
        let lower = try Buffer<Double>(zeros: count, in: context.allocator)
        for i in penalised..<n { lower.pointer[i] = -.infinity }
        let parts = try Buffer<Double>(zeros: count, in: context.allocator)
        let point = try Buffer<Double>(n, in: context.allocator)
        var curve = try LossCurve(in: context.allocator)
        let start = monotonicSeconds()
        let function: Problem.Function = { (parts, gradient) throws(ApusError) in
            point.pointer.update(from: parts, count: n)
            var lengths = 0.0
            for i in 0..<penalised {
                point.pointer[i] -= parts[n + i]
                lengths += factors.pointer[i] * (parts[i] + parts[n + i])
            }
            let value = try cost(point.pointer, gradient, coordinates, weights) + lengths
            if let gradient {
                for i in 0..<penalised {
                    gradient[n + i] = factors.pointer[i] - gradient[i]
                    gradient[i] += factors.pointer[i]
                }
            }
            return value
        }
        let run = try Minimisation(
            Problem(
                count: count, bounds: Bounds(lower: lower.pointer, upper: nil, count: count, in: context.allocator),
                function), from: parts.pointer, conditions: conditions, in: context
        ) { (iteration) throws(ApusError) in
            try curve.append(iteration.value)
            return try report(iteration.iteration, iteration.value, since: start)
        }
        let minimum = try run.run(LBFGSB())
        point.pointer.update(from: run.x.pointer, count: n)
        for i in 0..<penalised { point.pointer[i] -= run.x.pointer[n + i] }
        coordinates.raw(point.pointer, objective, to: weights.pointer)
        return GradientDescent.Outcome(
            iterations: minimum.iterations, converged: minimum.isSettled, curve: curve)
    }

    // MARK: Remarks

    /// Says in the log what a caller should know of the result; refuses one that is not finite.
    private func remark(_ outcome: GradientDescent.Outcome, _ weights: Buffer<Double>) throws(ApusError) {
        let kind = parameters.kind
        guard (0..<weights.count).allSatisfy({ weights.pointer[$0].isFinite }) else {
            throw ApusError(
                .notConverged, "The coefficients of \(kind) overflow float64: scale the columns of x first.")
        }
        if !outcome.converged {
            let message = "\(kind) ended after \(outcome.iterations) iterations before tol was reached."
            // Gradient descent is often given its number of iterations on purpose.
            if parameters.text("solver") == "gd" { context.note(message) } else { context.warn(message) }
        }
        if objective.penalty > 0 || l1 > 0 { return }
        let cost = try objective.evaluate(weights.pointer, on: rows, gradient: nil)
        var least = 1.0
        if let all = rows.weights {
            least = .infinity
            for r in 0..<rows.x.rows where all[r] > 0 { least = min(least, all[r]) }
        }
        // When even the sum of the losses is below ln 2, every row's own class has more than half the probability.
        if cost * rows.weight < least * 0.693 {
            context.warn(
                "The classes are perfectly separated by x: without a penalty the coefficients of \(kind) have no finite optimum and grow until tol or max_iter; use penalty=l2."
            )
        }
    }
}
