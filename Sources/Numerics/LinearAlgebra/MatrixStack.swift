import Core

/// Matrices in a caller's array: the last two dimensions are rows and columns, those before count the matrices of a
/// stack. They are read into and written from column-major doubles, as LAPACK wants them.
package struct MatrixStack: @unchecked Sendable {
    /// Which elements are read; the others become 0.
    package enum Part {
        case full, lower, upper
    }

    package let view: ArrayView
    package let name: String
    package let rows: Int
    package let columns: Int
    /// The leading extents, and the bytes from one to the next along each: 0 where the stack is stretched.
    package let batch: Shape
    package let batchStrides: Shape
    /// Matrices: the product of the leading extents.
    package let count: Int
    /// Bytes from one row, or column, to the next.
    let rowStride: Int
    let columnStride: Int

    /// Elements of one matrix.
    package var elements: Int { rows &* columns }

    /// Throws `shape` for fewer than two dimensions, `limit` for an extent beyond LAPACK's 32-bit counts.
    package init(_ view: ArrayView, _ name: String) throws(ApusError) {
        let rank = view.shape.rank
        guard rank >= 2 else {
            throw .shape("\(name) must be a matrix, or a stack of matrices, got shape \(view.shape).")
        }
        try self.init(view, name, lead: rank - 2, rows: view.shape[rank - 2], columns: view.shape[rank - 1])
    }

    /// A stack of vectors, each a matrix of one column: the last dimension is the rows.
    package init(vectors view: ArrayView, _ name: String) throws(ApusError) {
        let rank = view.shape.rank
        guard rank >= 1 else { throw .shape("\(name) must have at least one dimension, got a scalar.") }
        try self.init(view, name, lead: rank - 1, rows: view.shape[rank - 1], columns: 1)
    }

    private init(_ view: ArrayView, _ name: String, lead: Int, rows: Int, columns: Int) throws(ApusError) {
        guard rows <= Matrix.largestExtent, columns <= Matrix.largestExtent else {
            throw .limit(
                "\(name) has shape \(view.shape); at most \(Matrix.largestExtent) rows and columns are possible.")
        }
        var batch = Shape()
        var strides = Shape()
        for index in 0..<lead {
            batch.append(view.shape[index])
            strides.append(view.strides[index])
        }
        self.view = view
        self.name = name
        self.rows = rows
        self.columns = columns
        self.rowStride = view.strides[lead]
        self.columnStride = view.shape.rank == lead + 2 ? view.strides[lead + 1] : 0
        self.batch = batch
        self.batchStrides = strides
        self.count = batch.count
    }

    private init(_ other: MatrixStack, batch: Shape, strides: Shape) {
        view = other.view
        name = other.name
        rows = other.rows
        columns = other.columns
        rowStride = other.rowStride
        columnStride = other.columnStride
        self.batch = batch
        batchStrides = strides
        count = batch.count
    }

    /// Rows as columns.
    init(transposing other: MatrixStack) {
        view = other.view
        name = other.name
        rows = other.columns
        columns = other.rows
        rowStride = other.columnStride
        columnStride = other.rowStride
        batch = other.batch
        batchStrides = other.batchStrides
        count = other.count
    }

    /// The same matrices stretched to a larger stack; its extents must fit.
    package func stretched(to wanted: Shape) throws(ApusError) -> MatrixStack {
        if batch == wanted { return self }
        var strides = Shape()
        let extra = wanted.rank - batch.rank
        for index in 0..<wanted.rank {
            let own = index - extra
            if own < 0 {
                strides.append(0)
                continue
            }
            guard batch[own] == wanted[index] || batch[own] == 1 else {
                throw .shape("\(name) has a stack of shape \(batch), which does not broadcast to \(wanted).")
            }
            strides.append(batch[own] == wanted[index] ? batchStrides[own] : 0)
        }
        return MatrixStack(self, batch: wanted, strides: strides)
    }

    /// The stack shape that two stacks broadcast to, by NumPy's rules.
    package static func broadcast(_ a: MatrixStack, _ b: MatrixStack) throws(ApusError) -> Shape {
        if a.batch.rank == 0 { return b.batch }
        if b.batch.rank == 0 { return a.batch }
        let rank = max(a.batch.rank, b.batch.rank)
        var result = Shape()
        for index in 0..<rank {
            let i = index - (rank - a.batch.rank)
            let j = index - (rank - b.batch.rank)
            let first = i < 0 ? 1 : a.batch[i]
            let second = j < 0 ? 1 : b.batch[j]
            guard first == second || first == 1 || second == 1 else {
                throw .shape(
                    "\(a.name) and \(b.name) have stacks of shapes \(a.batch) and \(b.batch), which do not broadcast.")
            }
            result.append(first == 1 ? second : first)
        }
        return result
    }

    // MARK: Checks

    /// Throws `shape` unless the matrices are square.
    package func requireSquare() throws(ApusError) {
        guard rows == columns else {
            throw .shape("\(name) must be square, got \(rows) x \(columns).")
        }
    }

    /// Throws `dtype` unless the elements are real, `shape` unless the array has this stack and matrices of this size.
    package func requireOutput(_ wanted: Shape, _ wantedRows: Int, _ wantedColumns: Int) throws(ApusError) {
        guard view.dtype == .float64 || view.dtype == .float32 else {
            throw .dtype("\(name) must be float64 or float32, got \(view.dtype.name).")
        }
        try requireExtents(wanted, wantedRows, wantedColumns)
    }

    /// The same for whole numbers: int64 or int32.
    package func requireWholeOutput(_ wanted: Shape, _ wantedRows: Int) throws(ApusError) {
        guard view.dtype == .int64 || view.dtype == .int32 else {
            throw .dtype("\(name) must be int64 or int32, got \(view.dtype.name).")
        }
        try requireExtents(wanted, wantedRows, 1)
    }

    private func requireExtents(_ wanted: Shape, _ wantedRows: Int, _ wantedColumns: Int) throws(ApusError) {
        guard batch == wanted, rows == wantedRows, columns == wantedColumns else {
            var shape = wanted
            shape.append(wantedRows)
            if view.shape.rank == batch.rank + 2 { shape.append(wantedColumns) }
            throw .shape("\(name) must have shape \(shape), got \(view.shape).")
        }
    }

    // MARK: Places

    /// The address of matrix `index`.
    func address(_ index: Int) -> UnsafeMutableRawPointer {
        if index == 0 { return view.data }
        var rest = index
        var address = view.data
        var dimension = batch.rank - 1
        while dimension >= 0 {
            let extent = max(batch[dimension], 1)
            address += (rest % extent) &* batchStrides[dimension]
            rest /= extent
            dimension -= 1
        }
        return address
    }

    /// For messages: "" for a single matrix, " of matrix (1, 4)" in a stack.
    package func place(_ index: Int) -> String {
        if batch.rank == 0 { return "" }
        var position = batch
        var rest = index
        var dimension = batch.rank - 1
        while dimension >= 0 {
            position[dimension] = rest % max(batch[dimension], 1)
            rest /= max(batch[dimension], 1)
            dimension -= 1
        }
        return " of matrix \(position)"
    }
}
