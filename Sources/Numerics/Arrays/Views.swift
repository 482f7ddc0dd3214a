import Core

/// Other shapes and strides for the same memory.
package enum Views {
    /// An axis from the beginning; negative ones count from the end. Throws `invalidArgument` outside the rank.
    package static func axis(_ axis: Int, of rank: Int, _ name: String = "axis") throws(ApusError) -> Int {
        guard rank > 0 else { throw .shape("\(name) is \(axis), but an array of no dimensions has no axis.") }
        guard axis >= -rank, axis < rank else {
            throw .invalid("\(name) must be from \(-rank) to \(rank - 1), got \(axis).")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// Dimensions in reverse order.
    package static func transpose(_ a: ArrayView) -> ArrayView {
        var (shape, strides) = (Shape(), Shape())
        for index in (0..<a.shape.rank).reversed() {
            shape.append(a.shape[index])
            strides.append(a.strides[index])
        }
        return ArrayView(data: a.data, dtype: a.dtype, shape: shape, strides: strides)
    }

    /// Dimension i of the view is dimension `axes[i]`. Throws unless the axes are all of the array's, each once.
    package static func permute(_ a: ArrayView, _ axes: [Int]) throws(ApusError) -> ArrayView {
        guard axes.count == a.shape.rank else {
            throw .shape("n_axes must be \(a.shape.rank), the number of dimensions of a, got \(axes.count).")
        }
        var (shape, strides) = (Shape(), Shape())
        var seen = [Bool](repeating: false, count: axes.count)
        for (index, given) in axes.enumerated() {
            let axis = try axis(given, of: a.shape.rank, "axes[\(index)]")
            guard !seen[axis] else { throw .invalid("axes names dimension \(axis) twice.") }
            seen[axis] = true
            shape.append(a.shape[axis])
            strides.append(a.strides[axis])
        }
        return ArrayView(data: a.data, dtype: a.dtype, shape: shape, strides: strides)
    }

    /// Another shape of the same count, in which one extent may be -1. Throws `shape` when the counts differ, and when
    /// the strides do not allow it without a copy.
    package static func reshape(_ a: ArrayView, _ wanted: [Int]) throws(ApusError) -> ArrayView {
        let shape = try complete(wanted, count: a.count)
        if a.count == 0 || a.isDense { return ArrayView(data: a.data, dtype: a.dtype, shape: shape) }
        // Extents of 1 have no stride. The rest is matched group by group: old and new dimensions of equal count, the
        // old ones of a group being one run.
        var (old, oldStrides) = (Shape(), Shape())
        for index in 0..<a.shape.rank where a.shape[index] > 1 {
            old.append(a.shape[index])
            oldStrides.append(a.strides[index])
        }
        var strides = shape
        for index in 0..<shape.rank { strides[index] = 0 }
        var (i, j) = (0, 0)
        while i < old.rank {
            var (nextI, nextJ) = (i + 1, j)
            var (countOld, countNew) = (old[i], 1)
            while countOld != countNew || nextJ == j {
                if countNew < countOld {
                    guard nextJ < shape.rank else { break }
                    countNew *= shape[nextJ]
                    nextJ += 1
                } else {
                    guard countNew > countOld, nextI < old.rank else { break }
                    countOld *= old[nextI]
                    nextI += 1
                }
            }
            for k in i..<nextI - 1 where oldStrides[k] != oldStrides[k + 1] &* old[k + 1] {
                throw .shape(
                    "a of shape \(a.shape) and strides \(a.strides) cannot be seen as \(shape) without a copy: apus_copy to a dense array first."
                )
            }
            var stride = oldStrides[nextI - 1]
            for k in (j..<nextJ).reversed() {
                strides[k] = stride
                stride = stride &* shape[k]
            }
            (i, j) = (nextI, nextJ)
        }
        return ArrayView(data: a.data, dtype: a.dtype, shape: shape, strides: strides)
    }

    /// A shape of `count` elements, its -1 replaced.
    private static func complete(_ wanted: [Int], count: Int) throws(ApusError) -> Shape {
        var shape = Shape(wanted)
        var open: Int?
        for (index, extent) in wanted.enumerated() where extent < 0 {
            guard extent == -1, open == nil else {
                throw .shape("shape must have extents >= 0 and at most one -1, got \(text(wanted)).")
            }
            open = index
            shape[index] = 1
        }
        guard let known = shape.checkedCount else { throw .shape("shape \(text(wanted)) overflows.") }
        if let open {
            guard known > 0, count % known == 0 else {
                throw .shape("An array of \(count) elements cannot have shape \(text(wanted)).")
            }
            shape[open] = count / known
        } else if known != count {
            throw .shape("An array of \(count) elements cannot have shape \(shape).")
        }
        return shape
    }

    private static func text(_ extents: [Int]) -> String { "(" + extents.map(String.init).joined(separator: ", ") + ")" }

    /// Elements start, start + step, ... before stop of one dimension, by Python's rules: negative bounds count from the
    /// end, and all are clipped to the array.
    package static func slice(_ a: ArrayView, axis: Int, start: Int, stop: Int, step: Int) throws(ApusError) -> ArrayView
    {
        let axis = try self.axis(axis, of: a.shape.rank)
        guard step != 0, step != Int.min else { throw .invalid("step must not be \(step).") }
        let extent = a.shape[axis]
        let (least, most) = step > 0 ? (0, extent) : (-1, extent - 1)
        func clipped(_ bound: Int) -> Int { min(max(bound < 0 ? bound &+ extent : bound, least), most) }
        let (first, last) = (clipped(start), clipped(stop))
        let distance = step > 0 ? last - first : first - last
        var shape = a.shape
        var strides = a.strides
        shape[axis] = distance > 0 ? (distance - 1) / abs(step) + 1 : 0
        strides[axis] = shape[axis] > 1 ? a.strides[axis] &* step : 0
        let data = distance > 0 ? a.data + first &* a.strides[axis] : a.data
        return ArrayView(data: data, dtype: a.dtype, shape: shape, strides: strides)
    }

    /// Stretched to a shape, with strides of 0.
    package static func broadcast(_ a: ArrayView, to shape: Shape) throws(ApusError) -> ArrayView {
        guard let count = shape.checkedCount, count <= Int.max / 16 else {
            throw .shape("shape \(shape) overflows.")
        }
        let strides = try Broadcasting.strides(of: a, through: shape, name: "a")
        return ArrayView(data: a.data, dtype: a.dtype, shape: shape, strides: strides)
    }
}
