import Core
import Synchronization

/// An array seen as runs: for each element of a result, the elements along the reduced axes that it is made of.
///
/// Results are numbered in row-major order of the kept dimensions, the elements of a run in row-major order of the
/// reduced ones. Runs of aligned float64 that lie together are read where they are; others are gathered piece by piece.
package struct Runs: @unchecked Sendable {
    /// How many results there are, and how many elements each has.
    package let outputs: Int
    package let length: Int
    /// The shape of the result without the reduced axes, and with extents of 1 in their place.
    package let shape: Shape
    package let keptShape: Shape
    private let base: UnsafeRawPointer
    private let kept: [Dimension]
    private let reduced: [Dimension]
    /// Whether every run can be read in place.
    package let isContiguous: Bool
    private let owner: Buffer<Double>?

    private struct Dimension {
        var extent: Int
        var stride: Int
    }

    /// Elements of one slice of a run; partial results are made slice by slice, whatever the number of threads.
    package static let sliceLength = 65_536

    /// The runs of `view` along `axes` (from the end when negative; nil means all). Whole numbers and float32 are
    /// converted. Throws `invalidArgument` for an axis out of range or given twice, `dtype`, `outOfMemory`.
    package init(_ view: ArrayView, name: String, axes: [Int]?, in context: Context) throws(ApusError) {
        let rank = view.shape.rank
        var isReduced = [Bool](repeating: axes == nil, count: rank)
        for axis in axes ?? [] {
            let index = axis < 0 ? axis + rank : axis
            guard index >= 0, index < rank else {
                throw .invalid("axis \(axis) is out of range for \(name) of shape \(view.shape).")
            }
            guard !isReduced[index] else { throw .invalid("axis \(axis) is given twice.") }
            isReduced[index] = true
        }
        var strides = view.strides
        if view.dtype == .float64 {
            base = UnsafeRawPointer(view.data)
            owner = nil
        } else {
            let copy = try Buffer<Double>(view.count, in: context.allocator)
            try view.copy(to: copy.pointer, name: name)
            base = UnsafeRawPointer(copy.pointer)
            strides = ArrayView(data: UnsafeMutableRawPointer(copy.pointer), dtype: .float64, shape: view.shape).strides
            owner = copy
        }
        var outputs = 1
        var length = 1
        var shape = Shape()
        var keptShape = Shape()
        var kept: [Dimension] = []
        var reduced: [Dimension] = []
        for index in 0..<rank {
            let dimension = Dimension(extent: view.shape[index], stride: strides[index])
            keptShape.append(isReduced[index] ? 1 : dimension.extent)
            // The extents of a checked shape multiply without overflow, unless one of them is 0.
            if isReduced[index] {
                length = length.multipliedReportingOverflow(by: dimension.extent).partialValue
                Runs.append(dimension, to: &reduced)
            } else {
                outputs = outputs.multipliedReportingOverflow(by: dimension.extent).partialValue
                shape.append(dimension.extent)
                Runs.append(dimension, to: &kept)
            }
        }
        self.outputs = shape.count
        self.length = length
        self.shape = shape
        self.keptShape = keptShape
        self.kept = kept
        self.reduced = reduced
        let aligned = Int(bitPattern: base) & 7 == 0 && kept.allSatisfy { $0.stride & 7 == 0 }
        isContiguous = aligned && (reduced.isEmpty || (reduced.count == 1 && reduced[0].stride == 8))
    }

    private static func append(_ dimension: Dimension, to list: inout [Dimension]) {
        if dimension.extent == 1 { return }
        if let last = list.last,
            dimension.stride.multipliedReportingOverflow(by: dimension.extent) == (last.stride, false)
        {
            let (extent, overflow) = last.extent.multipliedReportingOverflow(by: dimension.extent)
            if !overflow {
                list[list.count - 1] = Dimension(extent: extent, stride: dimension.stride)
                return
            }
        }
        list.append(dimension)
    }

    private func offset(_ number: Int, _ dimensions: [Dimension]) -> Int {
        var rest = number
        var offset = 0
        var index = dimensions.count - 1
        while index >= 0 {
            let dimension = dimensions[index]
            offset &+= (rest % dimension.extent) &* dimension.stride
            rest /= dimension.extent
            index -= 1
        }
        return offset
    }

    /// Elements `start` to `start + count` of the run of result `output`: in place, or gathered into `scratch`.
    func piece(_ output: Int, _ start: Int, _ count: Int, scratch: UnsafeMutablePointer<Double>) -> UnsafePointer<Double> {
        let run = base + offset(output, kept)
        if isContiguous { return run.assumingMemoryBound(to: Double.self) + start }
        gather(run, start, count, to: scratch)
        return UnsafePointer(scratch)
    }

    /// Copies the whole run of result `output`.
    func copy(_ output: Int, to out: UnsafeMutablePointer<Double>) {
        let run = base + offset(output, kept)
        if isContiguous {
            out.update(from: run.assumingMemoryBound(to: Double.self), count: length)
        } else {
            gather(run, 0, length, to: out)
        }
    }

    private func gather(_ run: UnsafeRawPointer, _ start: Int, _ count: Int, to out: UnsafeMutablePointer<Double>) {
        guard let inner = reduced.last else {
            if count > 0 { out[0] = run.loadUnaligned(as: Double.self) }
            return
        }
        let outer = Array(reduced.dropLast())
        var done = 0
        while done < count {
            let number = start &+ done
            let place = number % inner.extent
            let span = min(inner.extent &- place, count &- done)
            var pointer = run + (offset(number / inner.extent, outer) &+ place &* inner.stride)
            for i in 0..<span {
                out[done &+ i] = pointer.loadUnaligned(as: Double.self)
                pointer += inner.stride
            }
            done &+= span
        }
    }

    /// Sums over all runs, in parallel: `body` adds a piece of a run (result, values, weights, count) to `width` partial
    /// sums, which begin as 0, and `finish` takes each result's partial sums, slice after slice. `weights` must have the
    /// same runs. `merge` says how partial results of slices join when they are not sums. Throws `outOfMemory`, `limit`,
    /// `interrupted`.
    func accumulate(
        width: Int, weights: Runs? = nil, in context: Context,
        merge: ((UnsafeMutablePointer<CompensatedSum>, UnsafePointer<CompensatedSum>) -> Void)? = nil,
        finish: (Int, UnsafePointer<CompensatedSum>) -> Void,
        _ body: (Int, UnsafePointer<Double>, UnsafePointer<Double>?, Int, UnsafeMutablePointer<CompensatedSum>) -> Void
    ) throws(ApusError) {
        if outputs == 0 { return }
        let slices = max((length &- 1) / Runs.sliceLength &+ 1, 1)
        let inPlace = isContiguous && (weights?.isContiguous ?? true)
        // Results that one task makes together: a strided piece of many runs stays in the cache.
        let bySize = max(16_384 / max(length, 1), 1)
        let group = min(inPlace ? bySize : max(bySize, 32), outputs)
        let tile = inPlace ? Runs.sliceLength : max(4096 / group, 64)
        let groups = (outputs &- 1) / group &+ 1
        let (cells, overflow) = outputs.multipliedReportingOverflow(by: slices &* width)
        if overflow { throw .limit("\(outputs) results are too many.") }
        let partial = try Buffer<CompensatedSum>(zeros: cells, in: context.allocator)
        let refused = Atomic<Bool>(false)
        context.parallel(groups &* slices) { task in
            if context.isInterrupted { return }
            let first = task / slices &* group
            let slice = task % slices
            let end = min(length, (slice &+ 1) &* Runs.sliceLength)
            let room = inPlace ? 1 : tile
            guard let scratch = try? Buffer<Double>(2 &* room, in: context.allocator) else {
                refused.store(true, ordering: .relaxed)
                return
            }
            var start = slice &* Runs.sliceLength
            while start < end {
                let count = min(tile, end &- start)
                for output in first..<min(first &+ group, outputs) {
                    let values = piece(output, start, count, scratch: scratch.pointer)
                    let w = weights.map { $0.piece(output, start, count, scratch: scratch.pointer + room) }
                    body(output, values, w, count, partial.pointer + (output &* slices &+ slice) &* width)
                }
                start &+= count
            }
        }
        try context.checkInterrupt()
        if refused.load(ordering: .relaxed) { throw ApusError(.outOfMemory, "Out of memory for pieces of an array.") }
        for output in 0..<outputs {
            let sums = partial.pointer + output &* slices &* width
            for slice in 1..<max(slices, 1) {
                if let merge {
                    merge(sums, sums + slice &* width)
                } else {
                    for k in 0..<width { sums[k].add(sums[slice &* width &+ k]) }
                }
            }
            finish(output, UnsafePointer(sums))
        }
    }

    /// Calls `body` with a copy of each run (result, values), which it may change; `extra` more doubles follow it. Long
    /// runs come one after the other, for a body that is parallel itself; short ones come in parallel. Errors of `body`
    /// end the work.
    func forEachCopy(
        extra: Int = 0, in context: Context,
        _ body: (Int, UnsafeMutablePointer<Double>) throws(ApusError) -> Void
    ) throws(ApusError) {
        if outputs == 0 { return }
        let (room, overflow) = length.addingReportingOverflow(extra)
        if overflow { throw .limit("A run of \(length) elements is too long.") }
        if length >= Runs.sliceLength || outputs == 1 {
            let scratch = try Buffer<Double>(room, in: context.allocator)
            for output in 0..<outputs {
                try context.checkInterrupt()
                copy(output, to: scratch.pointer)
                try body(output, scratch.pointer)
            }
            return
        }
        let group = max(4096 / max(length, 1), 1)
        let failure = Atomic<Int32>(0)
        context.parallel((outputs &- 1) / group &+ 1) { task in
            if context.isInterrupted || failure.load(ordering: .relaxed) != 0 { return }
            do {
                let scratch = try Buffer<Double>(room, in: context.allocator)
                for output in task &* group..<min((task &+ 1) &* group, outputs) {
                    copy(output, to: scratch.pointer)
                    try body(output, scratch.pointer)
                }
            } catch {
                failure.store((error as? ApusError)?.code.rawValue ?? 5, ordering: .relaxed)
            }
        }
        try context.checkInterrupt()
        let code = failure.load(ordering: .relaxed)
        if code != 0 {
            throw ApusError(ApusError.Code(rawValue: code) ?? .outOfMemory, "Out of memory for copies of runs.")
        }
    }
}
