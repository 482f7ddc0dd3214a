import COpenBLAS
import Core

/// Products and triangular systems of column-major matrices, on the calling thread. The context must hold BLAS.
extension BLAS {
    /// c (m x n) = alpha op(a) op(b) + beta c.
    @inline(__always)
    static func columnProduct(
        transposeA: Bool = false, transposeB: Bool = false, _ m: Int, _ n: Int, _ k: Int, alpha: Double = 1,
        _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int, beta: Double,
        _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        if m == 0 || n == 0 { return }
        cblas_dgemm(
            CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n), blasint(truncatingIfNeeded: k), alpha,
            a, blasint(truncatingIfNeeded: lda), b, blasint(truncatingIfNeeded: ldb), beta, c,
            blasint(truncatingIfNeeded: ldc))
    }

    /// b (n x columns) becomes the solution of op(t) x = b for a triangular t.
    @inline(__always)
    static func solveTriangle(
        lower: Bool, transposed: Bool = false, unit: Bool, _ n: Int, _ columns: Int, _ t: UnsafePointer<Double>,
        _ ldt: Int, _ b: UnsafeMutablePointer<Double>, _ ldb: Int
    ) {
        if n == 0 || columns == 0 { return }
        if columns == 1 {
            cblas_dtrsv(
                CblasColMajor, lower ? CblasLower : CblasUpper, transposed ? CblasTrans : CblasNoTrans,
                unit ? CblasUnit : CblasNonUnit, blasint(truncatingIfNeeded: n), t, blasint(truncatingIfNeeded: ldt),
                b, 1)
            return
        }
        cblas_dtrsm(
            CblasColMajor, CblasLeft, lower ? CblasLower : CblasUpper, transposed ? CblasTrans : CblasNoTrans,
            unit ? CblasUnit : CblasNonUnit, blasint(truncatingIfNeeded: n), blasint(truncatingIfNeeded: columns), 1,
            t, blasint(truncatingIfNeeded: ldt), b, blasint(truncatingIfNeeded: ldb))
    }

    /// b (rows x n) becomes b op(t)^-1 for a triangular t.
    @inline(__always)
    static func solveTriangleRight(
        lower: Bool, transposed: Bool, unit: Bool, _ rows: Int, _ n: Int, _ t: UnsafePointer<Double>, _ ldt: Int,
        _ b: UnsafeMutablePointer<Double>, _ ldb: Int
    ) {
        if n == 0 || rows == 0 { return }
        cblas_dtrsm(
            CblasColMajor, CblasRight, lower ? CblasLower : CblasUpper, transposed ? CblasTrans : CblasNoTrans,
            unit ? CblasUnit : CblasNonUnit, blasint(truncatingIfNeeded: rows), blasint(truncatingIfNeeded: n), 1,
            t, blasint(truncatingIfNeeded: ldt), b, blasint(truncatingIfNeeded: ldb))
    }
}

/// Products and norms of whole column-major matrices, cut by size alone and spread over the context's threads.
enum ColumnMajor {
    private static let tile = 256

    /// c (n x n) = a b + beta c, all square and dense.
    static func product(
        _ n: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, beta: Double = 0,
        _ c: UnsafeMutablePointer<Double>, in context: Context
    ) {
        if n <= tile {
            BLAS.columnProduct(n, n, n, a, n, b, n, beta: beta, c, n)
            return
        }
        let tiles = (n - 1) / tile + 1
        context.parallel(tiles &* tiles) { index in
            let row = index % tiles &* tile
            let column = index / tiles &* tile
            BLAS.columnProduct(
                min(tile, n - row), min(tile, n - column), n, a + row, n, b + column &* n, n, beta: beta,
                c + column &* n + row, n)
        }
    }

    /// The largest sum of absolute values of a column.
    static func norm1(_ a: UnsafePointer<Double>, rows: Int, columns: Int, leading: Int) -> Double {
        var largest = 0.0
        for c in 0..<columns {
            let sum = absoluteSum(a + c &* leading, rows)
            if !(sum <= largest) { largest = sum }
        }
        return largest
    }

