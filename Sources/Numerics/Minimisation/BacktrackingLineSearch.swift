import Core

/// A step along a direction that lowers the value enough, phi(a) <= phi(0) + c1 a phi'(0) with phi(a) = f(x + a d): the
/// first of `first` and ever smaller steps, each the minimum of the parabola through what is known, between a tenth and a
/// half of the last. Dennis and Schnabel 1996, "Numerical Methods for Unconstrained Optimization and Nonlinear
/// Equations" (doi:10.1137/1.9781611971200), algorithm A6.3.1.
final class BacktrackingLineSearch {
    let point: Buffer<Double>
    let gradient: Buffer<Double>
    private(set) var value = 0.0
    private(set) var step = 0.0

    private let run: Minimisation
    private let decrease = 1e-4
    private let mostTrials = 60

    init(_ run: Minimisation) throws(ApusError) {
        self.run = run
        point = try Buffer(run.count, in: run.context.allocator)
        gradient = try Buffer(run.count, in: run.context.allocator)
    }

    /// Searches from the run's point along `direction`, where the directional derivative is `slope` < 0. Throws what
    /// evaluations throw.
    func search(along direction: UnsafePointer<Double>, slope: Double, first: Double) throws(ApusError)
        -> WolfeLineSearch.Outcome
    {
        let rounding = 0x1p-50 * abs(run.value)
        var sawFinite = false
        step = first
        for trial in 0..<mostTrials {
            for i in 0..<run.count { point.pointer[i] = run.x.pointer[i] + step * direction[i] }
            // The first step is mostly taken, so its gradient is asked for at once.
            value =
                trial == 0
                ? try run.evaluate(point.pointer, gradient: gradient.pointer) : try run.evaluate(point.pointer)
            if value.isFinite {
                let isEnough = value <= run.value + decrease * step * slope
                let isLevel = value <= run.value + rounding && -step * slope <= rounding
                if isEnough || isLevel {
                    if trial > 0 { value = try run.evaluate(point.pointer, gradient: gradient.pointer) }
                    let steepest = largestMagnitude(gradient.pointer, run.count)
                    // Where the fall is lost in rounding the slope decides.
                    if steepest.isFinite, isEnough || steepest < run.slope { return .found }
                    if isLevel { return .failed }
                }
                sawFinite = true
                let part = -slope * step / (2 * (value - run.value - slope * step))
                step *= part.isFinite ? min(max(part, 0.1), 0.5) : 0.1
            } else {
                step *= 0.1
            }
        }
        return sawFinite ? .failed : .notFinite
    }
}
