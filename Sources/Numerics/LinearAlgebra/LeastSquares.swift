import COpenBLAS
import Core

/// Least squares by the singular value decomposition: the solution of least Euclidean norm, whatever the rank.
package struct LeastSquares {
    /// Singular values, descending: min(rows, columns) of them.
    package let singular: Buffer<Double>
    package let rank: Int

    /// Solves min |a x - b|. `a` is rows x columns, column-major, and is overwritten; `sides` holds `count` columns of
    /// length max(rows, columns), b in their first `rows` elements on entry, x in their first `columns` on return.
    /// Singular values up to max(rows, columns) x 2^-52 of the largest count as zero. LAPACK's dgelsd (divide and
    /// conquer; Gu and Eisenstat 1995, doi:10.1137/S0895479892242232).
    /// Throws `notConverged` when the decomposition fails, `limit` when its workspace exceeds LAPACK's counts.
    package init(
        _ a: UnsafeMutablePointer<Double>, rows: Int, columns: Int, sides: UnsafeMutablePointer<Double>, count: Int,
        in allocator: Allocator
    ) throws(ApusError) {
        let least = min(rows, columns)
        let most = max(rows, columns)
        let singular = try Buffer<Double>(zeros: least, in: allocator)
        var m = Int32(truncatingIfNeeded: rows)
        var n = Int32(truncatingIfNeeded: columns)
        var right = Int32(truncatingIfNeeded: count)
        var leading = Int32(truncatingIfNeeded: most)
        var cut = Double(most) * 0x1p-52
        var rank: Int32 = 0
        var info: Int32 = 0
        var query: Int32 = -1
        var size = 0.0
        var integers: Int32 = 0
        dgelsd_(
            &m, &n, &right, a, &m, sides, &leading, singular.pointer, &cut, &rank, &size, &query, &integers, &info)
        guard info == 0, size >= 1, size < Double(Int32.max) else {
            throw .limit("The least-squares problem of \(rows) x \(columns) is too large for LAPACK's workspace.")
        }
        var length = Int32(size)
        let work = try Buffer<Double>(Int(length), in: allocator)
        let whole = try Buffer<Int32>(max(Int(integers), 1), in: allocator)
        dgelsd_(
            &m, &n, &right, a, &m, sides, &leading, singular.pointer, &cut, &rank, work.pointer, &length,
            whole.pointer, &info)
        guard info == 0 else {
            throw ApusError(
                .notConverged, "The singular value decomposition of the \(rows) x \(columns) problem did not converge.")
        }
        self.singular = singular
        self.rank = Int(rank)
    }
}
