import Core

/// The factor of a = l l^T, or u of a = u^T u.
package enum CholeskyDecomposition {
    /// Reads the lower half of a (n x n); `out` has a's shape and may be a.
    /// Throws `notConverged` naming the leading minor of a matrix that is not positive definite, `invalidArgument` for
    /// a value that is not finite.
    package static func compute(_ a: MatrixStack, upper: Bool, to out: MatrixStack, in context: Context)
        throws(ApusError)
    {
        try a.requireSquare()
        let n = a.rows
        try out.requireOutput(a.batch, n, n)
        var scratch = ScratchSize()
        _ = scratch.add(n, n)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: 0, divides: n >= CholeskyFactors.blockedFrom,
            elements: a.elements)
        try work.run { (index, factors, _) throws(ApusError) in
            try a.load(index, into: factors, leading: n, part: .lower, in: context)
            let minor = try CholeskyFactors.factor(factors, order: n, in: context)
            if minor != 0 { throw CholeskyFactors.notPositive(a, index, minor: minor) }
            for c in 1..<max(n, 1) { (factors + c &* n).update(repeating: 0, count: c) }
            if upper {
                out.storeTransposed(factors, leading: n, to: index, in: context)
            } else {
                out.store(factors, leading: n, to: index, in: context)
            }
        }
    }
}
