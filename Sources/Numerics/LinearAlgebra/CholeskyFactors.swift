import COpenBLAS
import Core

/// Cholesky factors of column-major matrices: a = l l^T in the place of a's lower half.
enum CholeskyFactors {
    /// From this order on the work is cut into panels that the context's threads share.
    static let blockedFrom = 256
    private static let panel = 64
    private static let strip = 128

    /// Factors a (n x n, the lower half is read and written, the upper may be spoiled); returns 0, or the order of the
    /// first leading minor that is not positive. Throws `interrupted` from large ones.
    static func factor(_ a: UnsafeMutablePointer<Double>, order n: Int, in context: Context) throws(ApusError) -> Int {
        if n < blockedFrom { return factorBlock(a, n, n) }
        let info = factorPanel(a, 0, panel, n)
        if info != 0 { return info }
        var first = 0
        while first + panel < n {
            try context.checkInterrupt()
            let right = first + panel
            let next = min(panel, n - right)
            let strips = right + next < n ? (n - right - next - 1) / strip + 1 : 0
            let found = Found()
            context.parallel(1 + strips) { slice in
                if slice == 0 {
                    update(a, right, next, by: first, n)
                    found.minor = factorPanel(a, right, next, n)
                } else {
                    let start = right + next + (slice - 1) &* strip
                    update(a, start, min(strip, n - start), by: first, n)
                }
            }
            if found.minor != 0 { return found.minor }
            first = right
        }
        return 0
    }

    private final class Found: @unchecked Sendable { var minor = 0 }

    private static func factorBlock(_ a: UnsafeMutablePointer<Double>, _ n: Int, _ leading: Int) -> Int {
        if n == 0 { return 0 }
        var order = Int32(truncatingIfNeeded: n)
        var stride = Int32(truncatingIfNeeded: leading)
        var info: Int32 = 0
        dpotrf_("L", &order, a, &stride, &info, 1)
        return Int(info)
    }

    /// The diagonal block at `first`, then the rows under it.
    private static func factorPanel(_ a: UnsafeMutablePointer<Double>, _ first: Int, _ width: Int, _ n: Int) -> Int {
        let corner = a + first &* n + first
        let info = factorBlock(corner, width, n)
        if info != 0 { return first + info }
        BLAS.solveTriangleRight(
            lower: true, transposed: true, unit: false, n - first - width, width, corner, n, corner + width, n)
        return 0
    }

    /// Columns `start` on, from the diagonal down, less the panel's part.
    private static func update(
        _ a: UnsafeMutablePointer<Double>, _ start: Int, _ count: Int, by first: Int, _ n: Int
    ) {
        let panelRows = a + first &* n + start
        BLAS.columnProduct(
            transposeB: true, n - start, count, panel, alpha: -1, panelRows, n, panelRows, n, beta: 1,
            a + start &* n + start, n)
    }

    /// b (n x columns) becomes the solution of a x = b.
    static func solve(
        _ factors: UnsafePointer<Double>, order n: Int, _ b: UnsafeMutablePointer<Double>, columns: Int,
        in context: Context
    ) {
        if n == 0 { return }
        context.parallel(over: columns, by: 64) { range in
            let sides = b + range.lowerBound &* n
            BLAS.solveTriangle(lower: true, unit: false, n, range.count, factors, n, sides, n)
            BLAS.solveTriangle(lower: true, transposed: true, unit: false, n, range.count, factors, n, sides, n)
        }
    }

    /// LAPACK's estimate of the reciprocal condition in the 1-norm; scratch of 3 n doubles and n integers.
    static func reciprocalCondition(
        _ factors: UnsafePointer<Double>, order n: Int, norm: Double, _ doubles: UnsafeMutablePointer<Double>,
        _ integers: UnsafeMutablePointer<Int32>
    ) -> Double {
        if n == 0 { return 1 }
        var order = Int32(truncatingIfNeeded: n)
        var norm = norm
        var result = 0.0
        var info: Int32 = 0
        dpocon_("L", &order, factors, &order, &norm, &result, doubles, integers, &info, 1)
        return result.isNaN ? 0 : result
    }

    /// The 1-norm of the symmetric matrix whose lower half is given; `sums` are n doubles of scratch.
    static func symmetricNorm1(_ a: UnsafePointer<Double>, order n: Int, _ sums: UnsafeMutablePointer<Double>)
        -> Double
    {
        sums.update(repeating: 0, count: n)
        var largest = 0.0
        for c in 0..<n {
            let column = a + c &* n
            var sum = sums[c] + column[c].magnitude
            var r = c + 1
            while r < n {
                let value = column[r].magnitude
                sum += value
                sums[r] += value
                r += 1
            }
            largest = max(largest, sum)
        }
        return largest
    }

    /// The error for a matrix that is not positive definite.
    static func notPositive(_ stack: MatrixStack, _ index: Int, minor: Int) -> ApusError {
        ApusError(
            .notConverged,
            "\(stack.name) is not positive definite: the leading minor of order \(minor)\(stack.place(index)) is not positive."
        )
    }
}
