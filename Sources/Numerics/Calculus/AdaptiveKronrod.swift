import Core
import Glibc

/// Globally adaptive Gauss-Kronrod integration with extrapolation, after QUADPACK's QAGS (Piessens et al. 1983,
/// doi:10.1007/978-3-642-61786-7): the interval of the largest error is halved; when only intervals smaller than a
/// shrinking bound are left to halve, the sums so far are a sequence whose limit the epsilon algorithm finds, which
/// takes care of singular ends.
final class AdaptiveKronrod {
    private struct Interval: BitwiseCopyable {
        var low = 0.0
        var high = 0.0
        var value = 0.0
        var error = 0.0
    }

    private let limit: Int
    private let context: Context
    private let intervals: Buffer<Interval>
    /// Numbers of intervals, by descending error.
    private let order: Buffer<Int32>
    private let values: Buffer<Double>

    /// Room for `limit` intervals.
    init(limit: Int, context: Context) throws(ApusError) {
        self.limit = limit
        self.context = context
        intervals = try Buffer(limit, in: context.allocator)
        order = try Buffer(limit, in: context.allocator)
        values = try Buffer(zeros: 21, in: context.allocator)
    }

    private enum Fault { case none, rounding, limit, difficult(Double), stalled }

    /// Integrates `f` from `low` to `high`, both finite.
    func integrate(
        _ low: Double, _ high: Double, rule: KronrodRule, _ tolerance: IntegrationTolerance, _ f: RealFunction
    ) throws(ApusError) -> Integral {
        var result = Integral()
        result.subdivisions = 1
        let first = try rule.estimate(low, high, values: values.pointer, f)
        result.evaluations = rule.count
        result.value = first.value
        result.error = first.error
        result.absolute = first.absolute
        var goal = tolerance.goal(value: first.value, absoluteIntegral: first.absolute)
        // An error equal to the deviation says that the rule has seen nothing.
        if (first.error <= goal && first.error != first.deviation) || first.error == 0 { return result }
        if limit == 1 {
            result.outcome = .limit
            return result
        }
        intervals.pointer[0] = Interval(low: low, high: high, value: first.value, error: first.error)
        order.pointer[0] = 0
        var epsilon = EpsilonTable()
        epsilon.append(first.value)
        var area = first.value
        var errorSum = first.error
        var rank = 0
        var best = (value: first.value, error: Double.greatestFiniteMagnitude, correction: 0.0)
        let hasOneSign = first.value.magnitude >= (1 - 50 * .ulpOfOne) * first.absolute
        var small = 0.375 * (high - low).magnitude
        var largeError = first.error
        var target = goal
        var extrapolates = false
        var mayExtrapolate = true
        var unimproved = 0
        var stagnations = (plain: 0, extrapolating: 0, growing: 0)
        var fault = Fault.none
        var hasExtrapolationFault = false
        var count = 1

        subdivision: while count < limit {
            try context.checkInterrupt()
            let chosen = Int(order.pointer[rank])
            let parent = intervals.pointer[chosen]
            let middle = 0.5 * parent.low + 0.5 * parent.high
            let left = try rule.estimate(parent.low, middle, values: values.pointer, f)
            let right = try rule.estimate(middle, parent.high, values: values.pointer, f)
            result.evaluations += 2 * rule.count
            count += 1
            let value = left.value + right.value
            let error = left.error + right.error
            errorSum += error - parent.error
            area += value - parent.value
            if left.deviation != left.error, right.deviation != right.error {
                if (parent.value - value).magnitude <= 1e-5 * value.magnitude, error >= 0.99 * parent.error {
                    if extrapolates { stagnations.extrapolating += 1 } else { stagnations.plain += 1 }
                }
                if count > 10, error > parent.error { stagnations.growing += 1 }
            }
            goal = tolerance.goal(value: area, absoluteIntegral: first.absolute)
            if stagnations.plain + stagnations.extrapolating >= 10 || stagnations.growing >= 20 { fault = .rounding }
            if stagnations.extrapolating >= 5 { hasExtrapolationFault = true }
            if count == limit { fault = .limit }
            if max(parent.low.magnitude, parent.high.magnitude)
                <= (1 + 100 * .ulpOfOne) * (middle.magnitude + 1000 * .leastNormalMagnitude)
            {
                fault = .difficult(middle)
            }
            let leftHalf = Interval(low: parent.low, high: middle, value: left.value, error: left.error)
            let rightHalf = Interval(low: middle, high: parent.high, value: right.value, error: right.error)
            let leftIsWorse = left.error >= right.error
            intervals.pointer[chosen] = leftIsWorse ? leftHalf : rightHalf
            intervals.pointer[count - 1] = leftIsWorse ? rightHalf : leftHalf
            reorder(rank, count)
            if errorSum <= goal {
                return summed(result, count, errorSum)
            }
            if case .none = fault {} else { break subdivision }
            if count == 2 {
                largeError = errorSum
                target = goal
                epsilon.append(area)
                continue
            }
            if !mayExtrapolate { continue }
            largeError -= parent.error
            if (middle - parent.low).magnitude > small { largeError += error }
            if !extrapolates {
                if width(rank) > small { continue }
                extrapolates = true
                rank = 1
            }
            if !hasExtrapolationFault, largeError > target {
                // Halve what is left of the large intervals first.
                let reach = count > 2 + limit / 2 ? limit + 3 - count : count
                while rank < min(reach, count) {
                    if width(rank) > small { continue subdivision }
                    rank += 1
                }
            }
            epsilon.append(area)
            let estimate = epsilon.extrapolate()
            unimproved += 1
            if unimproved > 5, best.error < 1e-3 * errorSum { fault = .stalled }
            if estimate.error < best.error {
                unimproved = 0
                best = (estimate.limit, estimate.error, largeError)
                target = tolerance.goal(value: estimate.limit, absoluteIntegral: first.absolute)
                if best.error <= target { break subdivision }
            }
            if epsilon.count == 1 { mayExtrapolate = false }
            if case .stalled = fault { break subdivision }
            rank = 0
            extrapolates = false
            small *= 0.5
            largeError = errorSum
        }

        // Which is better: the extrapolated limit or the plain sum?
        result.subdivisions = count
        var outcome: Integral.Outcome
        switch fault {
        case .none: outcome = .converged
        case .rounding: outcome = .rounding
        case .limit: outcome = .limit
        case .difficult(let t): outcome = .difficult(t)
        case .stalled: outcome = .stalled
        }
        var usesSum = best.error == .greatestFiniteMagnitude
        if !usesSum, outcome != .converged || hasExtrapolationFault {
            if hasExtrapolationFault { best.error += best.correction }
            if outcome == .converged { outcome = .difficult(intervals.pointer[Int(order.pointer[0])].low) }
            if best.value != 0, area != 0 {
                usesSum = best.error / best.value.magnitude > errorSum / area.magnitude
            } else {
                usesSum = best.error > errorSum
            }
        }
        if usesSum {
            result = summed(result, count, errorSum)
            result.outcome = outcome == .converged ? .limit : outcome
            return settled(result, tolerance)
        }
        result.value = best.value
        result.error = best.error
        result.outcome = outcome
        if hasOneSign || max(best.value.magnitude, area.magnitude) > 0.01 * first.absolute {
            let ratio = best.value / area
            if !(ratio >= 0.01 && ratio <= 100) || errorSum > area.magnitude {
                result.outcome = .divergent
                return result
            }
        }
        return settled(result, tolerance)
    }

