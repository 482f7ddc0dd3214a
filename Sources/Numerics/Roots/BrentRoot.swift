import Core

/// Brent's method: inverse quadratic interpolation and the secant rule where they make good progress, bisection
/// elsewhere. R. P. Brent 1973, "Algorithms for Minimization without Derivatives", chapter 4
/// (the author's reprint: ISBN 978-0-486-41998-5).
struct BrentRoot {
    let tolerance: RootTolerance

    /// Throws `invalidArgument` where the sign does not change from a to b, and what the function throws.
    func find(_ function: @escaping ScalarFunction, _ a: Double, _ b: Double) throws(ApusError) -> Root {
        var probe = RootProbe(function)
        let bracket: RootBracket
        switch try RootBracket.ends(a, b, &probe) {
        case .ended(let root): return root
        case .bracket(let found): bracket = found
        }
        // The best point, the one before it, and the end on the other side of the root.
        var (now, valueNow) = (bracket.b, bracket.valueB)
        var (before, valueBefore) = (bracket.a, bracket.valueA)
        var (other, valueOther) = (before, valueBefore)
        var step = now - before
        var stepBefore = step
        var iterations = 0
        while true {
            if (valueNow < 0) != (valueBefore < 0) {
                (other, valueOther) = (before, valueBefore)
                step = now - before
                stepBefore = step
            }
            if abs(valueOther) < abs(valueNow) {
                (before, valueBefore) = (now, valueNow)
                (now, valueNow) = (other, valueOther)
                (other, valueOther) = (before, valueBefore)
            }
            // A step must at least reach the next number.
            let least = max(tolerance.around(now) / 2, now.ulp)
            // Halved first: the interval may be longer than the largest number.
            let bisection = 0.5 * other - 0.5 * now
            if valueNow == 0 || abs(bisection) < least {
                return bracket.closed(at: now, valueNow, between: now, other, probe, after: iterations)
            }
            if iterations >= tolerance.mostIterations {
                return RootBracket.ranOut(now, valueNow, probe, after: iterations)
            }
            iterations += 1
            let stepTwoBefore = stepBefore
            stepBefore = bisection
            var next = bisection
            if abs(stepTwoBefore) > least && abs(valueNow) < abs(valueBefore) {
                let trial: Double
                if before == other {
                    trial = -valueNow * (now - before) / (valueNow - valueBefore)
                } else {
                    let slopeBefore = (valueBefore - valueNow) / (before - now)
                    let slopeOther = (valueOther - valueNow) / (other - now)
                    trial =
                        -valueNow * (valueOther * slopeOther - valueBefore * slopeBefore)
                        / (slopeOther * slopeBefore * (valueOther - valueBefore))
                }
                // Not true for a NaN, which infinite values lead to.
                if 2 * abs(trial) < min(abs(stepTwoBefore), 3 * abs(bisection) - least) {
                    stepBefore = step
                    next = trial
                }
            }
            step = next
            (before, valueBefore) = (now, valueNow)
            now += abs(step) > least ? step : bisection > 0 ? least : -least
            guard let value = try probe(now) else { return probe.asked(after: iterations) }
            if value.isNaN { return probe.undefined(at: now, after: iterations) }
            valueNow = value
        }
    }
}
