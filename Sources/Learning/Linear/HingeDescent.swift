import Core
import Numerics

/// min over a of 1/2 |sum a_i y_i z_i|^2 - sum a_i + sum a_i^2 / (4 C_i) [squared] with 0 <= a_i (<= C_i [not
/// squared]), row after row, z being a row of x with `column` at its end; w = sum a_i y_i z_i.
struct HingeDescent: Sendable {
    let squared: Bool
    let penalty: Double
    let column: Double
    let tolerance: Double
    let mostRounds: Int

    /// One class against the rest.
    final class Work: @unchecked Sendable {
        let w: Buffer<Double>
        fileprivate let signs: Buffer<Double>
        fileprivate let a: Buffer<Double>
        fileprivate let squares: Buffer<Double>
        fileprivate let order: Buffer<Int>
        fileprivate let random: Philox
        fileprivate(set) var rounds = 0
        fileprivate(set) var converged = false

        /// nil when all are 1.
        fileprivate let weights: Buffer<Double>?

        init(
            _ x: Matrix, _ numbers: Buffer<Double>, _ weights: Buffer<Double>?, positive: Int, random: Philox,
            in allocator: Allocator
        ) throws(ApusError) {
            let n = x.rows
            self.weights = weights
            w = try Buffer(zeros: x.columns + 1, in: allocator)
            signs = try Buffer(n, in: allocator)
            a = try Buffer(zeros: n, in: allocator)
            squares = try Buffer(n, in: allocator)
            // Rows without weight have no part.
            var used: [Int] = []
            for r in 0..<n where weights.map({ $0.pointer[r] > 0 }) ?? true { used.append(r) }
            order = try Buffer(used, in: allocator)
            for r in 0..<n {
                signs.pointer[r] = numbers.pointer[r] == Double(positive) ? 1 : -1
                squares.pointer[r] = sumOfProducts(x.row(r), x.row(r), x.columns)
            }
            self.random = random
        }
    }

    /// `isStopped` is asked after each round: how many, and how far the slopes are from their optimum. An interrupt
    /// ends the run anywhere; the caller checks for it.
    func run(_ rows: Matrix, _ work: Work, in context: Context, isStopped: (Int, Double) -> Bool) {
        let p = rows.columns
        let w = work.w.pointer
        let a = work.a.pointer
        let order = work.order.pointer
        let count = work.order.count
        var active = count
        var mostBefore = Double.infinity
        var leastBefore = -Double.infinity
        var draw: UInt64 = 0
        while work.rounds < mostRounds {
            var most = -Double.infinity
            var least = Double.infinity
            var last = active - 1
            while last > 0 {
                let other = Int(work.random.below(UInt64(last + 1), draw: &draw))
                let held = order[last]
                order[last] = order[other]
                order[other] = held
                last -= 1
            }
            var s = 0
            while s < active {
                if s & 1023 == 0, context.isInterrupted { return }
                let i = order[s]
                let x = rows.row(i)
                let sign = work.signs.pointer[i]
                let bound = penalty * (work.weights.map { $0.pointer[i] } ?? 1)
                let ridge = squared ? 0.5 / bound : 0
                let slope = sign * (sumOfProducts(x, w, p) + column * w[p]) - 1 + ridge * a[i]
                var projected = 0.0
                if a[i] == 0 {
                    if slope > mostBefore {
                        active -= 1
                        order[s] = order[active]
                        order[active] = i
                        continue
                    }
                    if slope < 0 { projected = slope }
                } else if !squared, a[i] == bound {
                    if slope < leastBefore {
                        active -= 1
                        order[s] = order[active]
                        order[active] = i
                        continue
                    }
                    if slope > 0 { projected = slope }
                } else {
                    projected = slope
                }
                most = max(most, projected)
                least = min(least, projected)
                let bend = work.squares.pointer[i] + column * column + ridge
                if projected != 0 {
                    let old = a[i]
                    // A row of zeros has no bend: its margin is 0 whatever a is.
                    var next = bend > 0 ? old - slope / bend : bound
                    next = max(next, 0)
                    if !squared { next = min(next, bound) }
                    a[i] = next
                    let step = (next - old) * sign
                    if step != 0 {
                        for c in 0..<p { w[c] += step * x[c] }
                        w[p] += step * column
                    }
                }
                s += 1
            }
            work.rounds += 1
            let gap = max(most - least, 0)
            if isStopped(work.rounds, gap) { return }
            if !(most - least > tolerance) {
                if active == count {
                    work.converged = true
                    return
                }
                // Once more with all rows.
                active = count
                mostBefore = .infinity
                leastBefore = -.infinity
                continue
            }
            mostBefore = most > 0 ? most : .infinity
            leastBefore = least < 0 ? least : -.infinity
        }
    }
}