    /// A result whose error is within the tolerance has converged, whatever stopped it.
    private func settled(_ result: Integral, _ tolerance: IntegrationTolerance) -> Integral {
        var result = result
        if tolerance.admits(error: result.error, value: result.value, absoluteIntegral: result.absolute) {
            result.outcome = .converged
        }
        return result
    }

    private func summed(_ result: Integral, _ count: Int, _ errorSum: Double) -> Integral {
        var result = result
        var sum = 0.0
        for index in 0..<count { sum += intervals.pointer[index].value }
        result.value = sum
        result.error = errorSum
        result.subdivisions = count
        return result
    }

    private func width(_ rank: Int) -> Double {
        let interval = intervals.pointer[Int(order.pointer[rank])]
        return (interval.high - interval.low).magnitude
    }

    /// Puts the halves of the interval at `rank` (one in its place, one new) where their errors belong.
    private func reorder(_ rank: Int, _ count: Int) {
        let kept = order.pointer[rank]
        let error = intervals.pointer[Int(kept)].error
        // Its error may have grown, or shrunk.
        var place = rank
        while place > 0, intervals.pointer[Int(order.pointer[place - 1])].error < error {
            order.pointer[place] = order.pointer[place - 1]
            place -= 1
        }
        while place + 1 < count - 1, intervals.pointer[Int(order.pointer[place + 1])].error > error {
            order.pointer[place] = order.pointer[place + 1]
            place += 1
        }
        order.pointer[place] = kept
        let added = Int32(truncatingIfNeeded: count - 1)
        let addedError = intervals.pointer[count - 1].error
        place = count - 1
        while place > 0, intervals.pointer[Int(order.pointer[place - 1])].error < addedError {
            order.pointer[place] = order.pointer[place - 1]
            place -= 1
        }
        order.pointer[place] = added
    }
}
