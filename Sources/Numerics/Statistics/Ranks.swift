import Core

/// What equal values get as ranks.
package enum RankMethod: String, CaseIterable, Sendable {
    /// The mean of the ranks that they share.
    case average
    /// The least of them.
    case min
    /// The greatest of them.
    case max
    /// One more than the last lower value.
    case dense
    /// Different ranks, in the order of their places.
    case ordinal

    /// Ranks from 1 along an axis, in a dense array of a's shape; all NaN where a run holds NaN. Throws
    /// `invalidArgument` for an axis out of range, `outOfMemory`, `interrupted`.
    package func ranks(of view: ArrayView, name: String, axis: Int?, in context: Context) throws(ApusError)
        -> Buffer<Double>
    {
        let runs = try Runs(view, name: name, axes: axis.map { [$0] }, in: context)
        let length = runs.length
        let out = try Buffer<Double>(view.count, in: context.allocator)
        // A result lies `inner` elements from the next one of its run.
        var inner = 1
        if let axis {
            let index = axis < 0 ? axis + view.shape.rank : axis
            for dimension in index + 1..<Swift.max(view.shape.rank, index + 1) { inner = inner &* view.shape[dimension] }
        }
        // Sorting.Keyed takes the room of two doubles; twice for the sort's scratch.
        let (room, overflow) = length.multipliedReportingOverflow(by: 4)
        if overflow { throw .limit("\(name) is too large.") }
        try runs.forEachCopy(extra: room + 2, in: context) { (output, values) throws(ApusError) in
            let result = out.pointer + (output / inner &* (length &* inner) + output % inner)
            if (0..<length).contains(where: { values[$0].isNaN }) {
                for i in 0..<length { result[i &* inner] = .nan }
                return
            }
            let place = UnsafeMutableRawPointer(values + length).alignedUp(for: Sorting.Keyed.self)
            let items = place.bindMemory(to: Sorting.Keyed.self, capacity: 2 * length)
            for i in 0..<length { items[i] = Sorting.Keyed(value: values[i], place: i) }
            Sorting.sort(items, length, scratch: items + length)
            rank(items, length) { result[$0 &* inner] = $1 }
        }
        return out
    }

    private func rank(_ items: UnsafePointer<Sorting.Keyed>, _ count: Int, _ set: (Int, Double) -> Void) {
        var start = 0
        var different = 0
        while start < count {
            var end = start + 1
            while end < count, items[end].value == items[start].value { end += 1 }
            different += 1
            for i in start..<end {
                let rank: Double
                switch self {
                case .average: rank = Double(start + 1) + Double(end - start - 1) / 2
                case .min: rank = Double(start + 1)
                case .max: rank = Double(end)
                case .dense: rank = Double(different)
                case .ordinal: rank = Double(i + 1)
                }
                set(items[i].place, rank)
            }
            start = end
        }
    }
}
