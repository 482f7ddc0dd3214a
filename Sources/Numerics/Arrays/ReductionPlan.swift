import Core

/// How a reduction goes through memory: which dimensions stay and which are reduced, in the order of their strides, and
/// where results belong.
struct ReductionPlan: @unchecked Sendable {
    /// The first element in the order of the plan.
    let base: UnsafeRawPointer
    let dtype: DType
    let isAligned: Bool
    /// What stays, outermost first; neighbours are merged.
    let kept: [Dimension]
    /// What is reduced, outermost first; neighbours are merged.
    let reduced: [Dimension]
    let keptCount: Int
    let reducedCount: Int
    /// The dimensions of the array that stay, in the plan's order, and whether the plan runs through them backwards.
    private let order: [(dimension: Int, isReversed: Bool)]
    private let isReduced: [Bool]
    private let shape: Shape

    /// `inOrder` keeps the reduced dimensions in the order of the array, for operations that count positions.
    init(_ a: ArrayView, isReduced: [Bool], inOrder: Bool) {
        var base = UnsafeRawPointer(a.data)
        var kept: [(dimension: Int, isReversed: Bool, box: Dimension)] = []
        var reduced: [Dimension] = []
        for index in 0..<a.shape.rank {
            var box = Dimension(extent: a.shape[index], stride: a.shape[index] > 1 ? a.strides[index] : 0)
            let isReversed = box.stride < 0 && a.count > 0 && !(inOrder && isReduced[index])
            if isReversed {
                base += box.stride &* (box.extent - 1)
                box.stride = -box.stride
            }
            if isReduced[index] {
                reduced.append(box)
            } else {
                kept.append((index, isReversed, box))
            }
        }
        // Stable, so that equal strides keep the array's order; what repeats itself (stride 0) goes outermost.
        func isBefore(_ a: Dimension, _ b: Dimension) -> Bool { a.stride == 0 ? b.stride != 0 : b.stride != 0 && a.stride > b.stride }
        func sorted<T>(_ list: [T], _ box: (T) -> Dimension) -> [T] {
            var result: [T] = []
            for item in list {
                let at = result.firstIndex { isBefore(box(item), box($0)) } ?? result.count
                result.insert(item, at: at)
            }
            return result
        }
        kept = sorted(kept) { $0.box }
        if !inOrder { reduced = sorted(reduced) { $0 } }
        self.base = base
        dtype = a.dtype
        isAligned = a.isAligned
        self.kept = kept.map(\.box).merged
        self.reduced = reduced.merged
        keptCount = kept.reduce(1) { $0 &* $1.box.extent }
        reducedCount = reduced.reduce(1) { $0 &* $1.extent }
        order = kept.map { ($0.dimension, $0.isReversed) }
        self.isReduced = isReduced
        shape = a.shape
    }

    /// Throws `shape` unless `out` has the dimensions that stay, with or without an extent of 1 for each reduced one.
    func checkShape(_ out: ArrayView) throws(ApusError) {
        var (short, long) = (Shape(), Shape())
        for index in 0..<shape.rank {
            if !isReduced[index] { short.append(shape[index]) }
            long.append(isReduced[index] ? 1 : shape[index])
        }
        guard out.shape == short || out.shape == long else {
            throw .shape(
                "out must have shape \(short)\(short == long ? "" : " or \(long)") for a of shape \(shape), got \(out.shape).")
        }
    }

    /// `out` with its dimensions in the plan's order: results that are dense in that order are written to it as they are.
    func inPlanOrder(_ out: ArrayView) -> ArrayView {
        let isLong = out.shape.rank == shape.rank
        var places = Array(repeating: 0, count: shape.rank)
        var next = 0
        for index in 0..<shape.rank {
            places[index] = next
            if isLong || !isReduced[index] { next += 1 }
        }
        var data = out.data
        var (extents, strides) = (Shape(), Shape())
        for item in order {
            let place = places[item.dimension]
            let stride = out.strides[place]
            extents.append(shape[item.dimension])
            strides.append(item.isReversed ? -stride : stride)
            if item.isReversed && out.count > 0 { data += stride &* (shape[item.dimension] - 1) }
        }
        return ArrayView(data: data, dtype: out.dtype, shape: extents, strides: strides)
    }
}
