import Core

/// A step along a direction that meets the strong Wolfe conditions: with phi(a) = f(x + a d),
///
///     phi(a) <= phi(0) + c1 a phi'(0)   and   |phi'(a)| <= c2 |phi'(0)|.
///
/// Bracketing and zoom with cubic interpolation: Nocedal and Wright, "Numerical Optimization", 2nd ed.
/// (doi:10.1007/978-0-387-40065-5), algorithms 3.5 and 3.6, with the interpolation and the safeguard of Moré and
/// Thuente 1994 (doi:10.1145/192115.192132). Where the decrease is lost in rounding, the slope decides
/// (the approximate conditions of Hager and Zhang 2005, doi:10.1137/030601880). A value that is not finite, or a slope
/// that is not, counts as too high, so a function may be undefined far out.
package final class WolfeLineSearch {
    /// How a search ended.
    package enum Outcome {
        /// `point`, `gradient`, `value` and `step` hold the step.
        case found
        /// No step was found that lowers the value.
        case failed
        /// No step was found where the function is finite.
        case notFinite
        /// The function still falls steeply at the largest step, which `point` and the others hold.
        case endless
    }

    /// The accepted point and its gradient, after a search that found one.
    package let point: Buffer<Double>
    package let gradient: Buffer<Double>
    package private(set) var value = 0.0
    /// The accepted multiple of the direction.
    package private(set) var step = 0.0

    /// Whether the accepted step meets the strong Wolfe conditions, rather than being the best there was.
    package private(set) var isStrong = false
    /// Whether the last search met any point where the function is finite.
    package private(set) var sawFinite = false

    /// c1 and c2.
    package var decrease = 1e-4
    package var curvature = 0.9
    package var mostTrials = 40
    /// The largest step tried.
    package var largest = 1e20

    private let run: Minimisation
    private let count: Int

    package init(_ run: Minimisation) throws(ApusError) {
        self.run = run
        count = run.count
        point = try Buffer(count, in: run.context.allocator)
        gradient = try Buffer(count, in: run.context.allocator)
    }

    private struct Trial {
        var step: Double
        var value: Double
        var slope: Double

        var isFinite: Bool { value.isFinite && slope.isFinite }
    }

    /// One search's fixed quantities.
    private struct Line {
        let direction: UnsafePointer<Double>
        let start: Trial
        let slack: Double
    }

    /// Searches from the run's point along `direction`, where the directional derivative is `slope` < 0, trying `first`
    /// first. `point` is undefined after a search that did not find a step. Throws what evaluations throw.
    package func search(along direction: UnsafePointer<Double>, slope: Double, first: Double) throws(ApusError)
        -> Outcome
    {
        let line = Line(
            direction: direction, start: Trial(step: 0, value: run.value, slope: slope),
            slack: 0x1p-40 * abs(run.value))
        sawFinite = false
        isStrong = false
        var before = line.start
        var next = min(first, largest)
        var trials = 0
        while trials < mostTrials {
            trials += 1
            let trial = try evaluate(line, next)
            if !trial.isFinite || !decreases(trial, line) || (trials > 1 && trial.value > before.value) {
                return try zoom(line, before, trial, trials)
            }
            if abs(trial.slope) <= -curvature * slope {
                isStrong = true
                return .found
            }
            if trial.slope >= 0 { return try zoom(line, trial, before, trials) }
            if next >= largest { return .endless }
            // The minimum lies further out: extrapolate, between twice and ten times as far.
            let guess = WolfeLineSearch.cubic(before, trial)
            before = trial
            next = min(guess > next ? min(max(guess, 2 * next), 10 * next) : 10 * next, largest)
        }
        return decreases(before, line) && before.step > 0 ? .found : .failed
    }

    private func evaluate(_ line: Line, _ step: Double) throws(ApusError) -> Trial {
        self.step = step
        let origin = run.x.pointer
        for i in 0..<count { point.pointer[i] = origin[i] + step * line.direction[i] }
        // Rounding must not lead out of the bounds.
        run.bounds?.project(point.pointer)
        value = try run.evaluate(point.pointer, gradient: gradient.pointer)
        var trial = Trial(step: step, value: value, slope: .nan)
        if value.isFinite { trial.slope = innerProduct(gradient.pointer, line.direction, count) }
        // A step so short that nothing moves says nothing.
        if trial.isFinite, value != line.start.value || run.hasLeft(point.pointer) { sawFinite = true }
        return trial
    }

    private func decreases(_ trial: Trial, _ line: Line) -> Bool {
        if trial.value <= line.start.value + decrease * trial.step * line.start.slope { return true }
        return trial.value <= line.start.value + line.slack && trial.slope <= (2 * decrease - 1) * line.start.slope
    }

    /// Narrows the interval between `low`, the better end, and `high`.
    private func zoom(_ line: Line, _ low: Trial, _ high: Trial, _ used: Int) throws(ApusError) -> Outcome {
        var low = low
        var high = high
        var trials = used
        // The widths of the last two intervals, the earlier first.
        var widths = (Double.infinity, Double.infinity)
        while trials < mostTrials {
            trials += 1
            let width = high.step - low.step
            if abs(width) <= 0x1p-50 * max(abs(low.step), abs(high.step)) { break }
            // The minimum may be next to one end: only an interval that hardly shrinks is halved.
            var step = abs(width) > 0.66 * widths.0 ? .nan : WolfeLineSearch.minimiser(low, high)
            widths = (widths.1, abs(width))
            let part = (step - low.step) / width
            if !(part > 0 && part < 1) { step = low.step + 0.5 * width }
            let trial = try evaluate(line, step)
            if !trial.isFinite || !decreases(trial, line) || trial.value > low.value {
                high = trial
            } else {
                if abs(trial.slope) <= -curvature * line.start.slope {
                    isStrong = true
                    return .found
                }
                if trial.slope * width >= 0 { high = low }
                low = trial
            }
        }
        // No point of the interval meets both conditions: take the best one, if it is any better.
        guard low.step > 0, low.value < line.start.value else { return sawFinite ? .failed : .notFinite }
        if step != low.step { _ = try evaluate(line, low.step) }
        return .found
    }

    /// Where the minimum between the better end and the other is looked for: at the cubic's or, where the parabola
    /// through the better end's slope and the other's value has its minimum nearer to the better end, half way between
    /// both minima. Where the values' rounding counts beside what the slopes make of the interval, the slopes alone tell.
    /// NaN where there is none.
    private static func minimiser(_ low: Trial, _ high: Trial) -> Double {
        guard high.isFinite else { return .nan }
        let width = high.step - low.step
        let change = max(abs(low.slope), abs(high.slope)) * abs(width)
        if change <= 0x1p-45 * max(abs(low.value), abs(high.value)) {
            return low.step - low.slope * width / (high.slope - low.slope)
        }
        let cubic = cubic(low, high)
        let bend = high.value - low.value - low.slope * width
        let parabola = low.step - low.slope * width * width / (2 * bend)
        guard bend > 0, parabola.isFinite, abs(parabola - low.step) < abs(cubic - low.step) else { return cubic }
        return cubic + 0.5 * (parabola - cubic)
    }

    /// The minimiser of the cubic through two points with their slopes; NaN where there is none.
    private static func cubic(_ a: Trial, _ b: Trial) -> Double {
        let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
        let radicand = d1 * d1 - a.slope * b.slope
        if !(radicand >= 0) { return .nan }
        let d2 = b.step > a.step ? radicand.squareRoot() : -radicand.squareRoot()
        return b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    }
}
