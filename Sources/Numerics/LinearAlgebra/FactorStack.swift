import Core

/// A matrix in memory as products read and write it: rows (or columns, where it is transposed) of neighbouring elements.
struct MatrixLayout: Equatable {
    var isTransposed: Bool
    /// Elements from one row (or column) to the next.
    var leading: Int

    /// The layout of `rows` x `columns` elements with strides in bytes; nil when they must be copied first.
    init?(rows: Int, columns: Int, rowStride: Int, columnStride: Int, size: Int) {
        func leading(_ stride: Int, _ lines: Int, _ length: Int) -> Int? {
            if lines <= 1 { return max(length, 1) }
            guard stride % size == 0, stride / size >= max(length, 1), stride / size <= Matrix.largestExtent else {
                return nil
            }
            return stride / size
        }
        if columnStride == size || columns <= 1, let leading = leading(rowStride, rows, columns) {
            (isTransposed, self.leading) = (false, leading)
        } else if rowStride == size || rows <= 1, let leading = leading(columnStride, columns, rows) {
            (isTransposed, self.leading) = (true, leading)
        } else {
            return nil
        }
    }
}

/// The matrices of a factor of a product: the last two dimensions of an array, one for each index of those before.
struct FactorStack<Element: ProductElement>: @unchecked Sendable {
    let data: UnsafePointer<Element>
    let rows: Int
    let columns: Int
    let layout: MatrixLayout
    /// Extents and strides, in bytes, of the leading dimensions.
    let batch: Shape
    let batchStrides: Shape
    private let owner: Buffer<Element>?

    /// The last two dimensions of `view`, exchanged where asked for; copied where products cannot read them as they lie.
    /// Throws `dtype` for whole numbers that cannot be held exactly, `limit`, `outOfMemory`.
    init(_ view: ArrayView, transposed: Bool, name: String, in context: Context) throws(ApusError) {
        let rank = view.shape.rank
        var (extents, strides) = (view.shape, view.strides)
        if transposed {
            (extents[rank - 2], extents[rank - 1]) = (extents[rank - 1], extents[rank - 2])
            (strides[rank - 2], strides[rank - 1]) = (strides[rank - 1], strides[rank - 2])
        }
        rows = extents[rank - 2]
        columns = extents[rank - 1]
        guard rows <= Matrix.largestExtent, columns <= Matrix.largestExtent else {
            throw .limit("\(name) has shape \(view.shape); at most \(Matrix.largestExtent) rows and columns are possible.")
        }
        if view.dtype == Element.dtype, view.isAligned,
            let layout = MatrixLayout(
                rows: rows, columns: columns, rowStride: strides[rank - 2], columnStride: strides[rank - 1],
                size: view.dtype.size)
        {
            data = UnsafePointer(view.data.assumingMemoryBound(to: Element.self))
            self.layout = layout
            owner = nil
            batchStrides = FactorStack.leading(strides)
        } else {
            let turned = ArrayView(data: view.data, dtype: view.dtype, shape: extents, strides: strides)
            let copy = try Buffer<Element>(view.count, in: context.allocator)
            try Element.copy(turned, to: copy.pointer, name: name)
            let dense = ArrayView(data: copy.pointer, dtype: Element.dtype, shape: extents)
            data = UnsafePointer(copy.pointer)
            let width = columns
            layout = MatrixLayout.dense(width)
            owner = copy
            batchStrides = FactorStack.leading(dense.strides)
        }
        batch = FactorStack.leading(extents)
    }

    private static func leading(_ shape: Shape) -> Shape {
        var result = Shape()
        for index in 0..<max(shape.rank - 2, 0) { result.append(shape[index]) }
        return result
    }

    /// The matrix for an index of the broadcast leading dimensions.
    func matrix(_ index: Int, of shape: Shape) -> UnsafePointer<Element> {
        var (rest, offset) = (index, 0)
        var dimension = shape.rank - 1
        while dimension >= 0 {
            let (quotient, position) = rest.quotientAndRemainder(dividingBy: shape[dimension])
            let own = dimension - (shape.rank - batch.rank)
            if own >= 0, batch[own] > 1 { offset &+= position &* batchStrides[own] }
            rest = quotient
            dimension -= 1
        }
        return UnsafeRawPointer(UnsafeRawPointer(data) + offset).assumingMemoryBound(to: Element.self)
    }
}

extension MatrixLayout {
    static func dense(_ columns: Int) -> MatrixLayout { MatrixLayout(isTransposed: false, leading: max(columns, 1)) }

    private init(isTransposed: Bool, leading: Int) {
        self.isTransposed = isTransposed
        self.leading = leading
    }
}
