import COpenBLAS
import Core

/// Least squares by the singular value decomposition: the solution of least Euclidean norm, whatever the rank. LAPACK's
/// dgelsd (divide and conquer; Gu and Eisenstat 1995, doi:10.1137/S0895479892242232).
package struct LeastSquares {
    /// Singular values, descending: min(rows, columns) of them.
    package let singular: Buffer<Double>
    package let rank: Int

    /// Solves min |a x - b|. `a` is rows x columns, column-major, and is overwritten; `sides` holds `count` columns of
    /// length max(rows, columns), b in their first `rows` elements on entry, x in their first `columns` on return.
    /// Singular values up to max(rows, columns) x 2^-52 of the largest count as zero.
    /// Throws `notConverged` when the decomposition fails, `limit` when its workspace exceeds LAPACK's counts.
    package init(
        _ a: UnsafeMutablePointer<Double>, rows: Int, columns: Int, sides: UnsafeMutablePointer<Double>, count: Int,
        in allocator: Allocator
    ) throws(ApusError) {
        let plan = try LeastSquaresPlan(rows: rows, columns: columns, sides: count)
        let singular = try Buffer<Double>(zeros: plan.least, in: allocator)
        let work = try Buffer<Double>(plan.doubles, in: allocator)
        let whole = try Buffer<Int32>(plan.integers, in: allocator)
        let result = plan.solve(
            a, sides: sides, singular: singular.pointer, rcond: -1, work: work.pointer, integers: whole.pointer)
        guard result.info == 0 else {
            throw ApusError(
                .notConverged, "The singular value decomposition of the \(rows) x \(columns) problem did not converge.")
        }
        self.singular = singular
        self.rank = result.rank
    }
}

/// Sizes and workspace of problems min |a x - b| of one shape.
struct LeastSquaresPlan {
    let rows: Int
    let columns: Int
    let sides: Int
    let least: Int
    /// The length of a right-hand side with room for its solution.
    let most: Int
    let doubles: Int
    let integers: Int

    /// Throws `limit` when the workspace exceeds LAPACK's counts.
    init(rows: Int, columns: Int, sides: Int) throws(ApusError) {
        self.rows = rows
        self.columns = columns
        // LAPACK does not take none.
        self.sides = max(sides, 1)
        least = min(rows, columns)
        most = max(rows, columns)
        if least == 0 {
            doubles = 0
            integers = 0
            return
        }
        var m = Int32(truncatingIfNeeded: rows)
        var n = Int32(truncatingIfNeeded: columns)
        var right = Int32(truncatingIfNeeded: max(sides, 1))
        var leading = Int32(truncatingIfNeeded: most)
        var cut = 0.0
        var rank: Int32 = 0
        var info: Int32 = 0
        var query: Int32 = -1
        var size = 0.0
        var whole: Int32 = 0
        var nothing = 0.0
        withUnsafeMutablePointer(to: &nothing) {
            dgelsd_(&m, &n, &right, $0, &m, $0, &leading, $0, &cut, &rank, &size, &query, &whole, &info)
        }
        doubles = try workspace(
            size, info, needed: Double(most) * (Double(self.sides) + 512),
            "The least-squares problem of \(rows) x \(columns)")
        integers = max(Int(whole), 1)
    }

    /// `a` (column-major) is overwritten; `sides` are columns of length `most`: b on entry, x on return. Singular
    /// values up to `rcond` times the largest count as zero; below 0 it is max(rows, columns) 2^-52.
    func solve(
        _ a: UnsafeMutablePointer<Double>, sides b: UnsafeMutablePointer<Double>,
        singular: UnsafeMutablePointer<Double>, rcond: Double, work: UnsafeMutablePointer<Double>,
        integers: UnsafeMutablePointer<Int32>
    ) -> (rank: Int, info: Int) {
        if least == 0 {
            b.update(repeating: 0, count: most &* sides)
            return (0, 0)
        }
        var m = Int32(truncatingIfNeeded: rows)
        var n = Int32(truncatingIfNeeded: columns)
        var right = Int32(truncatingIfNeeded: sides)
        var leading = Int32(truncatingIfNeeded: most)
        // LAPACK takes a negative one for 2^-53.
        var cut = rcond < 0 ? Double(most) * 0x1p-52 : rcond
        var rank: Int32 = 0
        var info: Int32 = 0
        var length = Int32(truncatingIfNeeded: doubles)
        dgelsd_(
            &m, &n, &right, a, &m, b, &leading, singular, &cut, &rank, work, &length, integers, &info)
        return (Int(rank), Int(info))
    }
}

