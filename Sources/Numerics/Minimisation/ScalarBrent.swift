import Core

/// Brent's minimisation in an interval: the minimum of the parabola through the best three points where it makes good
/// progress, golden section elsewhere. R. P. Brent 1973, "Algorithms for Minimization without Derivatives", chapter 5
/// (the author's reprint: ISBN 978-0-486-41998-5).
struct ScalarBrent {
    /// The minimum is known to `absolute + relative |x|`.
    let absolute: Double
    let relative: Double
    let mostIterations: Int

    /// (3 - sqrt 5) / 2: the shorter part of the golden section.
    static let shorter = 0.38196601125010515

    /// Searches between `low` and `high` from `start`, where the function has `value`.
    func search(
        _ probe: inout ScalarProbe, from low: Double, to high: Double, start: Double, value: Double
    ) throws(ApusError) -> ScalarMinimum {
        var (low, high) = (low, high)
        // The best point, the second best, and the second best before that.
        var (best, second, third) = (start, start, start)
        var (valueBest, valueSecond, valueThird) = (value, value, value)
        var step = 0.0
        var stepBefore = 0.0
        var iterations = 0
        while true {
            let middle = 0.5 * low + 0.5 * high
            let least = max(relative * abs(best) + absolute, 2 * best.ulp)
            if abs(best - middle) <= 2 * least - 0.5 * (high - low) { return probe.converged(after: iterations) }
            if iterations >= mostIterations { return probe.ranOut(after: iterations) }
            iterations += 1

            var isParabolic = false
            if abs(stepBefore) > least {
                let toThird = (best - second) * (valueBest - valueThird)
                let toSecond = (best - third) * (valueBest - valueSecond)
                var numerator = (best - third) * toSecond - (best - second) * toThird
                var denominator = 2 * (toSecond - toThird)
                if denominator > 0 { numerator = -numerator } else { denominator = -denominator }
                // Not true for a NaN, which infinite values lead to.
                isParabolic =
                    abs(numerator) < abs(0.5 * denominator * stepBefore)
                    && numerator > denominator * (low - best) && numerator < denominator * (high - best)
                stepBefore = step
                if isParabolic {
                    step = numerator / denominator
                    let point = best + step
                    if point - low < 2 * least || high - point < 2 * least { step = middle >= best ? least : -least }
                }
            }
            if !isParabolic {
                stepBefore = best >= middle ? low - best : high - best
                step = ScalarBrent.shorter * stepBefore
            }
            let point = best + (abs(step) >= least ? step : step >= 0 ? least : -least)
            guard let value = try probe(point) else { return try ScalarMinimiser.kept(probe, after: iterations) }
            if value <= valueBest {
                if point >= best { low = best } else { high = best }
                (third, second, best) = (second, best, point)
                (valueThird, valueSecond, valueBest) = (valueSecond, valueBest, value)
            } else {
                if point < best { low = point } else { high = point }
                if value <= valueSecond || second == best {
                    (third, second) = (second, point)
                    (valueThird, valueSecond) = (valueSecond, value)
                } else if value <= valueThird || third == best || third == second {
                    (third, valueThird) = (point, value)
                }
            }
        }
    }
}
