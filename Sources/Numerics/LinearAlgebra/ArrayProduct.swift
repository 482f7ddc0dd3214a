import Core

/// The matrix product of arrays, by NumPy's rules for `matmul`.
package enum ArrayProduct {
    /// out = a b: vectors are a row on the left and a column on the right, leading dimensions are batches and broadcast;
    /// `transposesA` and `transposesB` exchange the last two dimensions of an array that has two. Two float32 arrays are
    /// multiplied in float32, all others in float64. Throws `shape`, `dtype`, `limit`, `invalidArgument` for memory that
    /// `out` shares, `outOfMemory`, `interrupted`.
    package static func multiply(
        _ a: ArrayView, _ b: ArrayView, transposesA: Bool = false, transposesB: Bool = false, into out: ArrayView,
        in context: Context
    ) throws(ApusError) {
        for (view, name) in [(a, "a"), (b, "b")] where view.shape.rank == 0 {
            throw .shape("\(name) has no dimensions; the matrix product needs vectors or matrices.")
        }
        let isSingle = a.dtype == .float32 && b.dtype == .float32
        guard out.dtype == .float64 || (isSingle && out.dtype == .float32) else {
            throw .dtype(
                "out must be \(isSingle ? "float32 or float64" : "float64") for the product of \(a.dtype.name) and \(b.dtype.name), got \(out.dtype.name)."
            )
        }
        try out.requireApart(from: a, named: "a", inPlace: true)
        try out.requireApart(from: b, named: "b", inPlace: true)
        if try multiplyDirectly(Double.self, a, b, transposesA, transposesB, out, in: context) { return }
        if try multiplyDirectly(Float.self, a, b, transposesA, transposesB, out, in: context) { return }
        let left = a.shape.rank == 1 ? a.asRow : a
        let right = b.shape.rank == 1 ? b.asColumn : b
        let (transposesA, transposesB) = (transposesA && a.shape.rank > 1, transposesB && b.shape.rank > 1)
        let shapes = try Shapes(
            left, right, transposesA, transposesB, isRow: a.shape.rank == 1, isColumn: b.shape.rank == 1)
        guard out.shape == shapes.out else {
            throw .shape("out must have shape \(shapes.out) for a \(a.shape) and b \(b.shape), got \(out.shape).")
        }
        if out.count == 0 { return }
        let target = shapes.withMatrices(out)
        if isSingle {
            try multiply(Float.self, left, right, transposesA, transposesB, shapes, target, (a, b), in: context)
        } else {
            try multiply(Double.self, left, right, transposesA, transposesB, shapes, target, (a, b), in: context)
        }
    }

    /// Two matrices of one type that lie as products can read and write them; false for everything else.
    private static func multiplyDirectly<Element: ProductElement>(
        _ type: Element.Type, _ a: ArrayView, _ b: ArrayView, _ transposesA: Bool, _ transposesB: Bool,
        _ out: ArrayView, in context: Context
    ) throws(ApusError) -> Bool {
        guard a.dtype == Element.dtype, b.dtype == Element.dtype, out.dtype == Element.dtype, a.shape.rank == 2,
            b.shape.rank == 2, out.shape.rank == 2, !out.isSame(as: a), !out.isSame(as: b),
            var left = layout(a), var right = layout(b), let target = layout(out), !target.isTransposed
        else { return false }
        var (m, k) = (a.shape[0], a.shape[1])
        var (inner, n) = (b.shape[0], b.shape[1])
        if transposesA {
            swap(&m, &k)
            left.isTransposed.toggle()
        }
        if transposesB {
            swap(&inner, &n)
            right.isTransposed.toggle()
        }
        guard inner == k, out.shape[0] == m, out.shape[1] == n else { return false }
        let product = MatrixProduct(
            m: m, n: n, k: k, a: UnsafePointer(a.data.assumingMemoryBound(to: Element.self)), aLayout: left,
            b: UnsafePointer(b.data.assumingMemoryBound(to: Element.self)), bLayout: right,
            c: out.data.assumingMemoryBound(to: Element.self), ldc: target.leading)
        let room = MatrixProduct<Element>.scratch(m, n, k)
        if room == 0 {
            if product.needsBLAS { context.holdBLAS() }
            product.run(product.c, in: context)
        } else {
            let scratch = try Buffer<Element>(room, in: context.allocator)
            product.run(scratch.pointer, in: context)
        }
        try context.checkInterrupt()
        return true
    }

    /// The layout of a matrix; nil when it cannot be read as it lies, or is too large to count.
    private static func layout(_ view: ArrayView) -> MatrixLayout? {
        guard view.isAligned, view.shape[0] <= Matrix.largestExtent, view.shape[1] <= Matrix.largestExtent else {
            return nil
        }
        return MatrixLayout(
            rows: view.shape[0], columns: view.shape[1], rowStride: view.strides[0], columnStride: view.strides[1],
            size: view.dtype.size)
    }

    private static func multiply<Element: ProductElement>(
        _ type: Element.Type, _ left: ArrayView, _ right: ArrayView, _ transposesA: Bool, _ transposesB: Bool,
        _ shapes: Shapes, _ out: ArrayView, _ inputs: (ArrayView, ArrayView), in context: Context
    ) throws(ApusError) {
        let a = try FactorStack<Element>(left, transposed: transposesA, name: "a", in: context)
        let b = try FactorStack<Element>(right, transposed: transposesB, name: "b", in: context)
        let rank = out.shape.rank
        let isFree = !out.sharesMemory(with: inputs.0) && !out.sharesMemory(with: inputs.1)
        if isFree, out.dtype == Element.dtype, out.isAligned,
            let layout = MatrixLayout(
                rows: shapes.m, columns: shapes.n, rowStride: out.strides[rank - 2], columnStride: out.strides[rank - 1],
                size: out.dtype.size)
        {
            try run(a, b, shapes, out.data, out.strides, layout, in: context)
        } else {
            let copy = try Buffer<Element>(out.count, in: context.allocator)
            let dense = ArrayView(data: copy.pointer, dtype: Element.dtype, shape: out.shape)
            try run(a, b, shapes, dense.data, dense.strides, MatrixLayout.dense(shapes.n), in: context)
            try Element.write(UnsafePointer(copy.pointer), to: out)
        }
    }

    private static func run<Element: ProductElement>(
        _ a: FactorStack<Element>, _ b: FactorStack<Element>, _ shapes: Shapes, _ out: UnsafeMutableRawPointer,
        _ strides: Shape, _ layout: MatrixLayout, in context: Context
    ) throws(ApusError) {
        let (m, n, k) = (shapes.m, shapes.n, shapes.k)
        let batch = shapes.batch
        let count = batch.count
        func product(_ index: Int) -> MatrixProduct<Element> {
            var (rest, offset) = (index, 0)
            var dimension = batch.rank - 1
            while dimension >= 0 {
                let (quotient, position) = rest.quotientAndRemainder(dividingBy: batch[dimension])
                offset &+= position &* strides[dimension]
                rest = quotient
                dimension -= 1
            }
            let c = (out + offset).assumingMemoryBound(to: Element.self)
            let (first, second) = (a.matrix(index, of: batch), b.matrix(index, of: batch))
            // The transpose of c is the product of the transposes, exchanged.
            return layout.isTransposed
                ? MatrixProduct(
                    m: n, n: m, k: k, a: second, aLayout: .flipped(b.layout), b: first, bLayout: .flipped(a.layout),
                    c: c, ldc: layout.leading)
                : MatrixProduct(
                    m: m, n: n, k: k, a: first, aLayout: a.layout, b: second, bLayout: b.layout, c: c,
                    ldc: layout.leading)
        }
        let first = product(0)
        if first.needsBLAS { context.holdBLAS() }
        let room = MatrixProduct<Element>.scratch(first.m, first.n, first.k)
        let multiplications = Double(m) * Double(n) * Double(k)
        // Small matrices: a thread takes several whole products. Called in a slice, they run in place.
        if count > 1, multiplications < 0x1p22 {
            let together = max(Int(0x1p19 / max(multiplications, 1)), 1)
            let slices = (count - 1) / together + 1
            // Scratch for each of a bounded number of runs of slices.
            let runs = min(slices, 16)
            let scratch = try Buffer<Element>(room &* runs, in: context.allocator)
            context.parallel(runs) { run in
                let from = slices &* run / runs &* together
                let to = min(slices &* (run + 1) / runs &* together, count)
                for index in from..<max(from, to) {
                    if context.isInterrupted { return }
                    product(index).run(scratch.pointer + run &* room, in: context)
                }
            }
        } else {
            let scratch = try Buffer<Element>(room, in: context.allocator)
            for index in 0..<count {
                if context.isInterrupted { break }
                product(index).run(scratch.pointer, in: context)
            }
        }
        try context.checkInterrupt()
    }

    /// The extents of a product.
    struct Shapes {
        let m: Int
        let n: Int
        let k: Int
        let batch: Shape
        let out: Shape
        private let isRow: Bool
        private let isColumn: Bool

        init(
            _ a: ArrayView, _ b: ArrayView, _ transposesA: Bool, _ transposesB: Bool, isRow: Bool, isColumn: Bool
        ) throws(ApusError) {
            let (aRank, bRank) = (a.shape.rank, b.shape.rank)
            m = a.shape[transposesA ? aRank - 1 : aRank - 2]
            k = a.shape[transposesA ? aRank - 2 : aRank - 1]
            n = b.shape[transposesB ? bRank - 2 : bRank - 1]
            let inner = b.shape[transposesB ? bRank - 1 : bRank - 2]
            guard inner == k else {
                throw .shape(
                    "a of shape \(a.shape)\(transposesA ? ", transposed," : "") and b of shape \(b.shape)\(transposesB ? ", transposed," : "") do not fit: their inner extents are \(k) and \(inner)."
                )
            }
            var batch = Shape()
            let rank = max(aRank, bRank) - 2
            for index in 0..<rank {
                let (i, j) = (index - (rank - (aRank - 2)), index - (rank - (bRank - 2)))
                let (first, second) = (i < 0 ? 1 : a.shape[i], j < 0 ? 1 : b.shape[j])
                guard first == second || first == 1 || second == 1 else {
                    throw .shape("The leading dimensions of a \(a.shape) and b \(b.shape) do not broadcast.")
                }
                batch.append(first == 1 ? second : first)
            }
            var out = batch
            if !isRow { out.append(m) }
            if !isColumn { out.append(n) }
            (self.batch, self.out, self.isRow, self.isColumn) = (batch, out, isRow, isColumn)
        }

        /// `out` with both dimensions of its matrices.
        func withMatrices(_ view: ArrayView) -> ArrayView {
            if !isRow && !isColumn { return view }
            var (extents, strides) = (batch, Shape())
            for index in 0..<batch.rank { strides.append(view.strides[index]) }
            var next = batch.rank
            extents.append(m)
            extents.append(n)
            for isAbsent in [isRow, isColumn] {
                strides.append(isAbsent ? 0 : view.strides[next])
                if !isAbsent { next += 1 }
            }
            return ArrayView(data: view.data, dtype: view.dtype, shape: extents, strides: strides)
        }
    }
}

extension ArrayView {
    /// A vector as a matrix of one row.
    fileprivate var asRow: ArrayView {
        ArrayView(data: data, dtype: dtype, shape: Shape(1, shape[0]), strides: Shape(0, strides[0]))
    }
    /// A vector as a matrix of one column.
    fileprivate var asColumn: ArrayView {
        ArrayView(data: data, dtype: dtype, shape: Shape(shape[0], 1), strides: Shape(strides[0], 0))
    }
}
