import COpenBLAS
import Core

/// Eigenvalues and right eigenvectors of general matrices: balanced, reduced to Hessenberg form, shifted QR (LAPACK's
/// dgeev; Braman, Byers and Mathias 2002, doi:10.1137/S0895479801384573).
package enum GeneralEigen {
    /// Where the parts of complex results go; each may be nil.
    package struct Vectors {
        let real: MatrixStack?
        let imaginary: MatrixStack?

        package init(real: MatrixStack?, imaginary: MatrixStack?) {
            self.real = real
            self.imaginary = imaginary
        }
    }

    /// a (n x n): values (n) as real and imaginary parts, complex ones in conjugate pairs with the positive imaginary
    /// part first; vectors (n x n) of Euclidean length 1 in columns, the largest component real.
    /// Throws `notConverged`, `invalidArgument` for a value that is not finite, `shape`.
    package static func compute(
        _ a: MatrixStack, real: MatrixStack, imaginary: MatrixStack, vectors: Vectors, in context: Context
    ) throws(ApusError) {
        try a.requireSquare()
        let n = a.rows
        try real.requireOutput(a.batch, n, 1)
        try imaginary.requireOutput(a.batch, n, 1)
        try vectors.real?.requireOutput(a.batch, n, n)
        try vectors.imaginary?.requireOutput(a.batch, n, n)
        let wantsVectors = vectors.real != nil || vectors.imaginary != nil
        let job = wantsVectors ? "V" : "N"
        let length = try workspaceLength(job, n)
        var scratch = ScratchSize()
        let matrix = scratch.add(n, n)
        let right = scratch.add(wantsVectors ? n : 1, max(n, 1))
        let re = scratch.add(max(n, 1))
        let im = scratch.add(max(n, 1))
        let rest = scratch.add(length)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: 0,
            elements: 16 &* a.elements)
        try work.run { (index, doubles, _) throws(ApusError) in
            if n == 0 { return }
            try a.load(index, into: doubles + matrix, leading: n, in: context)
            try context.checkInterrupt()
            var order = Int32(truncatingIfNeeded: n)
            var size = Int32(truncatingIfNeeded: length)
            var info: Int32 = 0
            dgeev_(
                "N", job, &order, doubles + matrix, &order, doubles + re, doubles + im, doubles + right, &order,
                doubles + right, &order, doubles + rest, &size, &info, 1, 1)
            guard info == 0 else {
                throw ApusError(
                    .notConverged,
                    "The eigenvalues of \(a.name)\(a.place(index)) did not converge (LAPACK's dgeev says \(info)).")
            }
            try context.checkInterrupt()
            real.store(doubles + re, leading: n, to: index, in: context)
            imaginary.store(doubles + im, leading: n, to: index, in: context)
            if !wantsVectors { return }
            // A conjugate pair shares two columns: real part, imaginary part. The matrix has done its duty.
            let second = doubles + matrix
            split(doubles + right, second, doubles + im, n)
            vectors.real?.store(doubles + right, leading: n, to: index, in: context)
            vectors.imaginary?.store(second, leading: n, to: index, in: context)
        }
    }

    private static func workspaceLength(_ job: String, _ n: Int) throws(ApusError) -> Int {
        if n == 0 { return 1 }
        var order = Int32(truncatingIfNeeded: n)
        var answer = 0.0
        var query: Int32 = -1
        var info: Int32 = 0
        var nothing = 0.0
        withUnsafeMutablePointer(to: &nothing) {
            dgeev_(
                "N", job, &order, $0, &order, $0, $0, $0, &order, $0, &order, &answer, &query, &info, 1, 1)
        }
        return try workspace(answer, info, needed: 64 * Double(n), "The eigenvalue problem of order \(n)")
    }

    /// Turns LAPACK's packed vectors into real parts in place and imaginary parts beside them.
    private static func split(
        _ real: UnsafeMutablePointer<Double>, _ imaginary: UnsafeMutablePointer<Double>,
        _ parts: UnsafePointer<Double>, _ n: Int
    ) {
        var c = 0
        while c < n {
            let column = real + c &* n
            let other = imaginary + c &* n
            if parts[c] == 0 || c + 1 == n {
                other.update(repeating: 0, count: n)
                c += 1
                continue
            }
            for r in 0..<n {
                let value = column[n + r]
                other[r] = value
                other[n + r] = -value
                column[n + r] = column[r]
            }
            c += 2
        }
    }
}
