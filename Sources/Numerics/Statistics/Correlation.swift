import Core

/// How two columns go together.
package enum CorrelationMethod: String, CaseIterable, Sendable {
    /// Of the values.
    case pearson
    /// Pearson's, of the average ranks.
    case spearman
    /// tau-b: concordant less discordant pairs, corrected for ties.
    case kendall

    /// p x p correlations of the columns of x; NaN for a constant column and one that holds NaN. Throws `shape`,
    /// `outOfMemory`, `interrupted`.
    package func correlation(of x: ArrayView, in context: Context) throws(ApusError) -> Buffer<Double> {
        switch self {
        case .pearson: return try Covariance.pearson(of: x, in: context)
        case .spearman:
            _ = try Covariance.matrix(x, in: context)
            let ranks = try RankMethod.average.ranks(of: x, name: "x", axis: 0, in: context)
            let shape = x.shape.rank == 1 ? Shape(x.shape[0], 1) : x.shape
            let view = ArrayView(data: UnsafeMutableRawPointer(ranks.pointer), dtype: .float64, shape: shape)
            defer { withExtendedLifetime(ranks) {} }
            return try Covariance.pearson(of: view, in: context)
        case .kendall: return try KendallTau.matrix(of: x, in: context)
        }
    }
}

/// Kendall's tau-b in O(n log n) a pair (Knight 1966, doi:10.1080/01621459.1966.10480879).
enum KendallTau {
    static func matrix(of view: ArrayView, in context: Context) throws(ApusError) -> Buffer<Double> {
        let x = try Covariance.matrix(view, in: context)
        let n = x.rows
        let p = x.columns
        let (cells, overflow) = p.multipliedReportingOverflow(by: p)
        if overflow { throw .limit("\(p) columns are too many.") }
        // Every column as dense ranks, column after column; places in ascending order of each.
        let dense = try RankMethod.dense.ranks(of: view, name: "x", axis: 0, in: context)
        let (room, tooLarge) = n.multipliedReportingOverflow(by: p)
        if tooLarge { throw .limit("x is too large.") }
        let columns = try Buffer<Double>(room, in: context.allocator)
        for r in 0..<n { for c in 0..<p { columns.pointer[c &* n + r] = dense.pointer[r &* p + c] } }
        let out = try Buffer<Double>(cells, in: context.allocator)
        // One row of pairs at a time: its order is shared.
        let order = try Buffer<Sorting.Keyed>(2 &* n, in: context.allocator)
        let wave = min(32, p)
        let scratch = try Buffer<Double>(wave &* 3 &* n, in: context.allocator)
        for i in 0..<p {
            try context.checkInterrupt()
            let a = columns.pointer + i &* n
            out.pointer[i &* p + i] = isConstant(a, n) ? .nan : 1
            if i + 1 == p { break }
            if a[0].isNaN {
                for j in i + 1..<p { out.pointer[i &* p + j] = .nan }
            } else {
                for r in 0..<n { order.pointer[r] = Sorting.Keyed(value: a[r], place: r) }
                Sorting.sort(order.pointer, n, scratch: order.pointer + n)
                var first = i + 1
                while first < p {
                    let from = first
                    context.parallel(min(wave, p - from)) { index in
                        if context.isInterrupted { return }
                        let b = columns.pointer + (from + index) &* n
                        out.pointer[i &* p + from + index] =
                            b[0].isNaN ? .nan : tau(order.pointer, b, n, scratch.pointer + index &* 3 &* n)
                    }
                    first += wave
                }
            }
            for j in i + 1..<p { out.pointer[j &* p + i] = out.pointer[i &* p + j] }
        }
        try context.checkInterrupt()
        return out
    }

    /// Whether a column of dense ranks is NaN or all equal.
    private static func isConstant(_ ranks: UnsafePointer<Double>, _ n: Int) -> Bool {
        for r in 0..<n where ranks[r] != 1 { return ranks[r].isNaN }
        return true
    }

    private static func pairs(_ n: Int) -> Double { Double(n) * (Double(n) - 1) / 2 }

    /// `values` has room for 3 n.
    private static func tau(
        _ order: UnsafePointer<Sorting.Keyed>, _ b: UnsafePointer<Double>, _ n: Int,
        _ values: UnsafeMutablePointer<Double>
    ) -> Double {
        // values: b in the order of a, equal a's in the order of b.
        var tiesA = 0.0
        var tiesBoth = 0.0
        var start = 0
        let other = values + n
        let scratch = values + 2 &* n
        var r = 0
        while r < n {
            start = r
            while r < n, order[r].value == order[start].value {
                values[r] = b[order[r].place]
                r += 1
            }
            if r - start > 1 {
                tiesA += pairs(r - start)
                Sorting.sort(values + start, r - start, scratch: scratch)
                var equal = start
                for k in start + 1...r where k == r || values[k] != values[equal] {
                    tiesBoth += pairs(k - equal)
                    equal = k
                }
            }
        }
        let discordant = inversions(values, other, n)
        var tiesB = 0.0
        var equal = 0
        for k in 1..<n + 1 where k == n || values[k] != values[equal] {
            tiesB += pairs(k - equal)
            equal = k
        }
        let all = pairs(n)
        let balance = all - tiesA - tiesB + tiesBoth - 2 * discordant
        let scale = (all - tiesA).squareRoot() * (all - tiesB).squareRoot()
        return scale > 0 ? max(-1, min(1, balance / scale)) : .nan
    }

    /// Sorts and counts the pairs that stood in descending order.
    private static func inversions(
        _ values: UnsafeMutablePointer<Double>, _ scratch: UnsafeMutablePointer<Double>, _ n: Int
    ) -> Double {
        var count = 0.0
        var from = values
        var to = scratch
        var width = 1
        while width < n {
            var start = 0
            while start < n {
                let middle = min(start &+ width, n)
                let end = min(middle &+ width, n)
                var left = start
                var right = middle
                for out in start..<end {
                    if left < middle, right >= end || !(from[right] < from[left]) {
                        to[out] = from[left]
                        left &+= 1
                    } else {
                        to[out] = from[right]
                        right &+= 1
                        count += Double(middle &- left)
                    }
                }
                start = end
            }
            swap(&from, &to)
            width &*= 2
        }
        if from != values { values.update(from: from, count: n) }
        return count
    }
}
