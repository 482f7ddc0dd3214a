import Core
import Glibc

/// Counts, or sums of weights, in bins. A bin holds its left end; the last one its right end too. What lies outside of
/// all bins, and NaN, is not counted.
package struct Histogram {
    /// bins + 1 edges, ascending.
    package let edges: Buffer<Double>
    /// One count or sum a bin.
    package let counts: Buffer<Double>

    package var bins: Int { counts.count }

    private enum Bins {
        case equal(low: Double, high: Double)
        case edges
    }

    /// Equal bins from low to high; low = high = 0 means the range of the data, widened by 1/2 on both sides when it is
    /// one value. Throws `invalidArgument` for a bad range or weights, `outOfMemory`, `interrupted`.
    package init(
        of a: ArrayView, bins: Int, low: Double, high: Double, weights: ArrayView?, density: Bool, in context: Context
    ) throws(ApusError) {
        guard bins >= 1 else { throw .shape("counts must have at least one bin.") }
        let runs = try Runs(a, name: "a", axes: nil, in: context)
        var low = low
        var high = high
        if low == 0 && high == 0 {
            (low, high) = try Histogram.range(runs, in: context)
            guard low.isFinite, high.isFinite else {
                throw .invalid("a must be finite when low and high are not given, found the range \(low) to \(high).")
            }
        }
        guard low.isFinite, high.isFinite, low <= high else {
            throw .invalid("low and high must be finite with low <= high, got \(low) and \(high).")
        }
        if low == high {
            low -= 0.5
            high += 0.5
        }
        guard (high - low).isFinite, low < high else {
            throw .invalid("low and high must differ by a finite number that float64 resolves, got \(low) and \(high).")
        }
        let edges = try Buffer<Double>(bins + 1, in: context.allocator)
        let step = (high - low) / Double(bins)
        for i in 0..<bins { edges.pointer[i] = low + Double(i) * step }
        edges.pointer[bins] = high
        self.edges = edges
        counts = try Histogram.count(
            runs, weights, a.shape, edges, .equal(low: low, high: high), density: density, in: context)
    }

    /// Bins of the caller. Throws `invalidArgument` for edges that are not finite or descend.
    package init(
        of a: ArrayView, edges given: ArrayView, weights: ArrayView?, density: Bool, in context: Context
    ) throws(ApusError) {
        guard given.shape.rank == 1, given.count >= 2 else {
            throw .shape("edges must be a vector of at least 2 elements, got shape \(given.shape).")
        }
        let edges = try Buffer<Double>(given.count, in: context.allocator)
        try given.copy(to: edges.pointer, name: "edges")
        for i in 0..<given.count {
            let isOrdered = i == 0 || edges.pointer[i - 1] <= edges.pointer[i]
            guard !edges.pointer[i].isNaN, isOrdered else {
                throw .invalid("edges must ascend, found \(edges.pointer[i]) at \(i) (counted from 0).")
            }
        }
        self.edges = edges
        let runs = try Runs(a, name: "a", axes: nil, in: context)
        counts = try Histogram.count(runs, weights, a.shape, edges, .edges, density: density, in: context)
    }

    /// Least and greatest value; 0 and 1 of nothing.
    static func range(_ runs: Runs, in context: Context) throws(ApusError) -> (Double, Double) {
        if runs.length == 0 { return (0, 1) }
        var low = 0.0
        var high = 0.0
        try ExtremeStatistics(runs: runs, context: context).extremes(&low, &high)
        return (low, high)
    }

    private static func count(
        _ runs: Runs, _ weights: ArrayView?, _ shape: Shape, _ edges: Buffer<Double>, _ kind: Bins, density: Bool,
        in context: Context
    ) throws(ApusError) -> Buffer<Double> {
        let bins = edges.count - 1
        var w: Runs?
        if let weights {
            guard weights.shape == shape else {
                throw .shape("weights must have a's shape \(shape), got \(weights.shape).")
            }
            let all = try Runs(weights, name: "weights", axes: nil, in: context)
            try ArrayStatistic.requireWeights(all, in: context)
            w = all
        }
        // Slices at least as long as the counts that each of them needs.
        let (wide, isHuge) = bins.multipliedReportingOverflow(by: 16)
        let length = max(1 << 16, isHuge ? Int.max : wide, runs.length / 32 + 1)
        let slices = runs.length == 0 ? 0 : (runs.length - 1) / length + 1
        let tile = 4096
        let (cells, overflow) = slices.multipliedReportingOverflow(by: bins)
        if overflow { throw .limit("\(bins) bins are too many.") }
        let sums = try Buffer<Double>(zeros: w == nil ? 0 : cells, in: context.allocator)
        let tallies = try Buffer<Int>(zeros: w == nil ? cells : 0, in: context.allocator)
        let scratch = try Buffer<Double>(slices &* (2 &* tile), in: context.allocator)
        context.parallel(slices) { slice in
            if context.isInterrupted { return }
            let mine = scratch.pointer + slice &* 2 &* tile
            var start = slice &* length
            let end = start &+ min(length, runs.length &- start)
            while start < end {
                let count = min(tile, end &- start)
                let x = runs.piece(0, start, count, scratch: mine)
                if let w {
                    let weight = w.piece(0, start, count, scratch: mine + tile)
                    let sum = sums.pointer + slice &* bins
                    place(x, count, edges.pointer, bins, kind) { sum[$1] += weight[$0] }
                } else {
                    let tally = tallies.pointer + slice &* bins
                    place(x, count, edges.pointer, bins, kind) { tally[$1] &+= 1 }
                }
                start &+= count
            }
        }
        try context.checkInterrupt()
        let counts = try Buffer<Double>(bins, in: context.allocator)
        var total = CompensatedSum()
        for bin in 0..<bins {
            var sum = CompensatedSum()
            for slice in 0..<slices {
                sum.add(w == nil ? Double(tallies.pointer[slice &* bins &+ bin]) : sums.pointer[slice &* bins &+ bin])
            }
            counts.pointer[bin] = sum.value
            total.add(sum)
        }
        if density {
            for bin in 0..<bins {
                counts.pointer[bin] /= total.value * (edges.pointer[bin + 1] - edges.pointer[bin])
            }
        }
        return counts
    }

    /// Calls `add` with the number of each value that lies in a bin, and the bin.
    @inline(__always)
    private static func place(
        _ x: UnsafePointer<Double>, _ count: Int, _ edges: UnsafePointer<Double>, _ bins: Int, _ kind: Bins,
        _ add: (Int, Int) -> Void
    ) {
        let first = edges[0]
        let last = edges[bins]
        switch kind {
        case .equal(let low, let high):
            let factor = Double(bins) / (high - low)
            let direct = factor.isFinite
            for i in 0..<count {
                let value = x[i]
                guard value >= first, value <= last else { continue }
                let guess = direct ? (value - low) * factor : (value - low) / (high - low) * Double(bins)
                var bin = min(Int(guess), bins &- 1)
                // Rounding may put a value beside its bin: the edges decide.
                if value < edges[bin] { bin &-= 1 }
                if bin &+ 1 < bins, value >= edges[bin &+ 1] { bin &+= 1 }
                add(i, max(bin, 0))
            }
        case .edges:
            for i in 0..<count {
                let value = x[i]
                guard value >= first, value <= last else { continue }
                // The number of edges among the first `bins` that are <= value.
                var low = 0
                var high = bins
                while low < high {
                    let middle = (low &+ high) >> 1
                    if edges[middle] <= value { low = middle &+ 1 } else { high = middle }
                }
                add(i, max(low &- 1, 0))
            }
        }
    }
}
