import COpenBLAS
import Core

/// Eigenvalues and eigenvectors of symmetric matrices by divide and conquer (LAPACK's dsyevd; Cuppen 1981,
/// doi:10.1007/BF01396757).
package enum SymmetricEigen {
    /// a (n x n, the lower half is read): ascending values (n), and orthonormal vectors in the columns of `vectors`
    /// (n x n), which may be nil. Throws `notConverged`, `invalidArgument` for a value that is not finite, `shape`.
    package static func compute(
        _ a: MatrixStack, values: MatrixStack, vectors: MatrixStack?, in context: Context
    ) throws(ApusError) {
        try a.requireSquare()
        let n = a.rows
        try values.requireOutput(a.batch, n, 1)
        try vectors?.requireOutput(a.batch, n, n)
        let job = vectors == nil ? "N" : "V"
        var order = Int32(truncatingIfNeeded: n)
        var answer = 0.0
        var wholeAnswer: Int32 = 0
        var query: Int32 = -1
        var info: Int32 = 0
        var nothing = 0.0
        var length = 1
        if n > 0 {
            withUnsafeMutablePointer(to: &nothing) {
                dsyevd_(job, "L", &order, $0, &order, $0, &answer, &query, &wholeAnswer, &query, &info, 1, 1)
            }
            let size = Double(n)
            length = try workspace(
                answer, info, needed: vectors == nil ? 5 * size + 3 : (2 * size + 6) * size + 1,
                "The eigenvalue problem of order \(n)")
        }
        let integers = max(Int(wholeAnswer), 1)
        var scratch = ScratchSize()
        let matrix = scratch.add(n, n)
        let spectrum = scratch.add(max(n, 1))
        let rest = scratch.add(length)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: integers,
            elements: 16 &* a.elements)
        try work.run { (index, doubles, whole) throws(ApusError) in
            if n == 0 { return }
            try a.load(index, into: doubles + matrix, leading: n, part: .lower, in: context)
            try context.checkInterrupt()
            var order = Int32(truncatingIfNeeded: n)
            var size = Int32(truncatingIfNeeded: length)
            var wholeSize = Int32(truncatingIfNeeded: integers)
            var info: Int32 = 0
            dsyevd_(
                job, "L", &order, doubles + matrix, &order, doubles + spectrum, doubles + rest, &size, whole,
                &wholeSize, &info, 1, 1)
            guard info == 0 else {
                throw ApusError(
                    .notConverged,
                    "The eigenvalues of \(a.name)\(a.place(index)) did not converge (LAPACK's dsyevd says \(info)).")
            }
            try context.checkInterrupt()
            values.store(doubles + spectrum, leading: n, to: index, in: context)
            vectors?.store(doubles + matrix, leading: n, to: index, in: context)
        }
    }
}