/// The least-squares solutions of least norm of stacks of systems.
package enum LeastSquaresSolution {
    /// a (m x n), b (m, or m x k) with stacks that broadcast; x (n, or n x k); residuals (a vector of k): the sums of
    /// squares of b - a x; singular values (min(m, n)). Singular values up to `rcond` times the largest count as 0;
    /// below 0 it is max(m, n) 2^-52. Throws `notConverged`, `invalidArgument` for values that are not finite, `shape`.
    package static func compute(
        _ given: MatrixStack, _ right: MatrixStack, rcond: Double, to x: MatrixStack, residuals: MatrixStack?,
        rank: UnsafeMutablePointer<Int64>?, singularValues: MatrixStack?, in context: Context
    ) throws(ApusError) {
        guard !rcond.isNaN else { throw .invalid("rcond must be a number, got NaN.") }
        let m = given.rows
        let n = given.columns
        let k = right.columns
        guard right.rows == m else {
            throw .shape("b must have \(m) rows, as a has, got shape \(right.view.shape).")
        }
        let batch = try MatrixStack.broadcast(given, right)
        let a = try given.stretched(to: batch)
        let b = try right.stretched(to: batch)
        try x.requireOutput(batch, n, k)
        try residuals?.requireOutput(batch, k, 1)
        let plan = try LeastSquaresPlan(rows: m, columns: n, sides: k)
        try singularValues?.requireOutput(batch, plan.least, 1)
        var scratch = ScratchSize()
        let matrix = scratch.add(m, n)
        let sides = scratch.add(plan.most, plan.sides)
        let values = scratch.add(max(plan.least, 1))
        let rest = scratch.add(max(plan.doubles, 1))
        let remainder = scratch.add(residuals == nil ? 0 : m, k)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: plan.integers,
            elements: 16 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            let solution = doubles + sides
            try a.load(index, into: doubles + matrix, leading: m, in: context)
            if k == 0 { solution.update(repeating: 0, count: plan.most) }
            try b.load(index, into: solution, leading: plan.most, in: context)
            try context.checkInterrupt()
            let result = plan.solve(
                doubles + matrix, sides: solution, singular: doubles + values, rcond: rcond, work: doubles + rest,
                integers: integers)
            if result.info != 0 {
                throw ApusError(
                    .notConverged,
                    "The singular value decomposition of a\(a.place(index)) did not converge (LAPACK's dgelsd says \(result.info))."
                )
            }
            try context.checkInterrupt()
            if let residuals {
                let e = doubles + remainder
                try a.load(index, into: doubles + matrix, leading: m, in: context)
                try b.load(index, into: e, leading: m, in: context)
                if n > 0 {
                    BLAS.columnProduct(
                        m, k, n, alpha: -1, doubles + matrix, max(m, 1), solution, plan.most, beta: 1, e, max(m, 1))
                }
                for c in 0..<k {
                    let column = e + c &* m
                    var sum = 0.0
                    for r in 0..<m { sum += column[r] * column[r] }
                    residuals.storeElement(sum, row: c, of: index)
                }
            }
            x.store(solution, leading: max(plan.most, 1), to: index, in: context)
            singularValues?.store(doubles + values, leading: max(plan.least, 1), to: index, in: context)
            rank?[index] = Int64(result.rank)
        }
    }
}
