import Core

/// Three points, the one in the middle (in value no higher than the others) between the outer ones.
struct ScalarBracket {
    var first: Double
    var middle: Double
    var last: Double
    var valueMiddle: Double

    /// What a search for a bracket came to.
    enum Outcome {
        case bracket(ScalarBracket)
        case ended(ScalarMinimum)
    }

    private static let golden = 1.618033988749895
    /// A parabola's minimum is trusted up to so many times the last step.
    private static let farthest = 110.0
    private static let mostSteps = 1000

    /// Goes downhill from a and b in growing steps, each to the minimum of the parabola through the last three points
    /// where that lies ahead and is not too far, until the function rises. Press et al., "Numerical Recipes", 3rd ed.,
    /// section 10.1, after Brent 1973. Throws `notConverged` when the function is undefined at both points.
    static func downhill(from a: Double, _ b: Double, _ probe: inout ScalarProbe) throws(ApusError) -> Outcome {
        guard var high = try probe(a), var low = try probe(b) else { return try ended(probe) }
        guard min(high, low).isFinite else {
            throw ApusError(.notConverged, "The function to minimise is not finite at the start, x = \(a) and x = \(b).")
        }
        var (before, now) = (a, b)
        if high < low {
            swap(&before, &now)
            swap(&high, &low)
        }
        var ahead = now + golden * (now - before)
        guard ahead.isFinite, var next = try probe(ahead) else { return try fell(probe, ahead) }
        var steps = 0
        while next < low {
            if steps >= mostSteps { return try fell(probe, .infinity) }
            steps += 1
            let limit = now + farthest * (ahead - now)
            var trial = parabola(before, high, now, low, ahead, next)
            var value: Double
            if (trial - ahead) * (now - trial) > 0 {
                // Between the last two points.
                guard let found = try probe(trial) else { return try ended(probe) }
                if found < next {
                    return .bracket(ScalarBracket(first: now, middle: trial, last: ahead, valueMiddle: found))
                }
                if found > low {
                    return .bracket(ScalarBracket(first: before, middle: now, last: trial, valueMiddle: low))
                }
                trial = ahead + golden * (ahead - now)
                guard trial.isFinite, let found = try probe(trial) else { return try fell(probe, trial) }
                value = found
            } else if (trial - limit) * (limit - ahead) >= 0 {
                trial = limit
                guard trial.isFinite, let found = try probe(trial) else { return try fell(probe, trial) }
                value = found
            } else if (trial - limit) * (ahead - trial) > 0 {
                guard let found = try probe(trial) else { return try ended(probe) }
                value = found
                if found < next {
                    (before, now, ahead) = (now, ahead, trial)
                    (high, low, next) = (low, next, found)
                    trial = ahead + golden * (ahead - now)
                    guard trial.isFinite, let found = try probe(trial) else { return try fell(probe, trial) }
                    value = found
                }
            } else {
                trial = ahead + golden * (ahead - now)
                guard trial.isFinite, let found = try probe(trial) else { return try fell(probe, trial) }
                value = found
            }
            (before, now, ahead) = (now, ahead, trial)
            (high, low, next) = (low, next, value)
        }
        return .bracket(ScalarBracket(first: before, middle: now, last: ahead, valueMiddle: low))
    }

    /// A bracket that the caller knows. Throws `invalidArgument` when it is none.
    static func given(_ a: Double, _ middle: Double, _ b: Double, _ probe: inout ScalarProbe) throws(ApusError)
        -> Outcome
    {
        guard min(a, b) < middle, middle < max(a, b) else {
            throw .invalid("middle must be between a and b, got \(middle) for \(a) and \(b).")
        }
        guard let valueA = try probe(a), let value = try probe(middle), let valueB = try probe(b) else {
            return try ended(probe)
        }
        guard value < valueA, value < valueB else {
            throw .invalid(
                "f must be lower at middle than at a and b, got f(\(middle)) = \(value), f(\(a)) = \(valueA) and "
                    + "f(\(b)) = \(valueB).")
        }
        return .bracket(ScalarBracket(first: a, middle: middle, last: b, valueMiddle: value))
    }

    /// Where the parabola through three points is flat; far away where there is none.
    private static func parabola(
        _ a: Double, _ valueA: Double, _ b: Double, _ valueB: Double, _ c: Double, _ valueC: Double
    ) -> Double {
        let toA = (b - a) * (valueB - valueC)
        let toC = (b - c) * (valueB - valueA)
        var difference = toC - toA
        if abs(difference) < 1e-21 { difference = 1e-21 }
        return b - ((b - c) * toC - (b - a) * toA) / (2 * difference)
    }

    private static func ended(_ probe: ScalarProbe) throws(ApusError) -> Outcome {
        .ended(try ScalarMinimiser.kept(probe, after: 0))
    }

    /// The end of a search whose next point is beyond all numbers, or that the probe ended.
    private static func fell(_ probe: ScalarProbe, _ next: Double) throws(ApusError) -> Outcome {
        if next.isFinite { return try ended(probe) }
        return .ended(
            probe.ended(.unbounded, after: 0, "The function falls without end: its last value is \(probe.value)."))
    }
}
