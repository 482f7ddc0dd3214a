import COpenBLAS
import Glibc

/// Matrix products: OpenBLAS on one thread for each slice, the slices cut by size and spread over the context's threads.
package enum BLAS {
    // MARK: The process-wide thread count

    nonisolated(unsafe) private static let lock: UnsafeMutablePointer<pthread_mutex_t> = {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        // A child of fork must not find the lock taken by a thread that it does not have.
        pthread_atfork(
            { pthread_mutex_lock(BLAS.lockPointer) }, { pthread_mutex_unlock(BLAS.lockPointer) },
            { pthread_mutex_unlock(BLAS.lockPointer) })
        return mutex
    }()
    private static var lockPointer: UnsafeMutablePointer<pthread_mutex_t> { lock }
    nonisolated(unsafe) private static var holders = 0
    nonisolated(unsafe) private static var hostThreads: Int32 = 1

    /// The first holder sets OpenBLAS to one thread.
    static func enter() {
        pthread_mutex_lock(lock)
        if holders == 0 {
            _ = BLASProcessor.mended
            hostThreads = openblas_get_num_threads()
            if hostThreads != 1 { openblas_set_num_threads(1) }
        }
        holders += 1
        pthread_mutex_unlock(lock)
    }

    /// The last holder puts the host's count back.
    static func leave() {
        pthread_mutex_lock(lock)
        holders -= 1
        if holders == 0 && hostThreads != 1 { openblas_set_num_threads(hostThreads) }
        pthread_mutex_unlock(lock)
    }

    /// OpenBLAS's build and the processor whose kernels it runs.
    package static var version: String {
        String(cString: openblas_get_config()) + " on " + String(cString: openblas_get_corename())
    }

    // MARK: One slice

    /// c (m x n) = op(a) op(b) + beta c, row-major, on the calling thread. The context must hold BLAS.
    @inline(__always)
    package static func product(
        transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
        beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n), blasint(truncatingIfNeeded: k), 1, a, blasint(truncatingIfNeeded: lda), b, blasint(truncatingIfNeeded: ldb), beta, c, blasint(truncatingIfNeeded: ldc))
    }

    /// The same in double precision.
    @inline(__always)
    package static func product(
        transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
        _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
        beta: Double, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        cblas_dgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n), blasint(truncatingIfNeeded: k), 1, a, blasint(truncatingIfNeeded: lda), b, blasint(truncatingIfNeeded: ldb), beta, c, blasint(truncatingIfNeeded: ldc))
    }
}
