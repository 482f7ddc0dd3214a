import Core

/// A step along a direction that meets the strong Wolfe conditions: with phi(a) = f(x + a d),
///
///     phi(a) <= phi(0) + c1 a phi'(0)   and   |phi'(a)| <= c2 |phi'(0)|.
///
/// Bracketing and zoom with safeguarded cubic interpolation: Nocedal and Wright, "Numerical Optimization", 2nd ed.
/// (doi:10.1007/978-0-387-40065-5), algorithms 3.5 and 3.6. Where the decrease is lost in rounding, the slope decides
/// (the approximate conditions of Hager and Zhang 2005, doi:10.1137/030601880). A value that is not finite counts as
/// too high, so a function may be undefined far out.
final class WolfeLineSearch {
    /// The accepted point and its gradient, after a search that found one.
    let point: Buffer<Double>
    let gradient: Buffer<Double>
    private(set) var value = 0.0
    private(set) var evaluations = 0

    private let count: Int
    private let decrease = 1e-4
    private let curvature = 0.9
    private let mostTrials = 40
    private let largestStep = 1e20

    init(_ count: Int, in allocator: Allocator) throws(ApusError) {
        self.count = count
        point = try Buffer(count, in: allocator)
        gradient = try Buffer(count, in: allocator)
    }

    private struct Trial {
        var step: Double
        var value: Double
        var slope: Double
    }

    /// One search's fixed quantities.
    private struct Line {
        let origin: UnsafePointer<Double>
        let direction: UnsafePointer<Double>
        let start: Trial
        let slack: Double
    }

    /// Searches from `origin`, where the function has `value` and the directional derivative `slope` < 0, trying
    /// `first` first. False when no step could be found that lowers the value; `point` is undefined then.
    func search(
        _ function: SmoothFunction, from origin: UnsafePointer<Double>, along direction: UnsafePointer<Double>,
        value: Double, slope: Double, first: Double
    ) throws(ApusError) -> Bool {
        let line = Line(
            origin: origin, direction: direction, start: Trial(step: 0, value: value, slope: slope),
            slack: 0x1p-50 * abs(value))
        var before = line.start
        var step = first
        var trials = 0
        while trials < mostTrials {
            trials += 1
            let trial = try evaluate(function, line, step)
            if !trial.value.isFinite || !decreases(trial, line) || (trials > 1 && trial.value > before.value) {
                return try zoom(function, line, before, trial, trials)
            }
            if abs(trial.slope) <= -curvature * slope { return true }
            if trial.slope >= 0 { return try zoom(function, line, trial, before, trials) }
            if step >= largestStep { return true }
            // The minimum lies further out: extrapolate, between twice and ten times as far.
            let guess = WolfeLineSearch.cubic(before, trial)
            before = trial
            step = min(max(guess.isFinite ? guess : 0, 2 * step), 10 * step, largestStep)
        }
        return decreases(before, line) && before.step > 0
    }

    private func evaluate(_ function: SmoothFunction, _ line: Line, _ step: Double) throws(ApusError) -> Trial {
        for i in 0..<count { point.pointer[i] = line.origin[i] + step * line.direction[i] }
        value = try function(point.pointer, gradient.pointer)
        evaluations += 1
        return Trial(step: step, value: value, slope: innerProduct(gradient.pointer, line.direction, count))
    }

    private func decreases(_ trial: Trial, _ line: Line) -> Bool {
        if trial.value <= line.start.value + decrease * trial.step * line.start.slope { return true }
        return trial.value <= line.start.value + line.slack && trial.slope <= (2 * decrease - 1) * line.start.slope
    }

    /// Narrows the interval between `low`, the better end, and `high`.
    private func zoom(_ function: SmoothFunction, _ line: Line, _ low: Trial, _ high: Trial, _ used: Int)
        throws(ApusError) -> Bool
    {
        var low = low
        var high = high
        var trials = used
        while trials < mostTrials {
            trials += 1
            let width = high.step - low.step
            if abs(width) <= 0x1p-50 * max(abs(low.step), abs(high.step)) { break }
            var step = high.value.isFinite ? WolfeLineSearch.cubic(low, high) : .nan
            let near = low.step + 0.1 * width
            let far = low.step + 0.9 * width
            if !step.isFinite || step < min(near, far) || step > max(near, far) { step = low.step + 0.5 * width }
            let trial = try evaluate(function, line, step)
            if !trial.value.isFinite || !decreases(trial, line) || trial.value > low.value {
                high = trial
            } else {
                if abs(trial.slope) <= -curvature * line.start.slope { return true }
                if trial.slope * width >= 0 { high = low }
                low = trial
            }
        }
        // No point of the interval meets both conditions: take the best one, if it is any better.
        guard low.step > 0, low.value < line.start.value else { return false }
        _ = try evaluate(function, line, low.step)
        return true
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
