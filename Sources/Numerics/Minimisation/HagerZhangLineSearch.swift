import Core

/// The line search of Hager and Zhang 2005, "A new conjugate gradient method with guaranteed descent and an efficient
/// line search", doi:10.1137/030601880: an interval of opposite slopes is found and narrowed by their rules. The points
/// tried in it are minimisers of the cubic through both ends, which took fewer evaluations than their double secant
/// steps (docs/minimisation.md). With phi(a) = f(x + a d), a step ends it that meets
///
///     phi(a) <= phi(0) + delta a phi'(0)                            and |phi'(a)| <= sigma |phi'(0)|, or
///     phi(a) <= phi(0) + slack,  phi'(a) <= (2 delta - 1) phi'(0)   and |phi'(a)| <= sigma |phi'(0)|,
///
/// the second where the decrease is lost in rounding. A value or slope that is not finite counts as too high.
package final class HagerZhangLineSearch {
    /// The accepted point and its gradient, after a search that found one.
    package let point: Buffer<Double>
    package let gradient: Buffer<Double>
    package private(set) var value = 0.0
    /// The accepted multiple of the direction.
    package private(set) var step = 0.0
    /// Whether the last search met any point where the function is finite.
    package private(set) var sawFinite = false

    package var delta = 0.1
    package var sigma = 0.1
    package var mostTrials = 60
    /// The largest step tried.
    package var largest = 1e20

    private let run: Minimisation
    private let count: Int
    private var direction: UnsafePointer<Double>
    private var start = Trial(step: 0, value: 0, slope: 0)
    private var slack = 0.0
    private var trials = 0
    private var isDone = false
    private var best = Trial(step: 0, value: 0, slope: 0)

    /// Growth of the step while the interval is sought, at least and at most.
    private static let growth = 1.5...10.0
    /// What is left of the interval at most after two steps, before it is halved.
    private static let shrink = 0.66
    /// Distance from the ends, as a share of the interval, that a step keeps at least.
    private static let margin = 0.01

    package init(_ run: Minimisation) throws(ApusError) {
        self.run = run
        count = run.count
        point = try Buffer(count, in: run.context.allocator)
        gradient = try Buffer(count, in: run.context.allocator)
        direction = UnsafePointer(point.pointer)
    }

    private struct Trial {
        var step: Double
        var value: Double
        var slope: Double

        var isFinite: Bool { value.isFinite && slope.isFinite }
    }

    /// An interval whose low end descends, at a value hardly above the start's, and whose high end ascends.
    private struct Interval {
        var low: Trial
        var high: Trial

        var width: Double { high.step - low.step }
    }

    /// Searches from the run's point along `direction`, where the directional derivative is `slope` < 0, trying `first`
    /// first. `point` is undefined after a search that did not find a step. Throws what evaluations throw.
    package func search(along direction: UnsafePointer<Double>, slope: Double, first: Double) throws(ApusError)
        -> WolfeLineSearch.Outcome
    {
        self.direction = direction
        start = Trial(step: 0, value: run.value, slope: slope)
        best = start
        slack = 0x1p-40 * abs(run.value)
        trials = 0
        isDone = false
        sawFinite = false
        guard var interval = try bracket(min(first, largest)) else {
            if isDone { return .found }
            return trials < mostTrials && best.step >= largest ? .endless : try settle()
        }
        while !isDone, trials < mostTrials {
            let width = interval.width
            if width <= 0x1p-50 * interval.high.step { break }
            interval = try update(interval, HagerZhangLineSearch.guess(interval))
            if !isDone { interval = try update(interval, HagerZhangLineSearch.guess(interval)) }
            if !isDone, interval.width > HagerZhangLineSearch.shrink * width {
                interval = try update(interval, 0.5 * (interval.low.step + interval.high.step))
            }
        }
        return isDone ? .found : try settle()
    }

    /// The best point seen, if it is any better than the start.
    private func settle() throws(ApusError) -> WolfeLineSearch.Outcome {
        guard best.step > 0, best.value < start.value else { return sawFinite ? .failed : .notFinite }
        if step != best.step { _ = try evaluate(best.step) }
        return .found
    }

    private func evaluate(_ step: Double) throws(ApusError) -> Trial {
        trials += 1
        self.step = step
        let origin = run.x.pointer
        for i in 0..<count { point.pointer[i] = origin[i] + step * direction[i] }
        value = try run.evaluate(point.pointer, gradient: gradient.pointer)
        var trial = Trial(step: step, value: value, slope: .nan)
        if value.isFinite { trial.slope = innerProduct(gradient.pointer, direction, count) }
        if !trial.isFinite { return Trial(step: step, value: .infinity, slope: -1) }
        // A step so short that nothing moves says nothing.
        if value != start.value || run.hasLeft(point.pointer) { sawFinite = true }
        if trial.value < best.value { best = trial }
        let decreases =
            trial.value <= start.value + delta * step * start.slope
            || (trial.value <= start.value + slack && trial.slope <= (2 * delta - 1) * start.slope)
        if decreases, abs(trial.slope) <= -sigma * start.slope { isDone = true }
        return trial
    }

    private func isLow(_ trial: Trial) -> Bool { trial.value <= start.value + slack }

    /// The first interval; nil when a step was accepted on the way or none was found.
    private func bracket(_ first: Double) throws(ApusError) -> Interval? {
        var low = start
        var next = first
        while trials < mostTrials {
            let trial = try evaluate(next)
            if isDone { return nil }
            if trial.slope >= 0 { return Interval(low: low, high: trial) }
            if !isLow(trial) { return try narrow(low, trial) }
            if next >= largest { return nil }
            // Where the slope would be 0 if it went on as between the last two.
            let guess = trial.step - trial.slope * (trial.step - low.step) / (trial.slope - low.slope)
            low = trial
            let growth = HagerZhangLineSearch.growth
            next = min(
                guess > next
                    ? min(max(guess, growth.lowerBound * next), growth.upperBound * next)
                    : growth.upperBound * next, largest)
        }
        return nil
    }

    /// Between a low end and one that descends from too high a value: steps U3 of the paper.
    private func narrow(_ low: Trial, _ high: Trial) throws(ApusError) -> Interval? {
        var low = low
        var high = high
        while trials < mostTrials, high.step - low.step > 0x1p-50 * high.step {
            // The minimiser of the parabola through the low end's value and slope and the high end's value, or half
            // way.
            let width = high.step - low.step
            let bend = (high.value - low.value) / width - low.slope
            var part = bend > 0 && bend.isFinite ? -low.slope / (2 * bend) : 0.5
            if !(part >= 0.1 && part <= 0.9) { part = part < 0.1 && high.value.isFinite ? 0.1 : 0.5 }
            let trial = try evaluate(low.step + part * width)
            if isDone { return nil }
            if trial.slope >= 0 { return Interval(low: low, high: trial) }
            if isLow(trial) { low = trial } else { high = trial }
        }
        return nil
    }

    /// The interval with a point taken in: steps U0 to U3.
    private func update(_ interval: Interval, _ step: Double) throws(ApusError) -> Interval {
        guard step > interval.low.step, step < interval.high.step, trials < mostTrials else { return interval }
        let trial = try evaluate(step)
        if isDone { return interval }
        if trial.slope >= 0 { return Interval(low: interval.low, high: trial) }
        if isLow(trial) { return Interval(low: trial, high: interval.high) }
        return try narrow(interval.low, trial) ?? interval
    }

    /// The minimiser of the cubic through both ends, or where the slope is 0 if it changes evenly; kept off the ends.
    private static func guess(_ interval: Interval) -> Double {
        let (a, b) = (interval.low, interval.high)
        let width = interval.width
        let first = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
        let root = (first * first - a.slope * b.slope).squareRoot()
        var step = b.step - width * (b.slope + root - first) / (b.slope - a.slope + 2 * root)
        if !step.isFinite { step = (a.step * b.slope - b.step * a.slope) / (b.slope - a.slope) }
        if !step.isFinite { step = a.step + 0.5 * width }
        return min(max(step, a.step + margin * width), b.step - margin * width)
    }
}
