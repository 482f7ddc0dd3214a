import Core

extension Activation {
    /// Floats worth a thread.
    private static let block = 1 << 15

    /// out = activation(a) of float32 arrays of one shape; softmax and log_softmax over the last axis. `out` may be `a`,
    /// or overlap it in any way. Throws `dtype`, `shape`, and `outOfMemory` where strides need a copy.
    package func apply(_ a: ArrayView, to out: ArrayView, in context: Context) throws(ApusError) {
        for (name, view) in [("a", a), ("out", out)] where view.dtype != .float32 {
            throw .dtype("\(name) must be float32, got \(view.dtype.name).")
        }
        guard out.shape == a.shape else { throw .shape("out must have shape \(a.shape), as a has, got \(out.shape).") }
        guard !isRowwise || a.shape.rank > 0 else { throw .shape("\(name) is taken over the last axis, a has none.") }
        let count = a.count
        if count == 0 { return }
        let columns = isRowwise ? a.shape.last : 1
        let from = UnsafePointer(a.data.assumingMemoryBound(to: Float.self))
        let to = out.data.assumingMemoryBound(to: Float.self)
        let isApart = a.data + count * 4 <= out.data || out.data + count * 4 <= a.data
        if a.isDense, out.isDense, isApart || a.data == out.data {
            apply(from, to, rows: count / columns, columns: columns, in: context)
            return
        }
        let values = try Buffer<Float>(count, in: context.allocator)
        try a.copy(to: values.pointer, name: "a")
        apply(UnsafePointer(values.pointer), values.pointer, rows: count / columns, columns: columns, in: context)
        try out.write(UnsafePointer(values.pointer))
    }

    private func apply(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, in context: Context
    ) {
        context.parallel(over: rows, by: max(1, Self.block / columns)) { range in
            let offset = range.lowerBound * columns
            apply(context.kernels, x + offset, y + offset, rows: range.count, columns: columns)
        }
    }
}
