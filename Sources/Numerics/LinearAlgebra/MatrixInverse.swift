import COpenBLAS
import Core

/// Inverses of square matrices by LU factors.
package enum MatrixInverse {
    /// out = a^-1; `out` has a's shape and may be a.
    /// Throws `notConverged` naming the pivot of a singular matrix, `invalidArgument` for a value that is not finite.
    package static func compute(_ a: MatrixStack, to out: MatrixStack, in context: Context) throws(ApusError) {
        try a.requireSquare()
        let n = a.rows
        try out.requireOutput(a.batch, n, n)
        var scratch = ScratchSize()
        let matrix = scratch.add(n, n)
        let inverse = scratch.add(n, n)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: 2 &* n,
            divides: n >= LUFactors.blockedFrom, elements: 2 &* a.elements)
        let nearly = NearlySingular()
        try work.run { (index, doubles, integers) throws(ApusError) in
            let factors = doubles + matrix
            let result = try LUFactors.factor(a, index, into: factors, pivots: integers, in: context)
            if result.zeroPivot != 0 { throw LUFactors.singular(a, index, pivot: result.zeroPivot) }
            let rcond = invert(factors, order: n, norm: result.norm, to: doubles + inverse, in: context)
            try context.checkInterrupt()
            nearly.note(rcond, at: index)
            ColumnMajor.scale(doubles + inverse, n &* n, by: -result.exponent)
            LUFactors.permutation(integers, count: n, rows: n, integers + n)
            out.store(doubles + inverse, leading: n, to: index, order: integers + n, in: context)
        }
        nearly.warn(a, in: context)
    }

    /// out = u^-1 l^-1: the inverse but for the order of its columns, which is that of the rows exchanged. Returns the
    /// reciprocal condition in the 1-norm, `norm` being that of a.
    static func invert(
        _ factors: UnsafePointer<Double>, order n: Int, norm: Double, to out: UnsafeMutablePointer<Double>,
        in context: Context
    ) -> Double {
        context.parallel(over: n, by: n < LUFactors.blockedFrom ? n : 64) { range in
            let first = range.lowerBound
            let columns = out + first &* n
            columns.update(repeating: 0, count: range.count &* n)
            for c in 0..<range.count { columns[c &* n + first + c] = 1 }
            // Above row `first` the columns of l^-1 are 0.
            BLAS.solveTriangle(
                lower: true, unit: true, n - first, range.count, factors + first &* n + first, n, columns + first, n)
            BLAS.solveTriangle(lower: false, unit: false, n, range.count, factors, n, columns, n)
        }
        if n == 0 { return 1 }
        return LUFactors.reciprocal(norm, ColumnMajor.norm1(out, rows: n, columns: n, leading: n))
    }
}
