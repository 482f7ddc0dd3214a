import Core
import Glibc

/// Derivatives by extrapolated difference quotients with steps that suit the function: from a start that is a fraction
/// of the point's size, down while the quotients do not settle, up when rounding hides them.
///
/// One value serves all derivatives of a call, so that n of them allocate once.
final class AdaptiveDifference {
    /// Writes quotients at a step and the bounds of their rounding errors; false when a value was not finite or the step
    /// is too small for the point. The third pointer receives the second difference divided by the step (central first
    /// derivatives; else 0), by which kinks are known.
    typealias Sample = (
        _ step: Double, _ quotients: UnsafeMutablePointer<Double>, _ noise: UnsafeMutablePointer<Double>,
        _ bends: UnsafeMutablePointer<Double>
    ) throws(ApusError) -> Bool

    let table: RichardsonTable
    private let quotients: Buffer<Double>
    private let noise: Buffer<Double>
    private let bends: Buffer<Double>
    private let bendsBefore: Buffer<Double>
    private let kinks: Buffer<Int32>
    private let context: Context
    /// The first step of the last table.
    private(set) var firstStep = 0.0
    /// Whether the last table began at a smaller step than it was asked to, because nothing settled there.
    private var wasLost = false

    init(lanes: Int, differences: Differences, context: Context) throws(ApusError) {
        self.context = context
        let allocator = context.allocator
        table = try RichardsonTable(lanes: lanes, powers: differences.direction == .both ? 2 : 1, in: allocator)
        quotients = try Buffer(zeros: lanes, in: allocator)
        noise = try Buffer(zeros: lanes, in: allocator)
        bends = try Buffer(zeros: lanes, in: allocator)
        bendsBefore = try Buffer(zeros: lanes, in: allocator)
        kinks = try Buffer(zeros: lanes, in: allocator)
    }

    /// Where bounds of rounding end, so that they do not become infinite.
    static let mostNoise = 1e290

    /// Fractions of the point's size to begin with: no round numbers, so that no period is met.
    static let firstOrderStart = 0.0271828
    static let secondOrderStart = 0.0871828

    /// Fills the table's lanes.
    ///
    /// - Parameters:
    ///   - start: the first step.
    ///   - unit: the size of steps where the point itself has none (1 at x = 0), times the fraction.
    ///   - smallStart: the first step for functions that do not settle from `start`, where that is much larger.
    ///   - mayGrow: whether other steps than those below `start` may be tried.
    /// Throws `notConverged` when no step gives finite values.
    func run(
        start: Double, unit: Double, smallStart: Double, mayGrow: Bool, place: () -> String, _ sample: Sample
    ) throws(ApusError) {
        table.reset()
        kinks.clear()
        _ = try descend(from: start, isFirst: true, place, sample)
        if mayGrow, start > 100 * smallStart, isDoubtful {
            // A large point of a function that changes on the scale of 1, such as a sine.
            table.reset()
            kinks.clear()
            _ = try descend(from: smallStart, isFirst: true, place, sample)
        }
        for _ in 0..<5 {
            guard mayGrow, let larger = growth(unit: unit) else { break }
            guard try descend(from: larger, isFirst: false, place, sample) else { break }
        }
    }

    /// Whether a lane has no value that later rows bear out.
    private var isDoubtful: Bool {
        (0..<table.lanes).contains { lane in
            !table[lane].isFound || table.isScattered(lane)
        }
    }

    /// One table from a step downward. False when a table that is not the first has no finite values above the last one's
    /// first step.
    private func descend(
        from given: Double, isFirst: Bool, _ place: () -> String, _ sample: Sample
    ) throws(ApusError) -> Bool {
        var step = given
        var shrinks = 0
        let before = firstStep
        while try !sample(step, quotients.pointer, noise.pointer, bends.pointer) {
            try context.checkInterrupt()
            step *= 0.25
            shrinks += 1
            if !isFirst, step <= 2 * before { return false }
            if shrinks > 60 {
                throw ApusError(
                    .notConverged, "The function is not finite around \(place()): no step has finite values.")
            }
        }
        firstStep = step
        wasLost = false
        table.begin(isLarger: !isFirst)
        _ = table.add(quotients.pointer, noise: noise.pointer, bends: bends.pointer)
        var levels = 0
        while levels < 60 {
            levels += 1
            try context.checkInterrupt()
            // Nothing settles: the step is far too large for this function.
            let isLost = table.level >= 9 && (0..<table.lanes).allSatisfy { !table[$0].isFound }
            step *= isLost ? 0.125 : 0.5
            swapBends()
            guard try sample(step, quotients.pointer, noise.pointer, bends.pointer) else {
                if table.level < 2, levels < 40, isFirst {
                    table.begin()
                    continue
                }
                return true
            }
            if isLost {
                firstStep = step
                wasLost = true
                table.begin()
            }
            let hasKink = isFirst && noteKinks(isNew: isLost)
            if table.add(quotients.pointer, noise: noise.pointer, bends: bends.pointer), !hasKink { return true }
        }
        return true
    }

