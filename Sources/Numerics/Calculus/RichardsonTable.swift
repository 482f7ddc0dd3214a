import Core

/// Richardson's extrapolation of difference quotients to step 0, for several functions ("lanes") at once.
///
/// Row i holds quotients at step h / 2^i in column 0; column j removes the j-th term of the error:
/// T[i][j] = T[i][j-1] + (T[i][j-1] - T[i-1][j-1]) / (2^p(j) - 1). The error of an entry is the larger difference to
/// its two parents (Ridders 1982, doi:10.1016/S0141-1195(82)80057-0), and never less than what rounding of the
/// function's values may have done.
final class RichardsonTable {
    static let columns = 9

    let lanes: Int
    /// 2^p(j) - 1 for each column.
    private let divisors: [Double]
    /// What the extrapolation does to rounding.
    private let amplification: Double
    private var above: Buffer<Double>
    private var row: Buffer<Double>
    private let states: Buffer<Lane>
    /// Change of the function over the step, for the first step of the table.
    private let firsts: Buffer<Double>
    /// Rows of the table so far.
    private(set) var level = 0
    private var mustAgree = false

    /// The best entry of a lane so far.
    struct Lane: BitwiseCopyable {
        var value = 0.0
        var error = Double.infinity
        /// The part of `error` that is rounding.
        var noise = 0.0
        /// What later rows, which rounding spoils more, tell about the rounding in `value`.
        var scatter = 0.0
        /// Row of its table.
        var level = 0
        /// Least error of the row before.
        var rowError = Double.infinity
        /// Noise of the quotients as their irregular differences show it, beyond the bound given with them.
        var measured = 0.0
        var difference = 0.0
        var bound = 0.0
        /// Rows in a row without a difference.
        var quiet = 0
        /// Rows since the best one whose errors were much larger.
        var worse = 0
        var isSettled = false
        /// Whether an entry has been good enough to be believed.
        var isFound = false
    }

    /// `powers` 2 for quotients whose error has even powers of the step only, 1 for all powers.
    init(lanes: Int, powers: Int, in allocator: Allocator) throws(ApusError) {
        self.lanes = lanes
        var divisors = [1.0]
        var power = 1.0
        for _ in 1..<RichardsonTable.columns {
            power *= powers == 2 ? 4 : 2
            divisors.append(power - 1)
        }
        self.divisors = divisors
        self.amplification = powers == 2 ? 2 : 6
        let (cells, overflow) = lanes.multipliedReportingOverflow(by: RichardsonTable.columns)
        if overflow { throw .shape("\(lanes) values are too many.") }
        above = try Buffer(zeros: cells, in: allocator)
        row = try Buffer(zeros: cells, in: allocator)
        states = try Buffer(lanes, in: allocator)
        firsts = try Buffer(zeros: lanes, in: allocator)
        reset()
    }

    /// Forgets everything, for another derivative.
    func reset() {
        for lane in 0..<lanes { states.pointer[lane] = Lane() }
        level = 0
    }

    /// Begins a new table at another step; the best entries stay. With `isLarger` they are replaced only by better ones
    /// that do not contradict them: large steps may agree with each other and miss what is near.
    func begin(isLarger: Bool = false) {
        level = 0
        mustAgree = isLarger
        for lane in 0..<lanes {
            states.pointer[lane].isSettled = false
            states.pointer[lane].worse = 0
            states.pointer[lane].rowError = .infinity
            states.pointer[lane].measured = 0
            states.pointer[lane].quiet = 0
        }
    }

    subscript(lane: Int) -> Lane {
        get { states.pointer[lane] }
        set { states.pointer[lane] = newValue }
    }

    /// Whether later rows refute the best entry of a lane: rounding does not spoil a value by its own size, unless that is
    /// nothing beside the change of the function.
    func isScattered(_ lane: Int) -> Bool {
        let state = states.pointer[lane]
        return state.scatter > 0.5 * state.value.magnitude && state.scatter > 100 * state.noise
            && state.scatter > 1e-10 * firsts.pointer[lane]
    }

