import Core

/// LU factors as matrices: a[permutation] = l u.
package enum LUDecomposition {
    /// a (m x n); l (m x k) with unit diagonal, u (k x n), k = min(m, n); permutation of m rows. Each output may be
    /// nil. A singular matrix is no error. Throws `invalidArgument` for a value that is not finite, `shape`, `dtype`.
    package static func compute(
        _ a: MatrixStack, l: MatrixStack?, u: MatrixStack?, permutation: MatrixStack?, in context: Context
    ) throws(ApusError) {
        let m = a.rows
        let n = a.columns
        let k = min(m, n)
        try l?.requireOutput(a.batch, m, k)
        try u?.requireOutput(a.batch, k, n)
        try permutation?.requireWholeOutput(a.batch, m)
        var scratch = ScratchSize()
        let matrix = scratch.add(m, n)
        let lower = scratch.add(m, k)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: k + m,
            divides: k >= LUFactors.blockedFrom, elements: 2 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            let factors = doubles + matrix
            let result = try LUFactors.factor(a, index, into: factors, pivots: integers, in: context)
            try context.checkInterrupt()
            if let l {
                let part = doubles + lower
                for c in 0..<k {
                    let column = part + c &* m
                    column.update(repeating: 0, count: c)
                    column[c] = 1
                    (column + c + 1).update(from: factors + c &* m + c + 1, count: m - c - 1)
                }
                l.store(part, leading: m, to: index, in: context)
            }
            if let u {
                for c in 0..<k { (factors + c &* m + c + 1).update(repeating: 0, count: k - c - 1) }
                ColumnMajor.scale(factors, m &* n, by: result.exponent)
                u.store(factors, leading: m, to: index, in: context)
            }
            if let permutation {
                LUFactors.permutation(integers, count: k, rows: m, integers + k)
                permutation.store(whole: integers + k, to: index)
            }
        }
    }
}
