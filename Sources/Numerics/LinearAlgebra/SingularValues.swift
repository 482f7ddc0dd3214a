import COpenBLAS
import Core

/// The singular value decomposition by LAPACK's divide and conquer (Gu and Eisenstat 1995,
/// doi:10.1137/S0895479892242232), of column-major matrices.
struct SingularValues {
    enum Vectors: String {
        case none = "N"
        case thin = "S"
        case full = "A"
    }

    let rows: Int
    let columns: Int
    let vectors: Vectors
    /// min(rows, columns)
    let least: Int
    /// Columns of u and rows of vt.
    let uColumns: Int
    let vtRows: Int
    private let length: Int

    /// Sizes of scratch: `doubles` for LAPACK's work, `integers`.
    var doubles: Int { length }
    var integers: Int { 8 &* least }

    /// Throws `limit` when the workspace exceeds LAPACK's counts.
    init(rows: Int, columns: Int, vectors: Vectors) throws(ApusError) {
        self.rows = rows
        self.columns = columns
        self.vectors = vectors
        least = min(rows, columns)
        uColumns = vectors == .none ? 0 : vectors == .thin ? least : rows
        vtRows = vectors == .none ? 0 : vectors == .thin ? least : columns
        if least == 0 {
            length = 0
            return
        }
        var answer = 0.0
        var query: Int32 = -1
        var info: Int32 = 0
        var m = Int32(truncatingIfNeeded: rows)
        var n = Int32(truncatingIfNeeded: columns)
        var uStride = m
        var vtStride = Int32(truncatingIfNeeded: max(vtRows, 1))
        var none = 0.0
        var nothing: Int32 = 0
        withUnsafeMutablePointer(to: &none) {
            dgesdd_(
                vectors.rawValue, &m, &n, $0, &m, $0, $0, &uStride, $0, &vtStride, &answer, &query, &nothing, &info, 1)
        }
        let k = Double(least)
        let most = Double(max(rows, columns))
        length = try workspace(
            answer, info, needed: vectors == .none ? 10 * k + most : (4 * k + 7) * k + most,
            "The singular value decomposition of \(rows) x \(columns)")
    }

    /// Decomposes `a` (spoiled): s descending, u (rows x uColumns), vt (vtRows x columns), column-major and dense.
    /// Returns LAPACK's info: above 0 when it did not converge.
    func decompose(
        _ a: UnsafeMutablePointer<Double>, s: UnsafeMutablePointer<Double>, u: UnsafeMutablePointer<Double>,
        vt: UnsafeMutablePointer<Double>, work: UnsafeMutablePointer<Double>,
        integers: UnsafeMutablePointer<Int32>
    ) -> Int {
        if least == 0 {
            if vectors == .full {
                ColumnMajor.setIdentity(u, rows: rows, columns: rows, leading: rows)
                ColumnMajor.setIdentity(vt, rows: columns, columns: columns, leading: columns)
            }
            return 0
        }
        var m = Int32(truncatingIfNeeded: rows)
        var n = Int32(truncatingIfNeeded: columns)
        var uStride = m
        var vtStride = Int32(truncatingIfNeeded: max(vtRows, 1))
        var size = Int32(truncatingIfNeeded: length)
        var info: Int32 = 0
        dgesdd_(
            vectors.rawValue, &m, &n, a, &m, s, u, &uStride, vt, &vtStride, work, &size, integers, &info, 1)
        return Int(info)
    }

    /// The error for a decomposition that did not converge.
    static func failure(_ stack: MatrixStack, _ index: Int, info: Int) -> ApusError {
        ApusError(
            .notConverged,
            "The singular value decomposition of \(stack.name)\(stack.place(index)) did not converge (LAPACK's dgesdd says \(info))."
        )
    }

