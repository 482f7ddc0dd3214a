import Core

/// The secant method: Newton's with the slope through the last two points, from two points.
struct Secant {
    let tolerance: RootTolerance

    /// Throws `invalidArgument` for starts that are not finite or the same, and what the function throws.
    func find(_ function: @escaping ScalarFunction, _ a: Double, _ b: Double) throws(ApusError) -> Root {
        guard a.isFinite, b.isFinite, a != b else {
            throw .invalid("a and b must be finite and differ, got \(a) and \(b).")
        }
        var probe = RootProbe(function)
        guard let valueA = try probe(a) else { return probe.asked(after: 0) }
        guard let valueB = try probe(b) else { return probe.asked(after: 0) }
        for (x, y) in [(a, valueA), (b, valueB)] where !y.isFinite {
            return probe.ended(.notFinite, after: 0, "The function is not finite at the start, x = \(x).")
        }
        // From the farther point to the nearer one.
        let inOrder = abs(valueB) <= abs(valueA)
        var (before, valueBefore) = inOrder ? (a, valueA) : (b, valueB)
        var (now, valueNow) = inOrder ? (b, valueB) : (a, valueA)
        var iterations = 0
        while valueNow != 0 {
            if iterations >= tolerance.mostIterations {
                return probe.ended(.iterations, after: iterations, "No root after \(iterations) iterations.")
            }
            iterations += 1
            if valueNow == valueBefore {
                return probe.ended(
                    .notFinite, after: iterations,
                    "The function has the same value, \(valueNow), at the last two points, \(before) and \(now).")
            }
            // The ratio of the smaller value to the larger one does not overflow.
            let part: Double
            if abs(valueNow) < abs(valueBefore) {
                let ratio = valueNow / valueBefore
                part = ratio / (ratio - 1)
            } else {
                part = 1 / (1 - valueBefore / valueNow)
            }
            let next = now - part * (now - before)
            guard next.isFinite else {
                return probe.ended(.notFinite, after: iterations, "The secant at x = \(now) leads beyond all numbers.")
            }
            guard let value = try probe(next) else { return probe.asked(after: iterations) }
            guard value.isFinite else {
                return probe.ended(.notFinite, after: iterations, "The function is not finite at x = \(next).")
            }
            let isClose = abs(next - now) <= tolerance.around(next)
            (before, valueBefore) = (now, valueNow)
            (now, valueNow) = (next, value)
            if isClose { break }
        }
        return probe.ended(
            at: now, valueNow, .converged, after: iterations,
            valueNow == 0 ? "The function is 0." : "The last step was within the tolerance.")
    }
}
