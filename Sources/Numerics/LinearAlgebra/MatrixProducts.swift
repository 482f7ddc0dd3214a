import COpenBLAS
import Core

extension BLAS {
    /// y = a x + beta y (or a' x), a being m x n, row-major, on the calling thread. The context must hold BLAS.
    @inline(__always)
    package static func matrixVector(
        transpose: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>,
        beta: Double, _ y: UnsafeMutablePointer<Double>
    ) {
        cblas_dgemv(
            CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, blasint(truncatingIfNeeded: m),
            blasint(truncatingIfNeeded: n), 1, a, blasint(truncatingIfNeeded: lda), x, 1, beta, y, 1)
    }

    /// The upper triangle of c (n x n) += alpha a' a, a being k x n, row-major.
    @inline(__always)
    package static func addGram(
        _ n: Int, _ k: Int, alpha: Double = 1, _ a: UnsafePointer<Double>, _ lda: Int,
        _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasTrans, blasint(truncatingIfNeeded: n), blasint(truncatingIfNeeded: k),
            alpha,
            a, blasint(truncatingIfNeeded: lda), 1, c, blasint(truncatingIfNeeded: ldc))
    }
}
