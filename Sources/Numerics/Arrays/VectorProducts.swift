import CVector
import Core

/// Products of vectors: inner, outer and cross.
package enum VectorProducts {
    /// The sum of a[i] b[i] over two arrays of one shape, in float64: blocks of 2048 products in 64 lanes, joined in
    /// pairs. Throws `shape`, `dtype`, `outOfMemory`, `interrupted`.
    package static func dot(_ a: ArrayView, _ b: ArrayView, in context: Context) throws(ApusError) -> Double {
        guard a.shape == b.shape else {
            throw .shape("a and b must have one shape, got \(a.shape) and \(b.shape).")
        }
        try a.requireExact("a")
        try b.requireExact("b")
        let count = a.count
        if count == 0 { return 0 }
        let areSingle = a.dtype == .float32 && b.dtype == .float32
        let (first, second) = (reader(a, areSingle), reader(b, areSingle))
        let length = ReductionSlices.elements
        let pieces = (count - 1) / length + 1
        let slices = ReductionSlices(units: pieces, elementsOfUnit: min(count, length))
        let room = first.isWhole && second.isWhole ? 0 : 2 &* ElementReader.blockLength
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let sums = try Buffer<Double>(pieces, in: context.allocator)
        let kernels = context.kernels.reductions
        let (aBase, bBase) = (UnsafeRawPointer(a.data), UnsafeRawPointer(b.data))
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let one = UnsafeMutableRawPointer(scratch.pointer + slice &* room)
            let other = one + room &* 4
            for piece in slices.range(slice) {
                var cascade = Cascade(APUS_R_SUM)
                var at = piece &* length
                let end = min(count, at &+ length)
                while at < end {
                    let next = min(end, at &+ ElementReader.blockLength)
                    first.blocks(aBase, at, next, one) { x, n in
                        second.blocks(bBase, at, next, other) { y, _ in
                            cascade.add(dot(kernels, areSingle, x, y, n))
                        }
                    }
                    at = next
                }
                sums.pointer[piece] = cascade.total
            }
        }
        try context.checkInterrupt()
        var cascade = Cascade(APUS_R_SUM)
        for piece in 0..<pieces { cascade.add(sums.pointer[piece]) }
        return cascade.total
    }

    private static func reader(_ view: ArrayView, _ areSingle: Bool) -> ElementReader {
        var box: [Dimension] = []
        for index in 0..<view.shape.rank {
            box.append(Dimension(extent: view.shape[index], stride: view.strides[index]))
        }
        return ElementReader(view.dtype, box.merged, isAligned: view.isAligned, asDoubles: !areSingle)
    }

    @inline(__always)
    private static func dot(
        _ kernels: apus_reduction_kernels, _ areSingle: Bool, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer, _ n: Int
    ) -> Double {
        if areSingle {
            return kernels.dot_floats(
                x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self), Int64(n))
        }
        return kernels.dot_doubles(
            x.assumingMemoryBound(to: Double.self), y.assumingMemoryBound(to: Double.self), Int64(n))
    }

    /// out[i][j] = a[i] b[j]. Throws `shape`, `dtype`, `invalidArgument` for shared memory, `outOfMemory`.
    package static func outer(_ a: ArrayView, _ b: ArrayView, into out: ArrayView, in context: Context)
        throws(ApusError)
    {
        guard a.shape.rank == 1, b.shape.rank == 1 else {
            throw .shape("a and b must be vectors, got shapes \(a.shape) and \(b.shape).")
        }
        let expected = Shape(a.shape[0], b.shape[0])
        guard out.shape == expected else { throw .shape("out must have shape \(expected), got \(out.shape).") }
        if try areSingle(a, b, out) {
            try outer(Float.self, a, b, out, in: context)
        } else {
            try outer(Double.self, a, b, out, in: context)
        }
    }

    private static func outer<Element: ProductElement>(
        _ type: Element.Type, _ a: ArrayView, _ b: ArrayView, _ out: ArrayView, in context: Context
    ) throws(ApusError) {
        let (rows, columns) = (a.count, b.count)
        let x = try Buffer<Element>(rows, in: context.allocator)
        let y = try Buffer<Element>(columns, in: context.allocator)
        try Element.copy(a, to: x.pointer, name: "a")
        try Element.copy(b, to: y.pointer, name: "b")
        if out.count == 0 { return }
        let isDense = out.dtype == Element.dtype && out.isDense
        let row = try Buffer<Element>(isDense ? 0 : columns, in: context.allocator)
        if !isDense {
            for i in 0..<rows {
                let factor = x.pointer[i]
                for j in 0..<columns { row.pointer[j] = factor * y.pointer[j] }
                try Element.write(UnsafePointer(row.pointer), to: out.rowView(i))
            }
            return
        }
        let target = out.data.assumingMemoryBound(to: Element.self)
        let (xs, ys) = (x.pointer, y.pointer)
        context.parallel(over: rows, by: max(ReductionSlices.elements / columns, 1)) { range in
            for i in range {
                let factor = xs[i]
                let line = target + i &* columns
                for j in 0..<columns { line[j] = factor * ys[j] }
            }
        }
    }

    /// The cross product of the 3-vectors in the last dimension; the others broadcast. Throws as `outer` does.
    package static func cross(_ a: ArrayView, _ b: ArrayView, into out: ArrayView, in context: Context)
        throws(ApusError)
    {
        for (view, name) in [(a, "a"), (b, "b")] where view.shape.rank == 0 || view.shape.last != 3 {
            throw .shape("\(name) must have 3 elements in its last dimension, got shape \(view.shape).")
        }
        let rank = max(a.shape.rank, b.shape.rank)
        var expected = Shape()
        for index in 0..<rank {
            let (i, j) = (index - (rank - a.shape.rank), index - (rank - b.shape.rank))
            let (first, second) = (i < 0 ? 1 : a.shape[i], j < 0 ? 1 : b.shape[j])
            guard first == second || first == 1 || second == 1 else {
                throw .shape("The shapes of a \(a.shape) and b \(b.shape) do not broadcast.")
            }
            expected.append(first == 1 ? second : first)
        }
        guard out.shape == expected else { throw .shape("out must have shape \(expected), got \(out.shape).") }
        if try areSingle(a, b, out) {
            try cross(Float.self, a, b, out, in: context)
        } else {
            try cross(Double.self, a, b, out, in: context)
        }
    }

    private static func cross<Element: ProductElement>(
        _ type: Element.Type, _ a: ArrayView, _ b: ArrayView, _ out: ArrayView, in context: Context
    ) throws(ApusError) {
        let x = try Buffer<Element>(a.count, in: context.allocator)
        let y = try Buffer<Element>(b.count, in: context.allocator)
        let z = try Buffer<Element>(out.count, in: context.allocator)
        try Element.copy(a, to: x.pointer, name: "a")
        try Element.copy(b, to: y.pointer, name: "b")
        let rank = out.shape.rank
        let (xSteps, ySteps) = (steps(a.shape, rank), steps(b.shape, rank))
        let (xs, ys, zs) = (x.pointer, y.pointer, z.pointer)
        let extents = out.shape
        context.parallel(over: out.count / 3, by: 8192) { range in
            for index in range {
                var (rest, i, j) = (index, 0, 0)
                var dimension = rank - 2
                while dimension >= 0 {
                    let (quotient, position) = rest.quotientAndRemainder(dividingBy: extents[dimension])
                    i &+= position &* xSteps[dimension]
                    j &+= position &* ySteps[dimension]
                    rest = quotient
                    dimension -= 1
                }
                let (p, q, r) = (xs + i, ys + j, zs + 3 &* index)
                r[0] = p[1] * q[2] - p[2] * q[1]
                r[1] = p[2] * q[0] - p[0] * q[2]
                r[2] = p[0] * q[1] - p[1] * q[0]
            }
        }
        try Element.write(UnsafePointer(z.pointer), to: out)
    }

    /// Elements from one index to the next of a dense array, in the dimensions of a broadcast shape; 0 where it repeats.
    private static func steps(_ shape: Shape, _ rank: Int) -> Shape {
        var result = Shape(Array(repeating: 0, count: rank))
        var step = 1
        for index in stride(from: shape.rank - 1, through: 0, by: -1) {
            if shape[index] > 1 { result[index + rank - shape.rank] = step }
            step &*= shape[index]
        }
        return result
    }

    /// Whether two arrays are multiplied in float32. Throws `dtype` when `out` is narrower than the result,
    /// `invalidArgument` when it shares memory.
    private static func areSingle(_ a: ArrayView, _ b: ArrayView, _ out: ArrayView) throws(ApusError) -> Bool {
        let areSingle = a.dtype == .float32 && b.dtype == .float32
        guard out.dtype == .float64 || (areSingle && out.dtype == .float32) else {
            throw .dtype(
                "out must be \(areSingle ? "float32 or float64" : "float64") for the product of \(a.dtype.name) and \(b.dtype.name), got \(out.dtype.name)."
            )
        }
        try out.requireApart(from: [(a, "a"), (b, "b")], inPlace: true)
        return areSingle
    }
}
