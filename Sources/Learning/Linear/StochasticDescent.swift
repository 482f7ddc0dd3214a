import Core
import Glibc
import Numerics

/// Stochastic gradient descent on mean loss + alpha ((1 - l1_ratio)/2 |coef|^2 + l1_ratio |coef|_1), one score: updates
/// of `batch` rows each in a new order each pass, steps by a schedule, the absolute values by cumulative truncation
/// (Tsuruoka, Tsujii, Ananiadou 2009, doi:10.3115/1687878.1687946), averages of all updates where asked (Polyak and
/// Juditsky 1992, doi:10.1137/0330046). The "optimal" schedule is Bottou's (2012, doi:10.1007/978-3-642-35289-8_25).
struct StochasticDescent {
    enum Schedule: String { case constant, optimal, invscaling, adaptive }

    let loss: SGDLoss
    let epsilon: Double
    let alpha: Double
    /// The shares of the penalty; both 0 for none.
    let l1: Double
    let l2: Double
    let intercept: Bool
    let mostPasses: Int
    let tolerance: Double
    let shuffle: Bool
    let schedule: Schedule
    let firstRate: Double
    let power: Double
    let patience: Int
    let batch: Int
    let averages: Bool

    struct Outcome {
        var passes = 0
        var updates = 0
        var converged = false
        /// The mean loss of each pass, as it was seen on the way.
        var losses: [Double] = []
        var isFinite = true
    }

    /// What a pass needs of the data.
    struct Rows {
        let x: Matrix
        /// One for each row of x.
        let targets: UnsafePointer<Double>
        let weights: UnsafePointer<Double>?
        /// The rows to learn from.
        let order: Buffer<Int>
    }

    /// The memory of a run.
    struct Scratch {
        let slopes: Buffer<Double>
        let truncated: Buffer<Double>
        let mean: Buffer<Double>

        init(features: Int, batch: Int, in allocator: Allocator) throws(ApusError) {
            slopes = try Buffer(batch, in: allocator)
            truncated = try Buffer(zeros: features, in: allocator)
            mean = try Buffer(zeros: features + 1, in: allocator)
        }
    }

    /// Changes `w` (coefficients, then the intercept) in place. `score` tells how good a pass left them on rows held
    /// back (more is better); nil where the loss decides. `isStopped` is asked after each pass. An interrupt ends the
    /// run anywhere; the caller checks for it.
    func run(
        _ rows: Rows, _ w: UnsafeMutablePointer<Double>, _ scratch: Scratch, random: Philox, in context: Context,
        score: (() -> Double)?, isStopped: (Outcome) -> Bool
    ) -> Outcome {
        let p = rows.x.columns
        var outcome = Outcome()
        var rate = firstRate
        var time = 1.0
        var bound = 0.0
        var best = score == nil ? Double.infinity : -.infinity
        var idle = 0
        let first = optimalStart
        let order = rows.order
        let count = order.count
        // Stream positions of a pass follow those of the one before.
        var draw: UInt64 = 0
        while outcome.passes < mostPasses {
            if shuffle { StochasticDescent.shuffle(order, random, &draw) }
            var total = 0.0
            var start = 0
            while start < count {
                if outcome.updates & 1023 == 0, context.isInterrupted { return outcome }
                let size = min(batch, count - start)
                for i in 0..<size {
                    let r = order.pointer[start + i]
                    let value = w[p] + sumOfProducts(rows.x.row(r), w, p)
                    let (cost, slope) = loss(value, rows.targets[r], epsilon: epsilon)
                    let weight = rows.weights?[r] ?? 1
                    total += weight * cost
                    // A slope beyond sense would end in infinity at once.
                    scratch.slopes.pointer[i] = weight * max(-1e12, min(1e12, slope))
                }
                switch schedule {
                case .optimal: rate = 1 / (alpha * (first + time - 1))
                case .invscaling: rate = firstRate / pow(time, power)
                case .constant, .adaptive: break
                }
                if l2 > 0 {
                    let decay = max(0, 1 - l2 * rate * alpha)
                    for c in 0..<p { w[c] *= decay }
                }
                for i in 0..<size {
                    let step = -rate * scratch.slopes.pointer[i] / Double(size)
                    if step == 0 { continue }
                    let x = rows.x.row(order.pointer[start + i])
                    for c in 0..<p { w[c] += step * x[c] }
                    if intercept { w[p] += step }
                }
                if l1 > 0 {
                    bound += l1 * rate * alpha
                    truncate(w, p, bound, scratch.truncated.pointer)
                }
                outcome.updates += 1
                time += 1
                if averages {
                    let share = 1 / Double(outcome.updates)
                    for c in 0...p { scratch.mean.pointer[c] += share * (w[c] - scratch.mean.pointer[c]) }
                }
                start += size
            }
            outcome.passes += 1
            outcome.losses.append(total / Double(max(count, 1)))
            var sum = 0.0
            for c in 0...p { sum += w[c] * 0 }
            guard sum == 0, total.isFinite else {
                outcome.isFinite = false
                return outcome
            }
            if isStopped(outcome) { break }
            if let score {
                let now = score()
                idle = now < best + tolerance ? idle + 1 : 0
                best = max(best, now)
            } else {
                let now = outcome.losses[outcome.passes - 1]
                idle = now > best - tolerance ? idle + 1 : 0
                best = min(best, now)
            }
            if idle >= patience {
                if schedule == .adaptive, rate > 1e-6 {
                    rate /= 5
                    idle = 0
                } else {
                    outcome.converged = true
                    break
                }
            }
        }
        if averages { w.update(from: scratch.mean.pointer, count: p + 1) }
        return outcome
    }

    /// Where the optimal schedule starts, so that the first step is of the size of typical coefficients.
    private var optimalStart: Double {
        let typical = (1 / alpha.squareRoot()).squareRoot()
        let slope = loss(-typical, 1, epsilon: epsilon).slope
        return 1 / (typical / max(1, slope) * alpha)
    }

    /// Takes the penalty that is still owed from each coefficient, not beyond 0.
    private func truncate(
        _ w: UnsafeMutablePointer<Double>, _ p: Int, _ bound: Double, _ taken: UnsafeMutablePointer<Double>
    ) {
        for c in 0..<p {
            let old = w[c]
            if old > 0 {
                w[c] = max(0, old - (bound + taken[c]))
            } else if old < 0 {
                w[c] = min(0, old + (bound - taken[c]))
            }
            taken[c] += w[c] - old
        }
    }

    private static func shuffle(_ order: Buffer<Int>, _ random: Philox, _ draw: inout UInt64) {
        var last = order.count - 1
        while last > 0 {
            let other = Int(random.below(UInt64(last + 1), draw: &draw))
            let held = order.pointer[last]
            order.pointer[last] = order.pointer[other]
            order.pointer[other] = held
            last -= 1
        }
    }
}
