import Core

/// Rows by columns of doubles for reading: the caller's memory where its layout allows, a copy of it otherwise.
///
/// Element (r, c) is `pointer[r * stride + c]`; both extents fit BLAS's 32-bit counts.
package struct Matrix: @unchecked Sendable {
    package let pointer: UnsafePointer<Double>
    package let rows: Int
    package let columns: Int
    /// Elements from one row to the next, at least `columns`.
    package let stride: Int
    private let owner: Buffer<Double>?

    /// The largest extent that BLAS and LAPACK can count.
    package static let largestExtent = Int(Int32.max)

    /// Dense rows in someone else's memory.
    package init(_ pointer: UnsafePointer<Double>, rows: Int, columns: Int) {
        self.pointer = pointer
        self.rows = rows
        self.columns = columns
        self.stride = columns
        self.owner = nil
    }

    /// Dense rows in a buffer that lives as long as the matrix.
    package init(_ buffer: Buffer<Double>, rows: Int, columns: Int) {
        self.pointer = UnsafePointer(buffer.pointer)
        self.rows = rows
        self.columns = columns
        self.stride = columns
        self.owner = buffer
    }

    /// A view of rank 1 (one column) or 2. Throws `limit` for an extent beyond 2^31 - 1, `dtype` for whole numbers that
    /// float64 cannot hold, `outOfMemory`.
    package init(_ view: ArrayView, name: String, in allocator: Allocator) throws(ApusError) {
        let rows = view.rows
        let columns = view.rowCount
        guard rows <= Matrix.largestExtent, columns <= Matrix.largestExtent else {
            throw .limit(
                "\(name) has shape \(view.shape); at most \(Matrix.largestExtent) rows and columns are possible.")
        }
        self.rows = rows
        self.columns = columns
        if let stride = Matrix.rowStride(of: view) {
            self.pointer = UnsafePointer(view.data.assumingMemoryBound(to: Double.self))
            self.stride = stride
            self.owner = nil
        } else {
            let copy = try Buffer<Double>(view.count, in: allocator)
            try view.copy(to: copy.pointer, name: name)
            self.pointer = UnsafePointer(copy.pointer)
            self.stride = columns
            self.owner = copy
        }
    }

    /// Whether a view of rank 1 or 2 needs no copy.
    package static func readsInPlace(_ view: ArrayView) -> Bool { rowStride(of: view) != nil }

    /// The row stride in elements of a view that can be read in place; nil when it must be copied.
    private static func rowStride(of view: ArrayView) -> Int? {
        guard view.dtype == .float64, view.shape.rank == 1 || view.shape.rank == 2 else { return nil }
        let columns = view.rowCount
        guard Int(bitPattern: view.data) & 7 == 0 else { return nil }
        if view.shape.rank == 2, columns > 1, view.strides[1] != 8 { return nil }
        if view.rows <= 1 { return columns }
        let bytes = view.strides[0]
        guard bytes & 7 == 0, bytes / 8 >= columns, bytes / 8 <= largestExtent else { return nil }
        return bytes / 8
    }

    /// The address of row `index`.
    @inline(__always)
    package func row(_ index: Int) -> UnsafePointer<Double> { pointer + index &* stride }

    /// Whether this reads memory of its own.
    package var isCopy: Bool { owner != nil }

    /// Throws "x holds NaN at row 3, column 1; every value must be finite." (both from 0) for the first value that is
    /// not finite.
    /// `firstRow` is the number of this matrix's first row in the caller's array.
    package func requireFinite(_ name: String, vector: Bool = false, firstRow: Int = 0) throws(ApusError) {
        for r in 0..<rows {
            let values = row(r)
            var probe = 0.0
            for c in 0..<columns { probe += values[c] * 0 }
            if probe == 0 { continue }
            for c in 0..<columns where !values[c].isFinite {
                let value = values[c].isNaN ? "NaN" : values[c] > 0 ? "infinity" : "-infinity"
                let place = vector ? "row \(firstRow + r)" : "row \(firstRow + r), column \(c)"
                throw .invalid("\(name) holds \(value) at \(place) (counted from 0); every value must be finite.")
            }
        }
    }

    /// The elements, row after row without gaps; this matrix's own memory where it lies so.
    package func dense(in allocator: Allocator) throws(ApusError) -> Matrix {
        if stride == columns { return self }
        let copy = try Buffer<Double>(rows &* columns, in: allocator)
        for r in 0..<rows { (copy.pointer + r &* columns).update(from: row(r), count: columns) }
        return Matrix(copy, rows: rows, columns: columns)
    }
}
