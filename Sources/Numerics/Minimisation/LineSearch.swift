import Core

/// One line search by itself, as apus_line_search offers it.
package enum LineSearch {
    package static let specs = [
        ParameterSpec(
            "gradient", .choice(GradientSource.allCases.map(\.rawValue)), default: "callback",
            "callback: the function computes its gradient; forward, central: differences of its values."),
        ParameterSpec("c1", .real(from: 0, to: 1, open: true), default: 1e-4, "Decrease asked for, below c2."),
        ParameterSpec("c2", .real(from: 0, to: 1, open: true), default: 0.9, "Flattening asked for."),
        ParameterSpec("first", .real(from: 0, to: .infinity, open: true), default: 1.0, "The step tried first."),
        ParameterSpec("maximum", .real(from: 0, to: .infinity, open: true), default: 1e10, "The largest step."),
        ParameterSpec("maxiter", .integer(1...Int.max), default: 50, "Steps tried at most."),
    ]

    /// A step along `direction` from x that meets the strong Wolfe conditions, within the bounds; the value and
    /// gradient there are in the result, and in `gradient` where it is given.
    ///
    /// Throws `invalidArgument` for parameters, `notConverged` where the direction does not descend or no step was
    /// found, and what callbacks throw.
    package static func search(
        _ parameters: String, _ problem: Problem, from x: UnsafePointer<Double>,
        along direction: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>?, in context: Context
    ) throws(ApusError) -> (step: Double, minimum: Minimum) {
        let parameters = try Parameters(kind: "line_search", specs: specs, text: parameters)
        guard parameters.real("c1") < parameters.real("c2") else {
            throw .invalid("c1 must be below c2, got \(parameters.real("c1")) and \(parameters.real("c2")).")
        }
        var conditions = StopConditions()
        conditions.tolerance = 0
        let run = try Minimisation(
            problem, from: x, conditions: conditions,
            gradients: GradientSource(rawValue: parameters.text("gradient")) ?? .callback, in: context)
        for i in 0..<problem.count where !direction[i].isFinite {
            throw .invalid("direction must be finite, got \(direction[i]) at index \(i).")
        }
        let method = WolfeStep(
            direction: direction, decrease: parameters.real("c1"), curvature: parameters.real("c2"),
            first: parameters.real("first"), largest: parameters.real("maximum"),
            mostTrials: parameters.integer("maxiter"))
        let minimum = try run.run(method)
        guard minimum.stop == .converged, let step = method.outcome.step else {
            if minimum.stop == .asked { throw ApusError(.interrupted, minimum.message) }
            throw ApusError(.notConverged, method.outcome.failure ?? minimum.message)
        }
        if let gradient { gradient.update(from: run.gradient.pointer, count: run.count) }
        return (step, minimum)
    }
}

/// A line search as a method of one iteration.
private struct WolfeStep: Minimizer, @unchecked Sendable {
    final class Outcome {
        var step: Double?
        var failure: String?
    }

    let direction: UnsafePointer<Double>
    let decrease: Double
    let curvature: Double
    let first: Double
    let largest: Double
    let mostTrials: Int
    let outcome = Outcome()

    func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let slope = innerProduct(run.gradient.pointer, direction, run.count)
        guard slope < 0 else {
            outcome.failure = "The direction does not descend: the slope along it is \(slope)."
            return .precision
        }
        let search = try WolfeLineSearch(run)
        search.decrease = decrease
        search.curvature = curvature
        search.mostTrials = mostTrials
        search.largest = largest
        if let bounds = run.bounds {
            search.largest = min(largest, bounds.largestStep(run.x.pointer, direction))
            guard search.largest > 0 else {
                outcome.failure = "The direction leads out of the bounds at once."
                return .precision
            }
        }
        switch try search.search(along: direction, slope: slope, first: first) {
        case .found where search.isStrong:
            outcome.step = search.step
            run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
            _ = try run.iterated(step: search.step * length(direction, run.count))
            run.message = "The step meets the strong Wolfe conditions."
            return .converged
        case .endless:
            outcome.failure = "The function still falls steeply at the largest step, \(search.step)."
            return .unbounded
        case .notFinite:
            outcome.failure = "No step leads to a finite value of the function."
            return .notFinite
        case .found, .failed:
            outcome.failure =
                "No step met the strong Wolfe conditions; where maxiter is large enough, check the gradient."
            return .precision
        }
    }
}
