import Core

/// Moments of values that come bit by bit: count, total weight, mean, sums of powers of deviations from the mean, extremes.
///
/// Batches are summed about their own mean and merged (Pebay 2008, "Formulas for robust, one-pass parallel computation of
/// covariances and arbitrary-order statistical moments", Sandia SAND2008-6212, doi:10.2172/1028931). The mean is kept
/// with its rounding error, so that an offset, however large, costs no digits.
package struct RunningMoments: BitwiseCopyable, Sendable {
    package var count: Int64 = 0
    package var weight = 0.0
    package var mean = 0.0
    /// What rounding took from the mean.
    package var meanRest = 0.0
    package var second = 0.0
    package var third = 0.0
    package var fourth = 0.0
    package var minimum = 0.0
    package var maximum = 0.0

    package init() {}

    /// Joins the moments of other values. Throws `limit` when the count does not fit.
    package mutating func merge(_ other: RunningMoments) throws(ApusError) {
        let (total, overflow) = count.addingReportingOverflow(other.count)
        guard !overflow else { throw .limit("\(count) and \(other.count) values are too many to count.") }
        if other.count == 0 { return }
        if count == 0 {
            self = other
            return
        }
        let sum = weight + other.weight
        minimum = minimum.isNaN || other.minimum.isNaN ? .nan : min(minimum, other.minimum)
        maximum = maximum.isNaN || other.maximum.isNaN ? .nan : max(maximum, other.maximum)
        count = total
        if other.weight == 0 { return }
        if weight == 0 {
            let (low, high) = (minimum, maximum)
            self = other
            (count, minimum, maximum) = (total, low, high)
            return
        }
        let difference = (other.mean - mean) + (other.meanRest - meanRest)
        let a = weight / sum
        let b = other.weight / sum
        let square = difference * difference
        fourth +=
            other.fourth + square * square * weight * b * (a * a - a * b + b * b)
            + 6 * square * (a * a * other.second + b * b * second)
            + 4 * difference * (a * other.third - b * third)
        third +=
            other.third + difference * square * weight * b * (a - b) + 3 * difference * (a * other.second - b * second)
        second += other.second + square * weight * b
        var center = CompensatedSum(mean, meanRest)
        center.add(difference * b)
        setMean(center)
        weight = sum
    }

    private mutating func setMean(_ center: CompensatedSum) {
        mean = center.value
        let rest = (center.high - mean) + center.low
        meanRest = rest.isFinite ? rest : 0
    }

    /// The moments of all elements of an array. Throws `shape` for weights of another shape, `invalidArgument` for bad
    /// ones, `dtype`, `outOfMemory`, `interrupted`.
    package init(of values: ArrayView, weights: ArrayView?, in context: Context) throws(ApusError) {
        let runs = try Runs(values, name: "values", axes: nil, in: context)
        var w: Runs?
        if let weights {
            guard weights.shape == values.shape else {
                throw .shape("weights must have the shape of values, \(values.shape), got \(weights.shape).")
            }
            let all = try Runs(weights, name: "weights", axes: nil, in: context)
            try ArrayStatistic.requireWeights(all, in: context)
            w = all
        }
        self.init()
        let tile = runs.isContiguous && (w?.isContiguous ?? true) ? Runs.sliceLength : 4096
        let slices = runs.length == 0 ? 0 : (runs.length - 1) / tile + 1
        let parts = try Buffer<RunningMoments>(slices, in: context.allocator)
        // Waves of slices, so that scratch for pieces that must be gathered stays small.
        let wave = 64
        let room = tile == 4096 ? tile : 1
        let scratch = try Buffer<Double>(2 &* room &* min(wave, slices), in: context.allocator)
        var first = 0
        while first < slices {
            let from = first
            context.parallel(min(wave, slices - first)) { index in
                let start = (from + index) &* tile
                let count = min(tile, runs.length &- start)
                let mine = scratch.pointer + index &* 2 &* room
                let x = runs.piece(0, start, count, scratch: mine)
                let weight = w.map { $0.piece(0, start, count, scratch: mine + room) }
                parts.pointer[from + index] = RunningMoments(x, weight, count)
            }
            try context.checkInterrupt()
            first += wave
        }
        for slice in 0..<slices { try merge(parts.pointer[slice]) }
    }

    /// The moments of a run of values; `count` must be positive.
    private init(_ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>?, _ count: Int) {
        self.init()
        self.count = Int64(count)
        (minimum, maximum) = RunSums.extremes(x, count)
        var sum = CompensatedSum()
        if let w {
            let (first, total) = RunSums.weighted(x, w, count)
            sum = first
            weight = total.value
            if weight == 0 { return }
        } else {
            sum = RunSums.sum(x, count)
            weight = Double(count)
        }
        let center = sum.divided(by: weight)
        var powers = (CompensatedSum(), CompensatedSum(), CompensatedSum(), CompensatedSum())
        if let w {
            for i in 0..<count {
                let d = x[i] - center
                let wd = w[i] * d
                powers.0.add(wd)
                powers.1.add(wd * d)
                powers.2.add(wd * d * d)
                powers.3.add(wd * d * (d * d))
            }
        } else {
            powers = RunSums.powers(x, count, mean: center, scale: 1)
        }
        let rest = powers.0.value / weight
        setMean(CompensatedSum(center, rest.isFinite ? rest : 0))
        let s2 = powers.1.value
        let s3 = powers.2.value
        second = max(s2 - rest * rest * weight, s2.isNaN ? .nan : 0)
        third = s3 - 3 * rest * s2 + 2 * rest * rest * rest * weight
        fourth = powers.3.value - 4 * rest * s3 + 6 * rest * rest * s2 - 3 * (rest * rest) * (rest * rest) * weight
    }

    /// A statistic by name. Throws `invalidArgument` for an unknown one, and for one that needs values before there are
    /// any.
    package func statistic(_ name: String, ddof: Int) throws(ApusError) -> Double {
        if name == "sum" { return count == 0 ? 0 : mean * weight + meanRest * weight }
        let names = ["mean", "variance", "std", "standard_error", "skewness", "kurtosis", "min", "max", "sum"]
        guard names.contains(name) else {
            throw .invalid("Unknown statistic '\(name)'; there are \(names.joined(separator: ", ")).")
        }
        guard count > 0 else { throw .invalid("moments must hold at least one value for \(name).") }
        if name == "min" { return minimum }
        if name == "max" { return maximum }
        guard weight > 0 || weight.isNaN else { throw .invalid("The weights of moments must not all be 0.") }
        let divisor = weight - Double(ddof)
        let variance = divisor > 0 ? second / divisor : .nan
        let square = second / weight
        switch name {
        case "mean": return mean
        case "variance": return variance
        case "std": return variance.squareRoot()
        case "standard_error": return (variance / weight).squareRoot()
        case "skewness": return second > 0 ? third / weight / (square * square.squareRoot()) : .nan
        default: return second > 0 ? fourth / weight / (square * square) - 3 : .nan
        }
    }
}
