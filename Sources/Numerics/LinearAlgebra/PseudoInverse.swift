import Core

/// The Moore-Penrose inverse, v diag(1 / s) u^T over the singular values that count.
package enum PseudoInverse {
    /// a (m x n), out (n x m). Singular values at most `rcond` times the largest count as 0; rcond below 0 is
    /// max(m, n) 2^-52. `rank` gets the number of those left of each matrix.
    /// Throws `notConverged`, `invalidArgument` for a value that is not finite, `shape`.
    package static func compute(
        _ a: MatrixStack, rcond: Double, to out: MatrixStack, rank: UnsafeMutablePointer<Int64>?, in context: Context
    ) throws(ApusError) {
        guard !rcond.isNaN else { throw .invalid("rcond must be a number, got NaN.") }
        let m = a.rows
        let n = a.columns
        let k = min(m, n)
        try out.requireOutput(a.batch, n, m)
        let plan = try SingularValues(rows: m, columns: n, vectors: .thin)
        var scratch = ScratchSize()
        let matrix = scratch.add(m, n)
        let values = scratch.add(max(k, 1))
        let left = scratch.add(m, k)
        let right = scratch.add(k, n)
        let rest = scratch.add(max(plan.doubles, 1))
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: plan.integers,
            elements: 16 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            try a.load(index, into: doubles + matrix, leading: m, in: context)
            try context.checkInterrupt()
            let s = doubles + values
            let info = plan.decompose(
                doubles + matrix, s: s, u: doubles + left, vt: doubles + right, work: doubles + rest,
                integers: integers)
            if info != 0 { throw SingularValues.failure(a, index, info: info) }
            try context.checkInterrupt()
            let held = UnsafeMutableBufferPointer(start: s, count: k)
            let count = SingularValues.rank(
                held, rows: m, columns: n, tolerance: rcond < 0 ? rcond : rcond * (held.first ?? 0))
            for j in 0..<count {
                let column = doubles + left + j &* m
                // A column of u has length 1: dividing it overflows only where the result does.
                for r in 0..<m { column[r] /= s[j] }
            }
            // n x m, in the place of a.
            let inverse = doubles + matrix
            if count == 0 {
                inverse.update(repeating: 0, count: n &* m)
            } else {
                context.parallel(over: m, by: 256) {
                    BLAS.columnProduct(
                        transposeA: true, transposeB: true, n, $0.count, count, doubles + right, k,
                        doubles + left + $0.lowerBound, m, beta: 0, inverse + $0.lowerBound &* n, n)
                }
            }
            rank?[index] = Int64(count)
            out.store(inverse, leading: n, to: index, in: context)
        }
    }
}
