import Core
import Numerics

/// min 1/2 |y - x b|^2 + l1 |b|_1 + l2/2 |b|^2, with b >= 0 where asked, by cyclic coordinate descent with soft
/// thresholds (Friedman, Hastie, Tibshirani 2010, doi:10.18637/jss.v033.i01).
///
/// When the signs of the coefficients stand still, the equations (x'x + l2) b = x'y - l1 sign of those that are not 0
/// are solved; where the solution keeps the signs and no other coefficient wants to move it is the optimum to rounding.
/// Otherwise the descent goes on until its duality gap is small.
struct CoordinateDescent {
    let l1: Double
    /// Factors of l1 for each coefficient; nil for 1. There is no gap to look at then, the moves alone tell the end.
    var factors: UnsafePointer<Double>?
    let l2: Double
    let positive: Bool
    /// Ends when the duality gap is at most this times y'y.
    let tolerance: Double
    let mostSweeps: Int
    /// Coefficients in a new random order for each sweep.
    let isRandom: Bool

    private static let grace = 50

    struct Outcome {
        var sweeps = 0
        var gap = 0.0
        var converged = false
    }

    /// From `b`, which must be where `columns` are. `report` is called after each sweep and ends the descent with true.
    func run(
        _ columns: CoordinateColumns, _ b: UnsafeMutablePointer<Double>, in context: Context,
        report: (_ sweep: Int) throws(ApusError) -> Bool
    ) throws(ApusError) -> Outcome {
        var outcome = Outcome()
        var nextSolve = 1
        // Once the gap is small the signs get some more rounds to stand still, for the optimum to be met to rounding.
        var mostSweeps = mostSweeps
        let order = isRandom ? try Buffer<Int>(columns.count, in: context.allocator) : nil
        while outcome.sweeps < mostSweeps {
            if let order { context.nextStream().permute(order.pointer, count: order.count) }
            let sweep = try self.sweep(columns, b, order, in: context)
            outcome.sweeps += 1
            if try report(outcome.sweeps) { break }
            if !sweep.signsChanged, outcome.sweeps >= nextSolve {
                nextSolve = outcome.sweeps + max(outcome.sweeps / 4, 1)
                if try solve(columns, b, in: context) {
                    outcome.converged = true
                    break
                }
            }
            if outcome.converged { continue }
            if sweep.largestMove <= tolerance * sweep.largest || outcome.sweeps % 10 == 0 {
                let gap = factors == nil ? gap(columns, b) : 0
                // Values beyond float64 lead nowhere.
                if !gap.isFinite { break }
                if isSmall(gap, sweep, columns) {
                    outcome.converged = true
                    mostSweeps = min(mostSweeps, 2 * outcome.sweeps + CoordinateDescent.grace)
                }
            }
        }
        if factors == nil { outcome.gap = gap(columns, b) }
        return outcome
    }

    private func isSmall(_ gap: Double, _ sweep: Sweep, _ columns: CoordinateColumns) -> Bool {
        // Without a penalty there is no gap to look at, but the moves.
        if factors != nil || (l1 == 0 && l2 == 0) { return sweep.largestMove <= tolerance * sweep.largest }
        return gap <= tolerance * columns.targetSquare
    }

    private struct Sweep {
        var largestMove = 0.0
        var largest = 0.0
        var signsChanged = false
    }

    /// One round over all coefficients.
    private func sweep(
        _ columns: CoordinateColumns, _ b: UnsafeMutablePointer<Double>, _ order: Buffer<Int>?, in context: Context
    ) throws(ApusError) -> Sweep {
        var sweep = Sweep()
        for index in 0..<columns.count {
            if index & 63 == 0 { try context.checkInterrupt() }
            let c = order?.pointer[index] ?? index
            let square = columns.squares.pointer[c]
            if square == 0 { continue }
            let old = b[c]
            let pull = columns.product(c) + square * old
            let cut = factors.map { l1 * $0[c] } ?? l1
            var new = 0.0
            if pull > cut {
                new = (pull - cut) / (square + l2)
            } else if pull < -cut, !positive {
                new = (pull + cut) / (square + l2)
            }
            if new != old {
                columns.move(c, by: new - old)
                b[c] = new
                // In units of the fitted values.
                sweep.largestMove = max(sweep.largestMove, abs(new - old) * square.squareRoot())
            }
            sweep.largest = max(sweep.largest, abs(new) * square.squareRoot())
            if (new > 0) != (old > 0) || (new < 0) != (old < 0) { sweep.signsChanged = true }
        }
        return sweep
    }

