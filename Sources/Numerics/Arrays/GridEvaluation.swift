import Core

/// A vector field on a grid.
package enum GridEvaluation {
    /// What a function of the caller says: to go on, or to stop with this code.
    package typealias Function = (_ x: UnsafePointer<Double>, _ n: Int, _ y: UnsafeMutablePointer<Double>, _ m: Int)
        -> Int32

    /// out[i]...[k] = f(axes[0][i], ..., axes[n-1][k]), of m numbers, row by row: the last axis fastest. `out` has shape
    /// (length of each axis, ..., m), without the last where m is 1 if so given. Values may be NaN or infinite. Throws
    /// `shape`, `dtype`, `invalidArgument`, `outOfMemory`, `interrupted` when the function stops or aborts.
    package static func evaluate(
        _ axes: [ArrayView], outputs m: Int, into out: ArrayView, in context: Context, _ f: Function
    ) throws(ApusError) {
        guard axes.count >= 1, axes.count <= Shape.maximumRank else {
            throw .invalid("n_axes must be 1 to \(Shape.maximumRank), got \(axes.count).")
        }
        guard m >= 1 else { throw .invalid("m must be at least 1, got \(m).") }
        var grid = Shape()
        for (index, axis) in axes.enumerated() {
            guard axis.shape.rank == 1 else {
                throw .shape("axes[\(index)] must be a vector, got shape \(axis.shape).")
            }
            grid.append(axis.count)
        }
        let isScalar = m == 1 && out.shape == grid
        guard isScalar || (out.shape.rank == grid.rank + 1 && out.shape == grid.appending(m)) else {
            throw .shape("out must have shape \(grid.appending(m))\(m == 1 ? " or \(grid)" : ""), got \(out.shape).")
        }
        guard out.dtype == .float64 || out.dtype == .float32 else {
            throw .dtype("out must be float64 or float32, got \(out.dtype.name).")
        }
        var coordinates: [Buffer<Double>] = []
        for (index, axis) in axes.enumerated() {
            let values = try Buffer<Double>(axis.count, in: context.allocator)
            try axis.copy(to: values.pointer, name: "axes[\(index)]")
            coordinates.append(values)
        }
        let points = grid.count
        if points == 0 { return }
        let values = try Buffer<Double>(zeros: out.count, in: context.allocator)
        let x = try Buffer<Double>(axes.count, in: context.allocator)
        let y = try Buffer<Double>(m, in: context.allocator)
        var index = Array(repeating: 0, count: axes.count)
        for point in 0..<points {
            try context.checkInterrupt()
            // Written anew for each point: the function may have changed them.
            for axis in 0..<axes.count { x.pointer[axis] = coordinates[axis].pointer[index[axis]] }
            y.pointer.update(repeating: .nan, count: m)
            let answer = f(x.pointer, axes.count, y.pointer, m)
            if answer != 0 {
                throw ApusError(
                    .interrupted, "The function \(answer > 0 ? "stopped" : "aborted") with \(answer) at point \(point).")
            }
            (values.pointer + point &* m).update(from: y.pointer, count: m)
            var axis = axes.count - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < grid[axis] { break }
                index[axis] = 0
                axis -= 1
            }
        }
        try out.write(UnsafePointer(values.pointer))
    }
}

extension Shape {
    /// This shape with one more dimension at the end.
    fileprivate func appending(_ extent: Int) -> Shape {
        var result = self
        result.append(extent)
        return result
    }
}
