import Core

/// Whole powers of square matrices.
package enum MatrixPower {
    /// out = a^exponent by repeated squaring; a power below 0 is one of the inverse, the power 0 is the identity.
    /// `out` may be a. Throws `notConverged` for a negative power of a singular matrix and for one that overflows,
    /// `invalidArgument` for a value that is not finite, `shape`.
    package static func compute(_ a: MatrixStack, exponent: Int64, to out: MatrixStack, in context: Context)
        throws(ApusError)
    {
        try a.requireSquare()
        let n = a.rows
        try out.requireOutput(a.batch, n, n)
        var scratch = ScratchSize()
        let places = (scratch.add(n, n), scratch.add(n, n), scratch.add(n, n))
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: 2 &* n,
            divides: n >= LUFactors.blockedFrom, elements: 4 &* a.elements)
        let nearly = NearlySingular()
        try work.run { (index, doubles, integers) throws(ApusError) in
            var base = doubles + places.0
            var result = doubles + places.1
            var spare = doubles + places.2
            if exponent >= 0 {
                try a.load(index, into: base, leading: n, in: context)
            } else {
                let factored = try LUFactors.factor(a, index, into: base, pivots: integers, in: context)
                if factored.zeroPivot != 0 { throw LUFactors.singular(a, index, pivot: factored.zeroPivot) }
                nearly.note(MatrixInverse.invert(base, order: n, norm: factored.norm, to: spare, in: context), at: index)
                ColumnMajor.scale(spare, n &* n, by: -factored.exponent)
                LUFactors.permutation(integers, count: n, rows: n, integers + n)
                for c in 0..<n { (base + Int(integers[n + c]) &* n).update(from: spare + c &* n, count: n) }
            }
            var rest = exponent.magnitude
            var isIdentity = true
            while rest > 0 {
                try context.checkInterrupt()
                if rest & 1 == 1 {
                    if isIdentity {
                        result.update(from: base, count: n &* n)
                        isIdentity = false
                    } else {
                        ColumnMajor.product(n, result, base, spare, in: context)
                        swap(&result, &spare)
                    }
                }
                rest >>= 1
                if rest > 0 {
                    ColumnMajor.product(n, base, base, spare, in: context)
                    swap(&base, &spare)
                }
            }
            if isIdentity { ColumnMajor.setIdentity(result, rows: n, columns: n, leading: n) }
            guard ColumnMajor.isFinite(result, n &* n) else {
                throw ApusError(
                    .notConverged, "The power \(exponent) of \(a.name)\(a.place(index)) overflows float64.")
            }
            out.store(result, leading: n, to: index, in: context)
        }
        nearly.warn(a, in: context)
    }
}