    /// Adds the quotients at the next smaller step with the bounds of their rounding errors and their second differences.
    /// True when no lane can gain from smaller steps.
    func add(_ quotients: UnsafePointer<Double>, noise: UnsafePointer<Double>, bends: UnsafePointer<Double>) -> Bool {
        swap(&above, &row)
        var all = true
        for lane in 0..<lanes {
            if level == 0 { firsts.pointer[lane] = max(quotients[lane].magnitude, bends[lane].magnitude) }
            extend(lane, quotients[lane], noise: noise[lane])
            all = all && states.pointer[lane].isSettled
        }
        level += 1
        return all
    }

    private func extend(_ lane: Int, _ quotient: Double, noise: Double) {
        let old = above.pointer + lane &* RichardsonTable.columns
        let new = row.pointer + lane &* RichardsonTable.columns
        new[0] = quotient
        let rounding = amplification * noise
        let floor = max(rounding, amplification * measure(lane, quotient - old[0], bound: noise))
        var value = quotient
        var error = Double.infinity
        var column = 1
        while column < RichardsonTable.columns, column <= level {
            new[column] = new[column - 1] + (new[column - 1] - old[column - 1]) / divisors[column]
            let difference = max(
                (new[column] - new[column - 1]).magnitude, (new[column] - old[column - 1]).magnitude, floor)
            if difference < error {
                error = difference
                value = new[column]
            }
            column += 1
        }
        guard level > 0 else { return }
        var state = states.pointer[lane]
        // An entry whose own neighbours differ by a twentieth of it says nothing, unless that is all rounding, or nothing
        // beside the quotient at the first step.
        let isRelative = error <= 0.05 * value.magnitude
        let isCredible =
            isRelative || error <= 4 * rounding || error <= 1e-10 * firsts.pointer[lane]
        let differs = (value - state.value).magnitude > 4 * (error + state.error)
        if mustAgree, state.isFound, error >= state.error || differs || !isCredible {
            if state.error <= 2 * rounding || level >= 8 { states.pointer[lane].isSettled = true }
            return
        }
        let contradicts = isCredible && state.isFound && state.error > 1e-3 * state.value.magnitude && differs
        // A plateau of rounding does not refute what larger steps have found.
        let mayReplace = !state.isFound || isRelative || (isCredible && !differs)
        if (error < state.error && mayReplace) || (isCredible && !state.isFound) || contradicts {
            state.value = value
            state.error = error
            state.noise = rounding
            state.scatter = 0
            state.isFound = isCredible
            state.level = level
            state.worse = 0
        } else {
            if rounding > 0 {
                state.scatter = max(state.scatter, (value - state.value).magnitude * (state.noise / rounding))
            }
            state.worse = error > 8 * state.error ? state.worse + 1 : 0
        }
        let hasPassed = state.worse >= 3 && max(state.error, state.scatter) <= 1e-5 * state.value.magnitude
        // Errors fall by some digits a row. All digits at once may be an accident: the next row must agree.
        let isSudden = error < 1e-6 * state.rowError && state.level == level
        state.rowError = error
        if level >= 2, state.isFound, (state.error <= 2 * rounding && !isSudden) || hasPassed {
            state.isSettled = true
        }
        states.pointer[lane] = state
    }

    /// The noise that the differences of successive quotients show. Those of a smooth function fall by the same factor
    /// each row; noise is what does not, until rows are regular (or equal) again.
    private func measure(_ lane: Int, _ difference: Double, bound: Double) -> Double {
        var state = states.pointer[lane]
        if level == 0 {
            state.difference = 0
        } else {
            if state.bound > 0 { state.measured *= bound / state.bound }
            let expected = state.difference / (divisors[1] + 1)
            let surprise = (difference - expected).magnitude
            let isMeaningful = level >= 2 && state.difference.magnitude > 8 * bound
            if isMeaningful {
                // Falling faster is fine where it looks like a higher power of the step.
                let ratio = difference / state.difference
                let isRegular =
                    surprise <= 0.1 * state.difference.magnitude || (ratio > 1.0 / 300 && ratio < 1 / (divisors[1] + 1))
                state.measured = isRegular ? 0 : max(state.measured, surprise)
            }
            state.quiet = difference.magnitude <= 4 * bound ? state.quiet + 1 : 0
            if state.quiet >= 3 { state.measured = 0 }
            state.difference = difference
        }
        state.bound = bound
        states.pointer[lane] = state
        return state.measured
    }
}
