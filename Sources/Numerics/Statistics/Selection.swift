import Core

/// The k-th smallest of many doubles without sorting them.
///
/// Short runs go through introselect: quickselect for several ranks at once with a three-way partition (Hoare 1961,
/// doi:10.1145/366622.366647; Musser 1997), and a sort where the pivots are bad. For long runs a sample brackets each
/// rank, one pass counts what lies below the bracket and keeps what lies inside, and the rank is selected among those
/// (Floyd and Rivest 1975, doi:10.1145/360680.360691). The results are exact either way.
enum Selection {
    /// Runs shorter than this are selected as they are.
    private static let longRun = 16_384
    private static let sampleSize = 4096
    private static let sliceLength = 65_536

    /// Values of the ascending `ranks` (from 0) of `count` values; all NaN when one of the values is NaN. `values` are
    /// reordered. Throws `outOfMemory`, `interrupted`.
    static func select(
        _ values: UnsafeMutablePointer<Double>, _ count: Int, ranks: [Int], in context: Context
    ) throws(ApusError) -> [Double] {
        if count >= longRun, ranks.count <= 16, let found = try selectInBrackets(values, count, ranks, in: context) {
            return found
        }
        var ordered = true
        for i in 0..<count where values[i] != values[i] { ordered = false }
        guard ordered else { return ranks.map { _ in .nan } }
        introselect(values, 0, count, ranks[...], depth: 2 * (Int.bitWidth - count.leadingZeroBitCount))
        return ranks.map { values[$0] }
    }

    // MARK: Long runs

    private struct Bracket {
        var low: Double
        var high: Double
        /// The ranks, by their place in the list, that it should hold.
        var ranks: Range<Int>
    }

    /// Nil when a bracket missed its rank, as a sample can.
    private static func selectInBrackets(
        _ values: UnsafePointer<Double>, _ count: Int, _ ranks: [Int], in context: Context
    ) throws(ApusError) -> [Double]? {
        guard let brackets = try brackets(values, count, ranks, in: context) else { return ranks.map { _ in .nan } }
        let slices = (count &- 1) / sliceLength &+ 1
        let kept = try Buffer<Double>(count, in: context.allocator)
        // For each slice: elements below the bracket, elements inside, 1 when there is a NaN.
        let counts = try Buffer<Int>(zeros: slices &* 3, in: context.allocator)
        var found: [Double] = []
        for bracket in brackets {
            context.parallel(slices) { slice in
                let start = slice &* sliceLength
                split(
                    values + start, min(sliceLength, count &- start), bracket.low, bracket.high, kept.pointer + start,
                    counts.pointer + slice &* 3)
            }
            try context.checkInterrupt()
            var below = 0
            var inside = 0
            for slice in 0..<slices {
                let mine = counts.pointer + slice &* 3
                if mine[2] != 0 { return ranks.map { _ in .nan } }
                below &+= mine[0]
                if mine[1] > 0, inside != slice &* sliceLength {
                    (kept.pointer + inside).update(from: kept.pointer + slice &* sliceLength, count: mine[1])
                }
                inside &+= mine[1]
            }
            let wanted = bracket.ranks.map { ranks[$0] &- below }
            guard let first = wanted.first, let last = wanted.last, first >= 0, last < inside else { return nil }
            introselect(kept.pointer, 0, inside, wanted[...], depth: 2 * (Int.bitWidth - inside.leadingZeroBitCount))
            for rank in wanted { found.append(kept.pointer[rank]) }
        }
        return found
    }

    /// A bracket around each rank from a sorted sample, overlapping ones joined; nil when the sample holds NaN.
    private static func brackets(
        _ values: UnsafePointer<Double>, _ count: Int, _ ranks: [Int], in context: Context
    ) throws(ApusError) -> [Bracket]? {
        let sample = try Buffer<Double>(2 &* sampleSize, in: context.allocator)
        // One value from each of equal stretches, at a place that no periodic data can be in step with.
        let places = Philox(seed: 0x5E1E_C710, stream: 0)
        let stretch = count / sampleSize
        for i in 0..<sampleSize {
            let value = values[i &* stretch &+ Int(places.bits64(UInt64(i)) % UInt64(stretch))]
            if value.isNaN { return nil }
            sample.pointer[i] = value
        }
        Sorting.sort(sample.pointer, sampleSize, scratch: sample.pointer + sampleSize)
        // About four standard deviations of a rank in the sample.
        let margin = 2 * Double(sampleSize).squareRoot() + 2
        var result: [Bracket] = []
        for (index, rank) in ranks.enumerated() {
            let center = Double(rank) / Double(count) * Double(sampleSize)
            let from = Int((center - margin).rounded(.down))
            let to = Int((center + margin).rounded(.up))
            let low = from < 0 ? -Double.infinity : sample.pointer[min(from, sampleSize - 1)]
            let high = to >= sampleSize ? Double.infinity : sample.pointer[max(to, 0)]
            if let last = result.last, low <= last.high {
                result[result.count - 1].high = max(last.high, high)
                result[result.count - 1].ranks = last.ranks.lowerBound..<index + 1
            } else {
                result.append(Bracket(low: low, high: high, ranks: index..<index + 1))
            }
        }
        return result
    }

