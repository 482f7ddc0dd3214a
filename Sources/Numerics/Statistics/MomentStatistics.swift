import Core
import Glibc

/// Means and what is made of powers of deviations from them, one for each run.
///
/// Two passes: the mean by a compensated sum, then sums of deviations, whose own mean corrects what rounding left (Chan,
/// Golub, LeVeque 1983, "Algorithms for computing the sample variance", doi:10.1080/00031305.1983.10483115). Weights are
/// counted as they are given.
struct MomentStatistics {
    let runs: Runs
    let weights: Runs?
    let context: Context

    /// Total weight of each run, or its length; NaN or negative weights and a total of 0 are refused before.
    private func checkedWeights(_ totals: UnsafePointer<Double>) throws(ApusError) {
        for output in 0..<runs.outputs where !(totals[output] > 0) {
            throw .invalid("weights must not all be 0, and not be NaN.")
        }
    }

    /// out = the sum of each run, weighted.
    func sum(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        try runs.accumulate(
            width: 1, weights: weights, in: context, finish: { out[$0] = $1[0].value }
        ) { _, x, w, count, sums in
            if let w {
                sums[0].add(RunSums.weighted(x, w, count).0)
            } else {
                sums[0].add(RunSums.sum(x, count))
            }
        }
    }

    /// out = the mean of each run; total = its weight.
    func mean(_ out: UnsafeMutablePointer<Double>, total: UnsafeMutablePointer<Double>? = nil) throws(ApusError) {
        let length = Double(runs.length)
        if weights == nil {
            try runs.accumulate(
                width: 1, in: context,
                finish: { output, sums in
                    out[output] = sums[0].divided(by: length)
                    total?[output] = length
                }
            ) { _, x, _, count, sums in sums[0].add(RunSums.sum(x, count)) }
            try repairOverflow(out)
            return
        }
        let totals = try Buffer<Double>(runs.outputs, in: context.allocator)
        try runs.accumulate(
            width: 2, weights: weights, in: context,
            finish: { output, sums in
                totals.pointer[output] = sums[1].value
                out[output] = sums[0].divided(by: sums[1].value)
                total?[output] = sums[1].value
            }
        ) { _, x, w, count, sums in
            guard let w else { return }
            let (sum, weight) = RunSums.weighted(x, w, count)
            sums[0].add(sum)
            sums[1].add(weight)
        }
        try checkedWeights(totals.pointer)
    }

    /// A mean lies between the values even where their sum does not fit: such runs are summed again, scaled.
    private func repairOverflow(_ means: UnsafeMutablePointer<Double>) throws(ApusError) {
        guard (0..<runs.outputs).contains(where: { !means[$0].isFinite }) else { return }
        let least = try Buffer<Double>(runs.outputs, in: context.allocator)
        let greatest = try Buffer<Double>(runs.outputs, in: context.allocator)
        try ExtremeStatistics(runs: runs, context: context).extremes(least.pointer, greatest.pointer)
        let scale = 0x1p-64
        try runs.accumulate(
            width: 1, in: context,
            finish: { output, sums in
                if !means[output].isFinite, least.pointer[output].isFinite, greatest.pointer[output].isFinite {
                    means[output] = sums[0].divided(by: Double(runs.length)) / scale
                }
            }
        ) { output, x, _, count, sums in
            if !means[output].isFinite { for i in 0..<count { sums[0].add(x[i] * scale) } }
        }
    }

    /// What the sum of squared deviations is divided by.
    enum Divisor {
        /// n - ddof, or W - ddof.
        case freedom(Double)
        /// W - 1: weights are counts.
        case frequency
        /// W - sum w^2 / W: weights are reliabilities.
        case reliability
    }

    /// out = the variance of each run, or its square root, or that divided by the root of n. NaN where the divisor is not
    /// positive.
    func variance(_ out: UnsafeMutablePointer<Double>, by divisor: Divisor, root: Bool, standardError: Bool = false)
        throws(ApusError)
    {
        let count = runs.outputs
        let means = try Buffer<Double>(count, in: context.allocator)
        let totals = try Buffer<Double>(count, in: context.allocator)
        let divisors = try Buffer<Double>(count, in: context.allocator)
        try mean(means.pointer, total: totals.pointer)
        try fill(divisors.pointer, by: divisor, totals: totals.pointer)
        let scales = try Buffer<Double>(count, in: context.allocator)
        for output in 0..<count { scales.pointer[output] = 1 }
        try squares(out, means.pointer, totals.pointer, scales.pointer)
        if root { try rescale(out, means.pointer, totals.pointer, scales.pointer) }
        for output in 0..<count {
            let by = divisors.pointer[output]
            var value = by > 0 ? out[output] / by : .nan
            if root { value = value.squareRoot() / scales.pointer[output] }
            if standardError { value /= totals.pointer[output].squareRoot() }
            out[output] = value
        }
    }

    private func fill(_ divisors: UnsafeMutablePointer<Double>, by divisor: Divisor, totals: UnsafePointer<Double>)
        throws(ApusError)
    {
        for output in 0..<runs.outputs {
            switch divisor {
            case .freedom(let ddof): divisors[output] = totals[output] - ddof
            case .frequency, .reliability: divisors[output] = totals[output] - 1
            }
        }
        guard case .reliability = divisor, let weights else { return }
        try weights.accumulate(
            width: 1, in: context,
            finish: { output, sums in divisors[output] = totals[output] - sums[0].value / totals[output] }
        ) { _, w, _, count, sums in sums[0].add(RunSums.squares(w, count, mean: 0, scale: 1).1) }
    }

