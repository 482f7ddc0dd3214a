import COpenBLAS
import Core

/// LU factors of large matrices, panel by panel (right-looking with look-ahead; Dongarra, Luszczek and Petitet 2003,
/// doi:10.1002/cpe.728). While some threads bring the columns on the right up to date with one panel, one of them does
/// the next panel's columns first and factors it. The cut depends on the size alone.
enum BlockedLU {
    private static let panel = 64
    private static let strip = 128

    /// As `LUFactors.factor`.
    static func factor(
        _ a: UnsafeMutablePointer<Double>, rows m: Int, columns n: Int, leading: Int,
        pivots: UnsafeMutablePointer<Int32>, in context: Context
    ) throws(ApusError) -> Int {
        let least = min(m, n)
        let matrix = Columns(a: a, rows: m, leading: leading, pivots: pivots)
        var zero = matrix.factor(0, min(panel, least))
        var first = 0
        while first < least {
            try context.checkInterrupt()
            let width = min(panel, least - first)
            let right = first + width
            // The next panel, then strips of the columns right of it, then strips of those on the left.
            let next = min(panel, least - right)
            let strips = right + next < n ? (n - right - next - 1) / strip + 1 : 0
            let left = first > 0 ? (first - 1) / (4 * strip) + 1 : 0
            let ahead = next > 0 ? 1 : 0
            // Written by the one slice that factors.
            let found = Found()
            context.parallel(ahead + strips + left) { slice in
                if slice < ahead {
                    matrix.update(right, next, by: first, width)
                    found.zero = matrix.factor(right, next)
                } else if slice < ahead + strips {
                    let start = right + next + (slice - ahead) &* strip
                    matrix.update(start, min(strip, n - start), by: first, width)
                } else {
                    let start = (slice - ahead - strips) &* (4 * strip)
                    matrix.exchange(start, min(4 * strip, first - start), by: first, width)
                }
            }
            if zero == 0 { zero = found.zero }
            first = right
        }
        return zero
    }

    private final class Found: @unchecked Sendable { var zero = 0 }
}

private struct Columns: @unchecked Sendable {
    let a: UnsafeMutablePointer<Double>
    let rows: Int
    let leading: Int
    let pivots: UnsafeMutablePointer<Int32>

    /// Factors `width` columns from (first, first) down; their exchanges are counted from the matrix's first row.
    func factor(_ first: Int, _ width: Int) -> Int {
        let info = LUFactors.factorPanel(
            a + first &* leading + first, rows - first, width, leading, pivots + first)
        let count = min(width, rows - first)
        for k in 0..<count { pivots[first + k] += Int32(truncatingIfNeeded: first) }
        return info == 0 ? 0 : first + info
    }

    /// Exchanges rows of `count` columns from `start` as the panel at `first` did.
    func exchange(_ start: Int, _ count: Int, by first: Int, _ width: Int) {
        if count <= 0 { return }
        var columns = Int32(truncatingIfNeeded: count)
        var stride = Int32(truncatingIfNeeded: leading)
        var low = Int32(truncatingIfNeeded: first + 1)
        var high = Int32(truncatingIfNeeded: first + width)
        var one: Int32 = 1
        dlaswp_(&columns, a + start &* leading, &stride, &low, &high, pivots, &one)
    }

    /// Brings `count` columns from `start` up to date with the panel at `first`.
    func update(_ start: Int, _ count: Int, by first: Int, _ width: Int) {
        exchange(start, count, by: first, width)
        let corner = a + first &* leading + first
        let top = a + start &* leading + first
        BLAS.solveTriangle(lower: true, unit: true, width, count, corner, leading, top, leading)
        let below = rows - first - width
        if below > 0 {
            BLAS.columnProduct(
                below, count, width, alpha: -1, corner + width, leading, top, leading, beta: 1, top + width, leading)
        }
    }
}