    /// Keeps the values of low ... high, in order, and counts those below; no branch depends on the values.
    private static func split(
        _ values: UnsafePointer<Double>, _ count: Int, _ low: Double, _ high: Double, _ kept: UnsafeMutablePointer<Double>,
        _ counts: UnsafeMutablePointer<Int>
    ) {
        var below = 0
        var inside = 0
        var ordered = 0
        for i in 0..<count {
            let value = values[i]
            kept[inside] = value
            let isBelow = value < low ? 1 : 0
            let isAtMost = value <= high ? 1 : 0
            let isAbove = value > high ? 1 : 0
            below &+= isBelow
            inside &+= isAtMost &- isBelow
            ordered &+= isAtMost &+ isAbove
        }
        counts[0] = below
        counts[1] = inside
        counts[2] = ordered == count ? 0 : 1
    }

    // MARK: Short runs

    /// Reorders values[start ..< end] so that each rank (ascending, counted from 0 of the whole) holds what a sort would
    /// put there.
    private static func introselect(
        _ values: UnsafeMutablePointer<Double>, _ start: Int, _ end: Int, _ ranks: ArraySlice<Int>, depth: Int
    ) {
        var start = start
        var end = end
        var ranks = ranks
        var depth = depth
        while end &- start > 24, !ranks.isEmpty {
            if depth == 0 {
                heapSort(values + start, end &- start)
                return
            }
            depth &-= 1
            let (less, equal) = partition(values, start, end, pivot: pivot(values, start, end))
            // [start, less) < pivot, [less, equal) = pivot, [equal, end) > pivot
            let split = ranks.firstIndex { $0 >= less } ?? ranks.endIndex
            let rest = ranks.firstIndex { $0 >= equal } ?? ranks.endIndex
            let left = ranks[ranks.startIndex..<split]
            let right = ranks[rest...]
            if left.isEmpty {
                ranks = right
                start = equal
            } else if right.isEmpty {
                ranks = left
                end = less
            } else {
                introselect(values, start, less, left, depth: depth)
                ranks = right
                start = equal
            }
        }
        if ranks.isEmpty { return }
        var i = start &+ 1
        while i < end {
            let value = values[i]
            var j = i
            while j > start, values[j &- 1] > value {
                values[j] = values[j &- 1]
                j &-= 1
            }
            values[j] = value
            i &+= 1
        }
    }

    private static func median(_ a: Double, _ b: Double, _ c: Double) -> Double { max(min(a, b), min(max(a, b), c)) }

    /// The median of three, or of three medians of three.
    private static func pivot(_ v: UnsafeMutablePointer<Double>, _ start: Int, _ end: Int) -> Double {
        let count = end &- start
        let middle = start &+ count / 2
        if count < 256 { return median(v[start], v[middle], v[end &- 1]) }
        let step = count / 8
        return median(
            median(v[start], v[start &+ step], v[start &+ 2 &* step]),
            median(v[middle &- step], v[middle], v[middle &+ step]),
            median(v[end &- 1 &- 2 &* step], v[end &- 1 &- step], v[end &- 1]))
    }

    /// Moves values below the pivot to the front, then its equals; where the equals begin and end.
    private static func partition(_ v: UnsafeMutablePointer<Double>, _ start: Int, _ end: Int, pivot: Double) -> (Int, Int)
    {
        // Two passes, each with a swap that no branch guards: the values below, then the equals among the rest.
        var less = start
        for i in start..<end {
            let value = v[i]
            v[i] = v[less]
            v[less] = value
            less &+= value < pivot ? 1 : 0
        }
        var equal = less
        for i in less..<end {
            let value = v[i]
            v[i] = v[equal]
            v[equal] = value
            equal &+= value == pivot ? 1 : 0
        }
        return (less, equal)
    }

    private static func heapSort(_ v: UnsafeMutablePointer<Double>, _ count: Int) {
        func sift(_ from: Int, _ count: Int) {
            var root = from
            while 2 &* root &+ 1 < count {
                var child = 2 &* root &+ 1
                if child &+ 1 < count, v[child] < v[child &+ 1] { child &+= 1 }
                if v[root] >= v[child] { return }
                let held = v[root]
                v[root] = v[child]
                v[child] = held
                root = child
            }
        }
        var root = count / 2
        while root > 0 {
            root &-= 1
            sift(root, count)
        }
        var last = count &- 1
        while last > 0 {
            let held = v[0]
            v[0] = v[last]
            v[last] = held
            sift(0, last)
            last &-= 1
        }
    }
}