    /// out = the corrected sum of squared deviations, times the square of the scale.
    private func squares(
        _ out: UnsafeMutablePointer<Double>, _ means: UnsafePointer<Double>, _ totals: UnsafePointer<Double>,
        _ scales: UnsafePointer<Double>
    ) throws(ApusError) {
        try runs.accumulate(
            width: 2, weights: weights, in: context,
            finish: { output, sums in
                let rest = sums[0].value
                let square = sums[1].value - rest * rest / totals[output]
                out[output] = square < 0 ? 0 : square
            }
        ) { output, x, w, count, sums in
            let mean = means[output]
            let scale = scales[output]
            let (first, square) =
                if let w {
                    RunSums.weightedSquares(x, w, count, mean: mean, scale: scale)
                } else {
                    RunSums.squares(x, count, mean: mean, scale: scale)
                }
            sums[0].add(first)
            sums[1].add(square)
        }
    }

    /// A deviation may be a number where its square is none: such runs are squared again, scaled by a power of two.
    private func rescale(
        _ out: UnsafeMutablePointer<Double>, _ means: UnsafePointer<Double>, _ totals: UnsafePointer<Double>,
        _ scales: UnsafeMutablePointer<Double>
    ) throws(ApusError) {
        let needsScale = (0..<runs.outputs).contains { output in
            means[output].isFinite && !(out[output] > 0x1p-960 && out[output] < 0x1p1000)
        }
        guard needsScale else { return }
        try powerOfTwo(means, scales)
        try squares(out, means, totals, scales)
    }

    /// scales = a power of two that brings the largest deviation of each run into [1/2, 1); 1 where there is none.
    private func powerOfTwo(_ means: UnsafePointer<Double>, _ scales: UnsafeMutablePointer<Double>) throws(ApusError) {
        let least = try Buffer<Double>(runs.outputs, in: context.allocator)
        let greatest = try Buffer<Double>(runs.outputs, in: context.allocator)
        try ExtremeStatistics(runs: runs, context: context).extremes(least.pointer, greatest.pointer)
        for output in 0..<runs.outputs {
            let mean = means[output]
            let reach = max(greatest.pointer[output] - mean, mean - least.pointer[output])
            guard reach > 0, reach.isFinite else {
                scales[output] = 1
                continue
            }
            scales[output] = scalbn(1, Int32(clamping: min(max(-Int(reach.exponent) - 1, -1000), 1000)))
        }
    }

    /// out = the mean of |x - mean|.
    func meanAbsoluteDeviation(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let means = try Buffer<Double>(runs.outputs, in: context.allocator)
        try mean(means.pointer)
        let length = Double(runs.length)
        try runs.accumulate(
            width: 1, in: context, finish: { out[$0] = $1[0].divided(by: length) }
        ) { output, x, _, count, sums in sums[0].add(RunSums.absolute(x, count, center: means.pointer[output])) }
    }

    /// out = m3 / m2^(3/2), or m4 / m2^2 - 3 with `fourth`, of population moments; NaN for equal values.
    func shape(_ out: UnsafeMutablePointer<Double>, fourth: Bool) throws(ApusError) {
        let means = try Buffer<Double>(runs.outputs, in: context.allocator)
        let scales = try Buffer<Double>(runs.outputs, in: context.allocator)
        try mean(means.pointer)
        try powerOfTwo(means.pointer, scales.pointer)
        let n = Double(runs.length)
        try runs.accumulate(
            width: 4, in: context,
            finish: { output, sums in
                let rest = sums[0].value / n
                let second = sums[1].value / n - rest * rest
                let third = sums[2].value / n - 3 * rest * (sums[1].value / n) + 2 * rest * rest * rest
                let fourthMoment =
                    sums[3].value / n - 4 * rest * (sums[2].value / n) + 6 * rest * rest * (sums[1].value / n)
                    - 3 * rest * rest * rest * rest
                guard second > 0 else {
                    out[output] = .nan
                    return
                }
                out[output] = fourth ? fourthMoment / (second * second) - 3 : third / (second * second.squareRoot())
            }
        ) { output, x, _, count, sums in
            let (a, b, c, d) = RunSums.powers(x, count, mean: means.pointer[output], scale: scales.pointer[output])
            sums[0].add(a)
            sums[1].add(b)
            sums[2].add(c)
            sums[3].add(d)
        }
    }

    /// out = the mean of (x - mean)^order.
    func moment(_ out: UnsafeMutablePointer<Double>, order: Int) throws(ApusError) {
        if order == 0 || order == 1 {
            // A run with NaN or infinity has NaN.
            try mean(out)
            for output in 0..<runs.outputs { out[output] = out[output].isFinite ? Double(1 - order) : .nan }
            return
        }
        let means = try Buffer<Double>(runs.outputs, in: context.allocator)
        try mean(means.pointer)
        let length = Double(runs.length)
        try runs.accumulate(
            width: 1, in: context, finish: { out[$0] = $1[0].divided(by: length) }
        ) { output, x, _, count, sums in
            let mean = means.pointer[output]
            var sum = CompensatedSum()
            for i in 0..<count {
                let d = x[i] - mean
                var power = 1.0
                var base = d
                var rest = order
                while rest > 0 {
                    if rest & 1 == 1 { power *= base }
                    base *= base
                    rest >>= 1
                }
                sum.add(power)
            }
            sums[0].add(sum)
        }
    }
}
