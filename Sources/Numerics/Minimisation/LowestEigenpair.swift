import COpenBLAS
import Core

/// The smallest eigenvalue of a symmetric matrix and its eigenvector of length 1 (LAPACK's dsyevr: Dhillon and Parlett
/// 2004, doi:10.1016/j.laa.2003.12.028).
struct LowestEigenpair {
    let value: Double
    let vector: Buffer<Double>

    /// The upper triangle of `matrix` (order x order, row-major, finite) is read and left as it is. Throws `notConverged` when LAPACK fails, `outOfMemory`.
    init(_ matrix: UnsafePointer<Double>, order: Int, in allocator: Allocator) throws(ApusError) {
        let copy = try Buffer<Double>(copying: matrix, count: order &* order, in: allocator)
        let values = try Buffer<Double>(order, in: allocator)
        vector = try Buffer(order, in: allocator)
        let support = try Buffer<Int32>(2 &* max(order, 1), in: allocator)
        var n = Int32(truncatingIfNeeded: order)
        var (one, found, info) = (Int32(1), Int32(0), Int32(0))
        var (low, high, tolerance) = (0.0, 0.0, 0.0)
        // LAPACK says itself how much room it wants.
        var (size, integerSize) = (Int32(-1), Int32(-1))
        var wanted = 0.0
        var wantedIntegers: Int32 = 0
        dsyevr_(
            "V", "I", "L", &n, copy.pointer, &n, &low, &high, &one, &one, &tolerance, &found, values.pointer,
            vector.pointer, &n, support.pointer, &wanted, &size, &wantedIntegers, &integerSize, &info, 1, 1, 1)
        guard info == 0, wanted >= 1, wanted < Double(Int32.max), wantedIntegers >= 1 else {
            throw ApusError(.notConverged, "The eigenvalues of the Hessian were not found: LAPACK's dsyevr gave \(info).")
        }
        size = Int32(wanted)
        integerSize = wantedIntegers
        let work = try Buffer<Double>(Int(size), in: allocator)
        let integers = try Buffer<Int32>(Int(integerSize), in: allocator)
        dsyevr_(
            "V", "I", "L", &n, copy.pointer, &n, &low, &high, &one, &one, &tolerance, &found, values.pointer,
            vector.pointer, &n, support.pointer, work.pointer, &size, integers.pointer, &integerSize, &info, 1, 1, 1)
        guard info == 0, found >= 1, values.pointer[0].isFinite else {
            throw ApusError(.notConverged, "The eigenvalues of the Hessian were not found: LAPACK's dsyevr gave \(info).")
        }
        value = values.pointer[0]
    }
}
