import Core

/// One minimisation while it runs: the point, its value and gradient, the counts, and every reason to end that does not
/// depend on the method.
package final class Minimisation {
    package let context: Context
    package let problem: Problem
    /// Numbers in x.
    package let count: Int
    package let bounds: Bounds?
    package let conditions: StopConditions

    /// The point reached.
    package let x: Buffer<Double>
    /// The gradient at `x`; empty for methods without.
    package let gradient: Buffer<Double>
    /// The value at `x`.
    package var value = Double.nan
    /// The largest absolute component of the (projected) gradient at `x`; NaN for methods without.
    package private(set) var slope = Double.nan
    package private(set) var iterations = 0
    package private(set) var functionEvaluations = 0
    package private(set) var gradientEvaluations = 0
    package private(set) var hessianEvaluations = 0

    /// Set by a method that has one: writes the inverse Hessian (n x n) as it stands.
    package var inverseHessian: ((UnsafeMutablePointer<Double>) throws(ApusError) -> Void)?
    /// Set by a method that knows better than the standard sentence why it ended.
    package var message: String?

    /// Where gradients come from; nil for methods without.
    package let gradientSource: GradientSource?

    private let differences: FiniteDifferenceGradient?
    private let step: MinimisationStep
    /// Set when an evaluation ends the run: the error thrown then is not the caller's.
    private var ending: StopReason?
    /// What a method asked to remember.
    private var remembered: Evaluated?
    /// What the last evaluation allowed found, when it is lower than `value`.
    private var last: Evaluated?
    /// Below this value the function counts as unbounded.
    private var floor = -Double.infinity

    private struct Evaluated {
        var value: Double
        let x: Buffer<Double>
        let gradient: Buffer<Double>
    }

    /// Values lower than the scale of the problem at the start by this factor are beyond any minimum.
    private static let abyss = 1e20

    /// A run from `start`, projected onto the bounds. `gradients` is nil for methods that use none.
    /// Throws `invalidArgument` for a start that is not finite and an empty one.
    package init(
        _ problem: Problem, from start: UnsafePointer<Double>, conditions: StopConditions,
        gradients: GradientSource? = .callback, in context: Context,
        step: @escaping MinimisationStep = { (_) throws(ApusError) in false }
    ) throws(ApusError) {
        guard problem.count > 0 else { throw .invalid("n must be at least 1, got \(problem.count).") }
        // Before x is read: a count that no memory holds is not x's either.
        x = try Buffer(problem.count, in: context.allocator)
        for i in 0..<problem.count where !start[i].isFinite {
            throw .invalid("x must be finite, got \(start[i]) at index \(i).")
        }
        self.context = context
        self.problem = problem
        self.conditions = conditions
        self.step = step
        count = problem.count
        bounds = problem.bounds
        x.pointer.update(from: start, count: count)
        gradientSource = gradients
        gradient = try Buffer(gradients == nil ? 0 : count, in: context.allocator)
        switch gradients {
        case .forward?, .central?:
            differences = try FiniteDifferenceGradient(
                count, central: gradients == .central, bounds: bounds, in: context.allocator)
        case .callback?, nil: differences = nil
        }
        bounds?.project(x.pointer)
    }

    package var usesGradient: Bool { gradient.count > 0 }

    // MARK: The run

    /// Evaluates the start and lets a method run from there.
    /// Throws `notConverged` when the function or its gradient is not finite at the start, and what callbacks throw.
    package func run(_ minimizer: any Minimizer) throws(ApusError) -> Minimum {
        var stop: StopReason
        do throws(ApusError) {
            let early = try begin()
            let isDone = early != .converged || conditions.mostIterations == 0 || !minimizer.leavesSaddles
            if let early, isDone {
                stop = early
            } else {
                stop = try minimizer.minimise(self)
            }
        } catch {
            guard let ending else { throw error }
            // Asked to stop before there was anything to keep.
            guard value.isFinite else {
                throw ApusError(.interrupted, "The function asked to stop at the start.")
            }
            stop = ending
        }
        if usesGradient { updateSlope() }
        if let remembered { adopt(remembered) }
        if let last, last.value < value { adopt(last) }
        return Minimum(
            value: value, slope: slope, iterations: iterations, functionEvaluations: functionEvaluations,
            gradientEvaluations: gradientEvaluations, hessianEvaluations: hessianEvaluations, stop: stop,
            message: message ?? sentence(stop))
    }

    /// Evaluates the start: `value`, `gradient` and `slope` are known after it. A reason when that is the end already.
    package func begin() throws(ApusError) -> StopReason? {
        if usesGradient {
            for i in 0..<count { gradient.pointer[i] = .nan }
            value = try evaluate(x.pointer, gradient: gradient.pointer)
        } else {
            value = try evaluate(x.pointer)
        }
        guard value.isFinite else {
            throw ApusError(.notConverged, "The function to minimise is \(value) at the start.")
        }
        floor = -Minimisation.abyss * max(1, abs(value))
        guard usesGradient else { return conditions.mostIterations == 0 ? .iterations : nil }
        for i in 0..<count where !gradient.pointer[i].isFinite {
            throw ApusError(
                .notConverged,
                "The gradient is \(gradient.pointer[i]) in component \(i) at the start; where the function computes none, use gradient=forward or central."
            )
        }
        var reach = 1.0
        for i in 0..<count { reach = max(reach, abs(x.pointer[i])) }
        floor = min(floor, -Minimisation.abyss * largestMagnitude(gradient.pointer, count) * reach)
        updateSlope()
        if slope <= conditions.tolerance { return .converged }
        return conditions.mostIterations == 0 ? .iterations : nil
    }

    /// Moves to a point that was evaluated. All may be the run's own memory.
    package func move(
        to point: UnsafePointer<Double>, value: Double, gradient: UnsafePointer<Double>
    ) {
        x.pointer.update(from: point, count: count)
        self.gradient.pointer.update(from: gradient, count: count)
        self.value = value
    }

    /// Ends an iteration at `x` after a step of length `step`: counts it, reports it, and gives a reason when it was
    /// the last one. Throws what the callback throws, and `interrupted`.
    package func iterated(step length: Double) throws(ApusError) -> StopReason? {
        iterations += 1
        if usesGradient { updateSlope() }
        let report = MinimisationReport(
            iteration: iterations, x: x.pointer, count: count, value: value, slope: slope, step: length,
            functionEvaluations: functionEvaluations)
        if try step(report) {
            message = "The callback asked to stop."
            return .asked
        }
        if usesGradient, slope <= conditions.tolerance { return .converged }
        return iterations >= conditions.mostIterations ? .iterations : nil
    }

    /// For methods whose value may rise: remembers the point, which is the result unless another takes its place.
    /// With `ifLower` only where it is lower than the one remembered.
    package func remember(ifLower: Bool) throws(ApusError) {
        if ifLower, let remembered, remembered.value <= value { return }
        if remembered == nil {
            remembered = Evaluated(
                value: value, x: try Buffer(count, in: context.allocator),
                gradient: try Buffer(gradient.count, in: context.allocator))
        }
        remembered?.value = value
        remembered?.x.pointer.update(from: x.pointer, count: count)
        remembered?.gradient.pointer.update(from: gradient.pointer, count: gradient.count)
    }

    /// Lets the point itself be the result, whatever was remembered.
    package func forget() { remembered = nil }

    private func updateSlope() {
        slope = bounds?.slope(x.pointer, gradient.pointer) ?? largestMagnitude(gradient.pointer, count)
    }

    /// Whether a point differs from `x` in any component.
    func hasLeft(_ point: UnsafePointer<Double>) -> Bool {
        for i in 0..<count where point[i] != x.pointer[i] { return true }
        return false
    }

    // MARK: Evaluation

    /// The value at a point, not finite where the function is undefined there.
    /// Throws what the function throws and, to end the run, when it asks to stop, falls without end, or has been called
    /// as often as allowed.
    package func evaluate(_ point: UnsafePointer<Double>) throws(ApusError) -> Double {
        let value = try call(point, nil)
        try watch(point, value, nil)
        return value
    }

    /// The value and the gradient at a point. Where the value is not finite the gradient is not to be looked at.
    /// Throws as `evaluate` does.
    package func evaluate(_ point: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>) throws(ApusError)
        -> Double
    {
        let value: Double
        if let differences {
            value = try call(point, nil)
            // At the start, so that it is kept where the limit of calls comes before the differences are done.
            if self.value.isNaN { self.value = value }
            if value.isFinite {
                try differences.write(point, value: value, to: gradient) { (near) throws(ApusError) in
                    try call(near, nil)
                }
            }
        } else {
            value = try call(point, gradient)
        }
        gradientEvaluations += 1
        try watch(point, value, gradient)
        return value
    }

    /// Writes the Hessian that the problem's owner computes; false where there is none.
    /// Throws what the owner throws and, to end the run, when it asks to stop.
    package func hessian(_ point: UnsafePointer<Double>, to matrix: UnsafeMutablePointer<Double>) throws(ApusError)
        -> Bool
    {
        guard let hessian = problem.hessian else { return false }
        try context.checkInterrupt()
        hessianEvaluations += 1
        if try !hessian(point, matrix) { throw end(.asked, "The Hessian function asked to stop.") }
        return true
    }

    /// Writes the Hessian times a vector as the problem's owner computes it; false where there is no such function.
    /// Throws as `hessian` does.
    package func hessianProduct(
        _ point: UnsafePointer<Double>, _ vector: UnsafePointer<Double>, to product: UnsafeMutablePointer<Double>
    ) throws(ApusError) -> Bool {
        guard let function = problem.product else { return false }
        try context.checkInterrupt()
        hessianEvaluations += 1
        if try !function(point, vector, product) { throw end(.asked, "The Hessian product asked to stop.") }
        return true
    }

    /// The error that ends the run with a reason, `x` being the result.
    package func end(_ reason: StopReason, _ message: String) -> ApusError {
        ending = reason
        self.message = message
        return ApusError(.interrupted, message)
    }

    private func call(_ point: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>?) throws(ApusError)
        -> Double
    {
        try context.checkInterrupt()
        if functionEvaluations >= conditions.mostEvaluations {
            throw end(.evaluations, "The limit of \(conditions.mostEvaluations) function evaluations was reached.")
        }
        functionEvaluations += 1
        guard let value = try problem.function(point, gradient) else {
            throw end(.asked, "The function asked to stop.")
        }
        return value
    }

    /// Keeps what would be lost and ends the run where the function falls without end.
    private func watch(_ point: UnsafePointer<Double>, _ value: Double, _ gradient: UnsafePointer<Double>?)
        throws(ApusError)
    {
        let isBelow = value < floor
        if isBelow || functionEvaluations >= conditions.mostEvaluations, value.isFinite, value < self.value {
            // A method that is not asked for more would not come to move here.
            if !usesGradient || gradient.map({ largestMagnitude($0, count).isFinite }) == true {
                last = Evaluated(
                    value: value, x: try Buffer(copying: point, count: count, in: context.allocator),
                    gradient: try Buffer(copying: gradient ?? point, count: self.gradient.count, in: context.allocator))
            }
        }
        if isBelow {
            throw end(.unbounded, "The function has no minimum: it fell to \(value) and goes on falling.")
        }
    }

    private func adopt(_ evaluated: Evaluated) {
        x.pointer.update(from: evaluated.x.pointer, count: count)
        value = evaluated.value
        if usesGradient {
            gradient.pointer.update(from: evaluated.gradient.pointer, count: count)
            updateSlope()
        }
    }

    // MARK: The result

    /// Writes the point and, where there is a place for them, the gradient and the inverse Hessian (NaN where the
    /// method has none) to the caller.
    package func deliver(
        _ x: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>? = nil,
        inverseHessian: UnsafeMutablePointer<Double>? = nil
    ) throws(ApusError) {
        if let inverseHessian {
            if let own = self.inverseHessian {
                try own(inverseHessian)
            } else {
                for i in 0..<count {
                    for j in 0..<count { inverseHessian[i &* count + j] = .nan }
                }
            }
        }
        x.update(from: self.x.pointer, count: count)
        guard let gradient else { return }
        for i in 0..<count { gradient[i] = usesGradient ? self.gradient.pointer[i] : .nan }
    }

    private func sentence(_ stop: StopReason) -> String {
        switch stop {
        case .converged:
            return usesGradient
                ? "Converged: no component of the gradient is above \(conditions.tolerance)."
                : "Converged to the tolerances of the method."
        case .iterations: return "The limit of \(conditions.mostIterations) iterations was reached."
        case .evaluations: return "The limit of \(conditions.mostEvaluations) function evaluations was reached."
        case .asked: return "The caller asked to stop."
        case .unbounded: return "The function has no minimum: it goes on falling along the last direction."
        case .notFinite: return "No step leads to a finite value of the function."
        case .precision:
            // To first order a unit step would change the value by much more than rounding does.
            var size = 1.0
            for i in 0..<count { size = max(size, abs(x.pointer[i])) }
            return usesGradient && slope * size > problem.precision.share * max(1, abs(value))
                ? "No step lowers the value although the gradient is \(slope): check that it is the gradient of the function."
                : "No step lowers the value any more in \(problem.precision.rawValue) precision."
        }
    }
}
