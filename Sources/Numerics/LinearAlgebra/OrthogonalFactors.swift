import COpenBLAS
import Core

/// Householder QR factors of column-major matrices, panel by panel: block reflectors I - v t v^T (Schreiber and Van
/// Loan 1989, doi:10.1137/0910005). With look-ahead, as the LU factors; the cut depends on the size alone.
struct OrthogonalFactors {
    let rows: Int
    let columns: Int
    /// min(rows, columns): the reflectors.
    let count: Int

    static let panel = 32
    private static let strip = 128
    /// From this many reflectors on, threads share the columns.
    private static let sharedFrom = 128

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        count = min(rows, columns)
    }

    /// Whether threads share the work.
    var divides: Bool { count >= OrthogonalFactors.sharedFrom }

    /// Doubles for the triangles t of all panels, and the factors of the reflectors.
    var triangles: Int { (count + OrthogonalFactors.panel) &* OrthogonalFactors.panel }
    /// Doubles of scratch while factoring, or applying to `width` columns.
    func scratch(width: Int) -> Int {
        let widest = max(width, columns, 1)
        return (widest + OrthogonalFactors.strip) &* OrthogonalFactors.panel
    }

    /// Factors a (rows x columns, leading = rows): r in its upper half, reflectors below. `tau` has `count` elements,
    /// `t` as many as `triangles` says. Throws `interrupted` from large ones.
    func factor(
        _ a: UnsafeMutablePointer<Double>, tau: UnsafeMutablePointer<Double>, t: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Double>, in context: Context
    ) throws(ApusError) {
        if count == 0 { return }
        let step = OrthogonalFactors.panel
        let strip = OrthogonalFactors.strip
        factorPanel(a, tau, t, 0, min(step, count), scratch)
        var first = 0
        while first < count {
            try context.checkInterrupt()
            let width = min(step, count - first)
            let right = first + width
            let next = min(step, count - right)
            let rest = columns - right - next
            let strips = rest > 0 ? (rest - 1) / strip + 1 : 0
            let ahead = next > 0 ? 1 : 0
            let work = { (slice: Int) in
                let room = scratch + slice &* strip &* step
                if slice < ahead {
                    apply(a, t, first, width, transposed: true, to: a + right &* rows, next, room)
                    factorPanel(a, tau, t, right, next, room)
                } else {
                    let start = right + next + (slice - ahead) &* strip
                    apply(
                        a, t, first, width, transposed: true, to: a + start &* rows, min(strip, columns - start), room)
                }
            }
            if divides {
                context.parallel(ahead + strips, work)
            } else {
                for slice in 0..<(ahead + strips) { work(slice) }
            }
            first = right
        }
    }

    /// The panel of `width` columns at (first, first), and its triangle.
    private func factorPanel(
        _ a: UnsafeMutablePointer<Double>, _ tau: UnsafeMutablePointer<Double>, _ t: UnsafeMutablePointer<Double>,
        _ first: Int, _ width: Int, _ scratch: UnsafeMutablePointer<Double>
    ) {
        var m = Int32(truncatingIfNeeded: rows - first)
        var n = Int32(truncatingIfNeeded: width)
        var leading = Int32(truncatingIfNeeded: rows)
        var length = Int32(truncatingIfNeeded: OrthogonalFactors.panel &* OrthogonalFactors.panel)
        var info: Int32 = 0
        var step = Int32(truncatingIfNeeded: OrthogonalFactors.panel)
        let corner = a + first &* rows + first
        dgeqrf_(&m, &n, corner, &leading, tau + first, scratch, &length, &info)
        dlarft_("F", "C", &m, &n, corner, &leading, tau + first, t + first &* OrthogonalFactors.panel, &step, 1, 1)
    }

    /// c (rows x count, its rows from `first` on) becomes h c or h^T c, h being the panel's block reflector.
    private func apply(
        _ a: UnsafePointer<Double>, _ t: UnsafePointer<Double>, _ first: Int, _ width: Int, transposed: Bool,
        to c: UnsafeMutablePointer<Double>, _ count: Int, _ scratch: UnsafeMutablePointer<Double>
    ) {
        if count == 0 { return }
        var m = Int32(truncatingIfNeeded: rows - first)
        var n = Int32(truncatingIfNeeded: count)
        var k = Int32(truncatingIfNeeded: width)
        var leading = Int32(truncatingIfNeeded: rows)
        var step = Int32(truncatingIfNeeded: OrthogonalFactors.panel)
        dlarfb_(
            "L", transposed ? "T" : "N", "F", "C", &m, &n, &k, a + first &* rows + first, &leading,
            t + first &* OrthogonalFactors.panel, &step, c + first, &leading, scratch, &n, 1, 1, 1, 1)
    }

    /// The triangles of reflectors that LAPACK has made.
    func makeTriangles(
        _ a: UnsafePointer<Double>, tau: UnsafePointer<Double>, t: UnsafeMutablePointer<Double>
    ) {
        var first = 0
        while first < count {
            var m = Int32(truncatingIfNeeded: rows - first)
            var n = Int32(truncatingIfNeeded: min(OrthogonalFactors.panel, count - first))
            var leading = Int32(truncatingIfNeeded: rows)
            var step = Int32(truncatingIfNeeded: OrthogonalFactors.panel)
            dlarft_(
                "F", "C", &m, &n, a + first &* rows + first, &leading, tau + first,
                t + first &* OrthogonalFactors.panel, &step, 1, 1)
            first += OrthogonalFactors.panel
        }
    }

    /// The first `width` columns of q. Throws `interrupted` from large ones.
    func formQ(
        _ a: UnsafePointer<Double>, t: UnsafePointer<Double>, to q: UnsafeMutablePointer<Double>, width: Int,
        scratch: UnsafeMutablePointer<Double>, in context: Context
    ) throws(ApusError) {
        let step = OrthogonalFactors.panel
        let strip = divides ? OrthogonalFactors.strip : max(width, 1)
        context.parallel(over: width, by: strip) { range in
            let columns = q + range.lowerBound &* rows
            columns.update(repeating: 0, count: range.count &* rows)
            for c in range where c < rows { q[c &* rows + c] = 1 }
            // Reflectors that begin below these columns' ones leave them alone.
            let last = min(range.upperBound, count)
            var first = last == 0 ? -1 : (last - 1) / step &* step
            while first >= 0 {
                if context.isInterrupted { return }
                apply(
                    a, t, first, min(step, count - first), transposed: false, to: columns, range.count,
                    scratch + range.lowerBound &* step)
                first -= step
            }
        }
        try context.checkInterrupt()
    }
}
