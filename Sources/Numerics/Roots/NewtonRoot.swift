import Core

/// Newton's method, x - f(x) / f'(x), from one point. A step to where the function is not finite is halved until it is,
/// so a function may be undefined beyond its root. Quadratic at a simple root, linear at a multiple one.
struct NewtonRoot {
    let tolerance: RootTolerance

    /// Halvings of one step.
    private static let mostHalvings = 60

    /// Throws `invalidArgument` for a start that is not finite, and what the functions throw.
    func find(_ function: @escaping ScalarFunction, _ derivative: @escaping ScalarFunction, from start: Double)
        throws(ApusError) -> Root
    {
        guard start.isFinite else { throw .invalid("a must be finite, got \(start).") }
        var probe = RootProbe(function)
        var x = start
        guard let first = try probe(x) else { return probe.asked(after: 0) }
        if !first.isFinite {
            return probe.ended(.notFinite, after: 0, "The function is not finite at the start, x = \(x).")
        }
        var value = first
        var iterations = 0
        while value != 0 {
            if iterations >= tolerance.mostIterations {
                return probe.ended(.iterations, after: iterations, "No root after \(iterations) iterations.")
            }
            iterations += 1
            guard let slope = try probe.slope(derivative, x) else { return probe.asked(after: iterations) }
            if slope == 0 {
                return probe.ended(.notFinite, after: iterations, "The derivative is 0 at x = \(x).")
            }
            if !slope.isFinite {
                return probe.ended(.notFinite, after: iterations, "The derivative is not finite at x = \(x).")
            }
            var step = value / slope
            var next = x - step
            var valueNext = Double.nan
            for _ in 0...NewtonRoot.mostHalvings {
                if next.isFinite {
                    guard let value = try probe(next) else { return probe.asked(after: iterations) }
                    valueNext = value
                }
                if valueNext.isFinite { break }
                step *= 0.5
                next = x - step
            }
            guard valueNext.isFinite else {
                return probe.ended(
                    .notFinite, after: iterations, "The function is not finite near x = \(x), where the step leads.")
            }
            let isClose = abs(next - x) <= tolerance.around(next)
            (x, value) = (next, valueNext)
            if isClose { break }
        }
        return probe.ended(
            at: x, value, .converged, after: iterations,
            value == 0 ? "The function is 0." : "The last step was within the tolerance.")
    }
}
