import COpenBLAS
import Core

/// LU factors with partial pivoting of column-major matrices: P a = l u, in a's place, with LAPACK's row exchanges.
enum LUFactors {
    /// From this order on the work is cut into panels that the context's threads share.
    static let blockedFrom = 256
    /// Up to this order the condition comes from the inverse itself, which is cheaper than the estimate.
    private static let explicitUpTo = 24
    /// Right-hand sides of one slice.
    private static let sides = 64

    /// Factors a (m x n); returns 0, or the number (from 1) of the first pivot that is exactly 0.
    /// Throws `interrupted` from large ones.
    static func factor(
        _ a: UnsafeMutablePointer<Double>, rows m: Int, columns n: Int, leading: Int,
        pivots: UnsafeMutablePointer<Int32>, in context: Context
    ) throws(ApusError) -> Int {
        if min(m, n) >= blockedFrom {
            return try BlockedLU.factor(a, rows: m, columns: n, leading: leading, pivots: pivots, in: context)
        }
        return factorPanel(a, m, n, leading, pivots)
    }

    /// The same by one call of LAPACK on this thread.
    static func factorPanel(
        _ a: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int, _ leading: Int, _ pivots: UnsafeMutablePointer<Int32>
    ) -> Int {
        if m == 0 || n == 0 { return 0 }
        if m == n, n <= SmallLU.largest, leading == n { return SmallLU.factor(a, n, pivots) }
        var rows = Int32(truncatingIfNeeded: m)
        var columns = Int32(truncatingIfNeeded: n)
        var stride = Int32(truncatingIfNeeded: leading)
        var info: Int32 = 0
        dgetrf_(&rows, &columns, a, &stride, pivots, &info)
        return Int(info)
    }

    /// A matrix that was read and factored.
    struct Factored {
        /// Its 1-norm, and the exponent of the power of two that it was divided by first.
        let norm: Double
        let exponent: Int
        /// 0, or the number (from 1) of the first pivot that is exactly 0.
        let zeroPivot: Int
    }

    /// Reads matrix `index` into a (dense) and factors it. Elements near the ends of the range of numbers are scaled,
    /// and pivots whose reciprocal would overflow are divided by. Throws as `MatrixStack.load`, and `interrupted`.
    static func factor(
        _ stack: MatrixStack, _ index: Int, into a: UnsafeMutablePointer<Double>,
        pivots: UnsafeMutablePointer<Int32>, in context: Context
    ) throws(ApusError) -> Factored {
        let m = stack.rows
        let n = stack.columns
        try stack.load(index, into: a, leading: m, in: context)
        let exponent = ColumnMajor.normalise(a, m &* n)
        let norm = ColumnMajor.norm1(a, rows: m, columns: n, leading: m)
        var zero = try factor(a, rows: m, columns: n, leading: m, pivots: pivots, in: context)
        var isTame = true
        for i in 0..<min(m, n) {
            let pivot = a[i &* m + i].magnitude
            if !(pivot >= 0x1p-1022), pivot != 0 { isTame = false }
        }
        if !isTame {
            try stack.load(index, into: a, leading: m, in: context)
            ColumnMajor.scale(a, m &* n, by: -exponent)
            zero = try factorByDivision(a, m, n, pivots, in: context)
        }
        return Factored(norm: norm, exponent: exponent, zeroPivot: zero)
    }

    /// The textbook's elimination, for pivots below the normal range.
    private static func factorByDivision(
        _ a: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int, _ pivots: UnsafeMutablePointer<Int32>,
        in context: Context
    ) throws(ApusError) -> Int {
        var zero = 0
        for k in 0..<min(m, n) {
            try context.checkInterrupt()
            let column = a + k &* m
            var chosen = k
            for r in k..<m where column[r].magnitude > column[chosen].magnitude { chosen = r }
            pivots[k] = Int32(truncatingIfNeeded: chosen + 1)
            if column[chosen] == 0 {
                if zero == 0 { zero = k + 1 }
                continue
            }
            for c in 0..<n where chosen != k {
                let kept = a[c &* m + k]
                a[c &* m + k] = a[c &* m + chosen]
                a[c &* m + chosen] = kept
            }
            for r in (k + 1)..<max(m, k + 1) { column[r] /= column[k] }
            for c in (k + 1)..<max(n, k + 1) {
                let other = a + c &* m
                let factor = other[k]
                if factor == 0 { continue }
                for r in (k + 1)..<max(m, k + 1) { other[r] -= column[r] * factor }
            }
        }
        return zero
    }