    private func swapBends() { bendsBefore.pointer.update(from: bends.pointer, count: table.lanes) }

    /// Counts steps in a row at which the second difference fell slower than a smooth function's would. True while
    /// there are such lanes: smaller steps will tell whether there is a kink, or the steps are too large.
    private func noteKinks(isNew: Bool) -> Bool {
        var hasKink = false
        for lane in 0..<table.lanes {
            let now = bends.pointer[lane].magnitude
            let before = bendsBefore.pointer[lane].magnitude
            let isKink = !isNew && now > 0.9 * before && now > 1e3 * noise.pointer[lane]
            kinks.pointer[lane] = isKink ? kinks.pointer[lane] &+ 1 : 0
            hasKink = hasKink || isKink
        }
        return hasKink
    }

    /// A larger first step that would lift a lane out of rounding; nil when there is nothing to gain.
    private func growth(unit: Double) -> Double? {
        if wasLost { return nil }
        var factor = 1.0
        var mayPassUnit = false
        for lane in 0..<table.lanes {
            let state = table[lane]
            guard state.isFound, state.level <= 3, state.error <= 4 * state.noise, state.noise > 0 else { continue }
            if state.value.magnitude > state.error {
                let wanted = state.error / (1e-10 * state.value.magnitude)
                if wanted > 10 {
                    factor = max(factor, wanted)
                    mayPassUnit = true
                }
            } else if firstStep < unit {
                factor = max(factor, unit / firstStep)
            }
        }
        let limit = mayPassUnit ? max(unit, firstStep) * 1e3 : unit
        let step = min(firstStep * min(factor, 1e300), limit)
        return step > 4 * firstStep && step.isFinite ? step : nil
    }

    /// One quotient for each lane; with errors from a second one at half the step, whose difference to the first is
    /// 1 / `share` of the first one's truncation error. Throws `notConverged` when no step, or not the one given, has
    /// finite values.
    func plain(
        step given: Double, isGiven: Bool, share: Double, withErrors: Bool, place: () -> String, _ sample: Sample,
        _ deliver: (_ lane: Int, _ value: Double, _ error: Double) -> Void
    ) throws(ApusError) {
        var step = given
        var shrinks = 0
        while try !sample(step, quotients.pointer, noise.pointer, bends.pointer) {
            try context.checkInterrupt()
            step *= 0.25
            shrinks += 1
            if isGiven || shrinks > 60 {
                throw ApusError(
                    .notConverged, "The function is not finite around \(place()) at a step of \(given).")
            }
        }
        guard withErrors else {
            for lane in 0..<table.lanes { deliver(lane, quotients.pointer[lane], 0) }
            return
        }
        bendsBefore.pointer.update(from: quotients.pointer, count: table.lanes)
        guard try sample(step / 2, quotients.pointer, noise.pointer, bends.pointer) else {
            for lane in 0..<table.lanes { deliver(lane, bendsBefore.pointer[lane], .infinity) }
            return
        }
        for lane in 0..<table.lanes {
            let value = bendsBefore.pointer[lane]
            deliver(lane, value, share * (value - quotients.pointer[lane]).magnitude + noise.pointer[lane])
        }
    }

    /// The result of a lane, its error not below what the rows after the best one tell.
    /// Throws `notConverged` for a lane that did not settle, and for a kink.
    func result(_ lane: Int, _ what: () -> String) throws(ApusError) -> (value: Double, error: Double) {
        let state = table[lane]
        if kinks.pointer[lane] >= 2 {
            throw ApusError(
                .notConverged,
                "\(what()) does not exist: the quotients of the two sides do not approach each other. Use side=forward or backward."
            )
        }
        guard state.isFound, !table.isScattered(lane), state.value.isFinite,
            state.error <= max(1e-3 * state.value.magnitude, AdaptiveDifference.mostNoise / 100)
        else {
            throw ApusError(
                .notConverged,
                "\(what()) does not settle: the best estimate is \(state.value) with an error of \(state.error).")
        }
        return (state.value, max(state.error, state.scatter))
    }
}

extension Double {
    /// A step near `step` by which a point of this size can go both ways without rounding; 0 when it is too small.
    @inline(__always)
    func exactStep(_ step: Double) -> Double {
        let size = magnitude
        return (size + step) - size
    }

    /// The size by which steps from this coordinate are measured: its own, or 1 at 0.
    var stepScale: Double { self == 0 ? 1 : magnitude }
}