    @inline(__always)
    static func absoluteSum(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
        var lanes = SIMD8<Double>()
        var i = 0
        while i + 8 <= count {
            let next = UnsafeRawPointer(values + i).loadUnaligned(as: SIMD8<UInt64>.self) & 0x7FFF_FFFF_FFFF_FFFF
            lanes += unsafeBitCast(next, to: SIMD8<Double>.self)
            i += 8
        }
        var sum = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
        while i < count {
            sum += values[i].magnitude
            i += 1
        }
        return sum
    }

    /// Brings a matrix whose largest element is beyond 2^960 down to there, and one below 2^-500 up to 1, so that sums
    /// in it do not overflow nor products vanish; returns the exponent of the power of two that it was divided by,
    /// mostly 0.
    static func normalise(_ a: UnsafeMutablePointer<Double>, _ count: Int) -> Int {
        var lanes = SIMD4<Double>()
        var i = 0
        while i + 4 <= count {
            let next = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD4<UInt64>.self) & 0x7FFF_FFFF_FFFF_FFFF
            let values = unsafeBitCast(next, to: SIMD4<Double>.self)
            lanes.replace(with: values, where: values .> lanes)
            i += 4
        }
        var largest = max(max(lanes[0], lanes[1]), max(lanes[2], lanes[3]))
        while i < count {
            largest = max(largest, a[i].magnitude)
            i += 1
        }
        if largest == 0 || (largest < 0x1p960 && largest > 0x1p-500) { return 0 }
        // No further down than needed: small elements must not vanish.
        let exponent = Int(largest.exponent) - (largest > 1 ? 960 : 0)
        scale(a, count, by: -exponent)
        return exponent
    }

    /// Times a power of two.
    static func scale(_ a: UnsafeMutablePointer<Double>, _ count: Int, by exponent: Int) {
        if exponent == 0 { return }
        for i in 0..<count { a[i] = Double(sign: .plus, exponent: exponent, significand: a[i]) }
    }

    /// Whether all of `count` values are finite.
    static func isFinite(_ values: UnsafePointer<Double>, _ count: Int) -> Bool {
        var probe = 0.0
        for i in 0..<count { probe += values[i] * 0 }
        return probe == 0
    }

    /// The identity.
    static func setIdentity(_ a: UnsafeMutablePointer<Double>, rows: Int, columns: Int, leading: Int) {
        for c in 0..<columns {
            (a + c &* leading).update(repeating: 0, count: rows)
            if c < rows { a[c &* leading + c] = 1 }
        }
    }
}

/// The sum of sizes of scratch, refused when it does not fit.
struct ScratchSize {
    private(set) var total = 0
    private var overflow = false

    /// Room for `rows` x `columns` elements; returns where it starts.
    mutating func add(_ rows: Int, _ columns: Int = 1) -> Int {
        let start = total
        let (size, first) = rows.multipliedReportingOverflow(by: columns)
        let (sum, second) = total.addingReportingOverflow(size)
        overflow = overflow || first || second || sum < 0 || sum > Int.max / 64
        total = overflow ? 0 : sum
        return start
    }

    /// The whole; throws `outOfMemory` when it overflows.
    func checked() throws(ApusError) -> Int {
        if overflow { throw ApusError(.outOfMemory, "The scratch of these matrices exceeds the address space.") }
        return total
    }
}

/// The length of LAPACK's workspace from its query; `needed` is what its manual asks for at least. Throws `limit` when
/// either exceeds LAPACK's 32-bit counts, in which the query itself may wrap around.
func workspace(_ answer: Double, _ info: Int32, needed: Double, _ what: String) throws(ApusError) -> Int {
    guard info == 0, answer >= 0, answer < Double(Int32.max), needed < Double(Int32.max) else {
        throw .limit("\(what) is too large for LAPACK's workspace of at most 2^31 - 1 elements.")
    }
    return max(Int(answer), 1)
}