    /// Calls `body` with the singular values, descending, of each matrix.
    static func forEach(
        of a: MatrixStack, in context: Context, _ body: (Int, UnsafeMutableBufferPointer<Double>) -> Void
    ) throws(ApusError) {
        let plan = try SingularValues(rows: a.rows, columns: a.columns, vectors: .none)
        var scratch = ScratchSize()
        let matrix = scratch.add(a.rows, a.columns)
        let values = scratch.add(max(plan.least, 1))
        let rest = scratch.add(max(plan.doubles, 1))
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: plan.integers,
            elements: 8 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            try a.load(index, into: doubles + matrix, leading: a.rows, in: context)
            try context.checkInterrupt()
            let s = doubles + values
            let info = plan.decompose(
                doubles + matrix, s: s, u: s, vt: s, work: doubles + rest, integers: integers)
            if info != 0 { throw failure(a, index, info: info) }
            body(index, UnsafeMutableBufferPointer(start: s, count: plan.least))
        }
    }

    /// How many values lie above a cut: `tolerance`, or max(rows, columns) 2^-52 times the largest when it is below 0.
    static func rank(
        _ s: UnsafeMutableBufferPointer<Double>, rows: Int, columns: Int, tolerance: Double
    ) -> Int {
        guard let largest = s.first else { return 0 }
        let cut = tolerance < 0 ? largest * (Double(max(rows, columns)) * 0x1p-52) : tolerance
        return s.prefix { $0 > cut }.count
    }
}

/// a = u diag(s) vt.
package enum SingularValueDecomposition {
    /// a (m x n); s (k), k = min(m, n), descending; u (m x k, or m x m) and vt (k x n, or n x n), as they are given;
    /// either may be nil. Throws `notConverged`, `invalidArgument` for a value that is not finite, `shape`.
    package static func compute(
        _ a: MatrixStack, u: MatrixStack?, s: MatrixStack, vt: MatrixStack?, in context: Context
    ) throws(ApusError) {
        let m = a.rows
        let n = a.columns
        let k = min(m, n)
        try s.requireOutput(a.batch, k, 1)
        let fullU = u.map { $0.columns != k } ?? false
        let fullVt = vt.map { $0.rows != k } ?? false
        if let u {
            guard u.columns == k || u.columns == m else {
                throw .shape("u must have \(k) or \(m) columns, got shape \(u.view.shape).")
            }
            try u.requireOutput(a.batch, m, u.columns)
        }
        if let vt {
            guard vt.rows == k || vt.rows == n else {
                throw .shape("vt must have \(k) or \(n) rows, got shape \(vt.view.shape).")
            }
            try vt.requireOutput(a.batch, vt.rows, n)
        }
        let plan = try SingularValues(
            rows: m, columns: n, vectors: u == nil && vt == nil ? .none : fullU || fullVt ? .full : .thin)
        var scratch = ScratchSize()
        let matrix = scratch.add(m, n)
        let values = scratch.add(max(k, 1))
        let left = scratch.add(m, plan.uColumns)
        let right = scratch.add(plan.vtRows, n)
        let rest = scratch.add(max(plan.doubles, 1))
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: plan.integers,
            elements: 16 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            try a.load(index, into: doubles + matrix, leading: m, in: context)
            try context.checkInterrupt()
            let info = plan.decompose(
                doubles + matrix, s: doubles + values, u: doubles + left, vt: doubles + right, work: doubles + rest,
                integers: integers)
            if info != 0 { throw SingularValues.failure(a, index, info: info) }
            try context.checkInterrupt()
            s.store(doubles + values, leading: max(k, 1), to: index, in: context)
            u?.store(doubles + left, leading: m, to: index, in: context)
            vt?.store(doubles + right, leading: max(plan.vtRows, 1), to: index, in: context)
        }
    }
}

/// Numerical rank.
package enum MatrixRank {
    /// Singular values above the tolerance; below 0 it is max(rows, columns) 2^-52 times the largest.
    package static func compute(
        _ a: MatrixStack, tolerance: Double, to out: UnsafeMutablePointer<Int64>, in context: Context
    ) throws(ApusError) {
        guard !tolerance.isNaN else { throw .invalid("tolerance must be a number, got NaN.") }
        try SingularValues.forEach(of: a, in: context) { index, s in
            out[index] = Int64(
                SingularValues.rank(s, rows: a.rows, columns: a.columns, tolerance: tolerance))
        }
    }
}