    /// Puts the coefficients that are not 0 where their equations say, if that keeps their signs; true when nothing
    /// else wants to move then.
    private func solve(_ columns: CoordinateColumns, _ b: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError) -> Bool
    {
        let allocator = context.allocator
        var m = 0
        for c in 0..<columns.count where b[c] != 0 { m += 1 }
        let support = try Buffer<Int>(m, in: allocator)
        m = 0
        for c in 0..<columns.count where b[c] != 0 {
            support.pointer[m] = c
            m += 1
        }
        if m > 0 {
            let (cells, overflow) = m.multipliedReportingOverflow(by: m)
            if overflow || cells > 1 << 26 { return false }
            let matrix = try Buffer<Double>(cells, in: allocator)
            let trial = try Buffer<Double>(columns.count, in: allocator)
            let step = try Buffer<Double>(m, in: allocator)
            for i in 0..<m {
                if i & 15 == 0 { try context.checkInterrupt() }
                let c = support.pointer[i]
                for j in i..<m { matrix.pointer[i &* m + j] = columns.gram(c, support.pointer[j]) }
                matrix.pointer[i &* m + i] += l2
            }
            guard let factor = try Cholesky(matrix.pointer, order: m, in: allocator),
                factor.reciprocalCondition > 1e-13
            else { return false }
            trial.pointer.update(from: b, count: columns.count)
            // Twice: the second is a refinement.
            for _ in 0..<2 {
                for i in 0..<m {
                    let c = support.pointer[i]
                    let cut = factors.map { l1 * $0[c] } ?? l1
                    step.pointer[i] = columns.product(c) - l2 * trial.pointer[c] - (b[c] > 0 ? cut : -cut)
                }
                factor.solve(step.pointer, count: 1)
                for i in 0..<m { trial.pointer[support.pointer[i]] += step.pointer[i] }
                let keeps = (0..<m).allSatisfy { i in
                    let c = support.pointer[i]
                    let isFree = factors.map { $0[c] == 0 } ?? false
                    let value = trial.pointer[c]
                    return value.isFinite && (isFree || ((value > 0) == (b[c] > 0) && value != 0))
                }
                guard keeps else {
                    columns.place(b)
                    return false
                }
                columns.place(trial.pointer)
            }
            b.update(from: trial.pointer, count: columns.count)
        }
        var largest = 0.0
        for c in 0..<columns.count { largest = max(largest, abs(columns.cross.pointer[c])) }
        for c in 0..<columns.count where b[c] == 0 && columns.squares.pointer[c] > 0 {
            let cut = factors.map { l1 * $0[c] } ?? l1
            let bound = cut + 1e-12 * max(cut, largest)
            let pull = columns.product(c)
            if pull > bound || (!positive && pull < -bound) { return false }
        }
        return true
    }

    /// The cost less its dual at the residual scaled to be feasible: no less than the distance to the optimum.
    func gap(_ columns: CoordinateColumns, _ b: UnsafePointer<Double>) -> Double {
        var dual = 0.0
        var squares = 0.0
        var lengths = 0.0
        var slopes = 0.0
        for c in 0..<columns.count {
            let slope = columns.product(c) - l2 * b[c]
            dual = max(dual, positive ? slope : abs(slope))
            slopes += positive && slope < 0 && b[c] == 0 ? 0 : slope * slope
            squares += b[c] * b[c]
            lengths += abs(b[c])
        }
        // Without the l1 norm: the cost is strongly convex with l2, so its slope bounds the distance.
        if l1 == 0 { return l2 > 0 ? slopes / (2 * l2) : 0 }
        let (square, withTarget) = columns.residual(b)
        let factor = dual > l1 ? l1 / dual : 1
        let both = 1 + factor * factor
        return max(
            0.5 * both * square + l1 * lengths - factor * withTarget + 0.5 * l2 * both * squares, 0)
    }
}
