import Core

/// Where values belong in an ascending vector.
package enum SearchSorted {
    /// out[i] = how many elements of `sorted` come before values[i]: those less than it, or with `right` those not greater.
    /// NaN is greater than every number and equal to NaN. `out` has the shape of `values`. A vector that is not
    /// ascending gives positions without meaning. Throws `shape`, `dtype`, `invalidArgument`, `outOfMemory`,
    /// `interrupted`.
    package static func search(
        _ sorted: ArrayView, for values: ArrayView, right: Bool, into out: ArrayView, in context: Context
    ) throws(ApusError) {
        guard sorted.shape.rank == 1 else { throw .shape("sorted must be a vector, got shape \(sorted.shape).") }
        guard out.shape == values.shape else {
            throw .shape("out must have shape \(values.shape), got \(out.shape).")
        }
        try out.requirePositions("out", below: sorted.count)
        try out.requireApart(from: [(sorted, "sorted"), (values, "values")], inPlace: false)
        let wanted = try Buffer<Double>(values.count, in: context.allocator)
        try values.copy(to: wanted.pointer, name: "values")
        let found = try Buffer<Int64>(values.count, in: context.allocator)
        if sorted.dtype == .float64, sorted.isDense {
            try search(
                sorted.data.assumingMemoryBound(to: Double.self), sorted.count, wanted, right, found, in: context)
        } else if sorted.dtype == .float32, sorted.isDense {
            try search(
                sorted.data.assumingMemoryBound(to: Float.self), sorted.count, wanted, right, found, in: context)
        } else {
            let copy = try Buffer<Double>(sorted.count, in: context.allocator)
            try sorted.copy(to: copy.pointer, name: "sorted")
            try search(copy.pointer, sorted.count, wanted, right, found, in: context)
        }
        try out.write(UnsafePointer(found.pointer))
    }

    private static func search<Element: BinaryFloatingPoint>(
        _ sorted: UnsafePointer<Element>, _ count: Int, _ values: Buffer<Double>, _ right: Bool,
        _ found: Buffer<Int64>, in context: Context
    ) throws(ApusError) {
        context.parallel(over: values.count, by: 4096) { range in
            if context.isInterrupted { return }
            for index in range {
                let value = values.pointer[index]
                var (low, length) = (0, count)
                while length > 0 {
                    let half = length / 2
                    let x = Double(sorted[low &+ half])
                    // NaN is the greatest.
                    let isBefore = right ? !(value < x || (x != x && value == value)) : x < value || (value != value && x == x)
                    if isBefore {
                        low &+= half &+ 1
                        length &-= half &+ 1
                    } else {
                        length = half
                    }
                }
                found.pointer[index] = Int64(low)
            }
        }
        try context.checkInterrupt()
    }
}