    /// b (n x columns) becomes the solution of a x = b.
    static func solve(
        _ factors: UnsafePointer<Double>, order n: Int, pivots: UnsafePointer<Int32>,
        _ b: UnsafeMutablePointer<Double>, columns: Int, in context: Context
    ) {
        if n == 0 { return }
        if columns <= sides || n < 64 {
            solveOnThisThread(factors, n, pivots, b, columns)
            return
        }
        context.parallel(over: columns, by: sides) {
            solveOnThisThread(factors, n, pivots, b + $0.lowerBound &* n, $0.count)
        }
    }

    private static func solveOnThisThread(
        _ factors: UnsafePointer<Double>, _ n: Int, _ pivots: UnsafePointer<Int32>,
        _ b: UnsafeMutablePointer<Double>, _ columns: Int
    ) {
        if n <= SmallLU.largest {
            SmallLU.solve(factors, n, pivots, b, columns: columns)
            return
        }
        var order = Int32(truncatingIfNeeded: n)
        var count = Int32(truncatingIfNeeded: columns)
        var info: Int32 = 0
        dgetrs_("N", &order, &count, factors, &order, pivots, b, &order, &info, 1)
    }

    /// Doubles and integers of scratch for `reciprocalCondition`.
    static func conditionScratch(_ n: Int) -> (doubles: Int, integers: Int) {
        n <= explicitUpTo ? (n &* n, 0) : (4 &* n, n)
    }

    /// 1 / (|a| |a^-1|) in the 1-norm, `norm` being that of a: exact for small orders, else LAPACK's estimate
    /// (Higham 1988, doi:10.1145/50063.214386).
    static func reciprocalCondition(
        _ factors: UnsafePointer<Double>, order n: Int, pivots: UnsafePointer<Int32>, norm: Double,
        _ doubles: UnsafeMutablePointer<Double>, _ integers: UnsafeMutablePointer<Int32>
    ) -> Double {
        if n == 0 { return 1 }
        if n <= explicitUpTo {
            ColumnMajor.setIdentity(doubles, rows: n, columns: n, leading: n)
            solveOnThisThread(factors, n, pivots, doubles, n)
            return reciprocal(norm, ColumnMajor.norm1(doubles, rows: n, columns: n, leading: n))
        }
        var order = Int32(truncatingIfNeeded: n)
        var norm = norm
        var result = 0.0
        var info: Int32 = 0
        dgecon_("1", &order, factors, &order, &norm, &result, doubles, integers, &info, 1)
        return result.isNaN ? 0 : result
    }

    /// The same, but 1 for a matrix that is clearly far from singular.
    static func condition(
        exactly: Bool, _ factors: UnsafePointer<Double>, order n: Int, pivots: UnsafePointer<Int32>, norm: Double,
        _ doubles: UnsafeMutablePointer<Double>, _ integers: UnsafeMutablePointer<Int32>
    ) -> Double {
        if !exactly {
            let isRegular = ConditionCheck.isClearlyRegular(order: n, norm: norm, doubles) { x, transposed in
                if n <= SmallLU.largest {
                    if transposed {
                        SmallLU.solveTransposed(factors, n, pivots, x)
                    } else {
                        SmallLU.solve(factors, n, pivots, x, columns: 1)
                    }
                } else {
                    solveVector(factors, n, pivots, x, transposed: transposed)
                }
            }
            if isRegular { return 1 }
        }
        return reciprocalCondition(factors, order: n, pivots: pivots, norm: norm, doubles, integers)
    }

    private static func solveVector(
        _ factors: UnsafePointer<Double>, _ n: Int, _ pivots: UnsafePointer<Int32>,
        _ x: UnsafeMutablePointer<Double>, transposed: Bool
    ) {
        var order = Int32(truncatingIfNeeded: n)
        var one: Int32 = 1
        var info: Int32 = 0
        dgetrs_(transposed ? "T" : "N", &order, &one, factors, &order, pivots, x, &order, &info, 1)
    }

    /// 1 / (norm inverse), without overflow on the way; 0 when it is not a number.
    static func reciprocal(_ norm: Double, _ inverse: Double) -> Double {
        let result = 1 / inverse / norm
        return result.isNaN ? 0 : min(result, 1)
    }

    /// The row of a that each row of the factors is, from the exchanges.
    static func permutation(
        _ pivots: UnsafePointer<Int32>, count: Int, rows: Int, _ out: UnsafeMutablePointer<Int32>
    ) {
        for r in 0..<rows { out[r] = Int32(truncatingIfNeeded: r) }
        for k in 0..<count {
            let other = Int(pivots[k]) - 1
            if other == k || other < 0 || other >= rows { continue }
            let kept = out[k]
            out[k] = out[other]
            out[other] = kept
        }
    }

    /// The error for a pivot that is exactly 0.
    static func singular(_ stack: MatrixStack, _ index: Int, pivot: Int) -> ApusError {
        ApusError(
            .notConverged,
            "\(stack.name) is singular: pivot \(pivot - 1)\(stack.place(index)) (counted from 0) is exactly 0.")
    }
}
