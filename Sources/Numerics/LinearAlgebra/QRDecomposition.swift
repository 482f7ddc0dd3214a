import COpenBLAS
import Core

/// a = q r, or a[:, permutation] = q r, with the diagonal of r made >= 0.
package enum QRDecomposition {
    /// a (m x n), k = min(m, n): q (m x k) and r (k x n), or q (m x m) and r (m x n); either may be nil. With a
    /// permutation of n columns each next column is the one of largest remaining norm, so that the diagonal descends
    /// (LAPACK's dgeqp3; Quintana-Orti, Sun and Bischof 1998, doi:10.1137/S1064827595296732).
    /// Throws `invalidArgument` for a value that is not finite, `shape`, `limit`.
    package static func compute(
        _ a: MatrixStack, q: MatrixStack?, r: MatrixStack?, permutation: MatrixStack?, in context: Context
    ) throws(ApusError) {
        let m = a.rows
        let n = a.columns
        let k = min(m, n)
        let width = q?.columns ?? r?.rows ?? k
        guard width == k || width == m else {
            throw .shape(
                q != nil
                    ? "q must have \(k) or \(m) columns, got \(width)." : "r must have \(k) or \(m) rows, got \(width).")
        }
        try q?.requireOutput(a.batch, m, width)
        try r?.requireOutput(a.batch, width, n)
        try permutation?.requireWholeOutput(a.batch, n)
        let factors = OrthogonalFactors(rows: m, columns: n)
        let pivotLength = permutation == nil || k == 0 ? 0 : try pivotedWorkspace(m, n)
        var scratch = ScratchSize()
        let matrix = scratch.add(m, n)
        let tau = scratch.add(max(k, 1))
        let triangles = scratch.add(max(factors.triangles, 1))
        let orthogonal = scratch.add(m, q == nil ? 0 : width)
        let room = scratch.add(max(factors.scratch(width: width), pivotLength, 1))
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: max(n, 1),
            divides: factors.divides, elements: 8 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            let held = doubles + matrix
            try a.load(index, into: held, leading: m, in: context)
            if permutation == nil {
                try factors.factor(
                    held, tau: doubles + tau, t: doubles + triangles, scratch: doubles + room, in: context)
            } else {
                try context.checkInterrupt()
                for c in 0..<n { integers[c] = 0 }
                factorPivoted(held, m, n, integers, doubles + tau, doubles + room, pivotLength)
                if q != nil { factors.makeTriangles(held, tau: doubles + tau, t: doubles + triangles) }
                try context.checkInterrupt()
                for c in 0..<n { integers[c] = k == 0 ? Int32(truncatingIfNeeded: c) : integers[c] - 1 }
            }
            if q != nil {
                try factors.formQ(
                    held, t: doubles + triangles, to: doubles + orthogonal, width: width, scratch: doubles + room,
                    in: context)
            }
            makeDiagonalPositive(held, q == nil ? nil : doubles + orthogonal, m, n)
            q?.store(doubles + orthogonal, leading: max(m, 1), to: index, in: context)
            if let r {
                for c in 0..<min(n, m) { (held + c &* m + c + 1).update(repeating: 0, count: m - c - 1) }
                r.store(held, leading: max(m, 1), to: index, in: context)
            }
            permutation?.store(whole: integers, to: index)
        }
    }

    private static func pivotedWorkspace(_ m: Int, _ n: Int) throws(ApusError) -> Int {
        var rows = Int32(truncatingIfNeeded: m)
        var columns = Int32(truncatingIfNeeded: n)
        var answer = 0.0
        var query: Int32 = -1
        var info: Int32 = 0
        var nothing = 0.0
        var whole: Int32 = 0
        withUnsafeMutablePointer(to: &nothing) {
            dgeqp3_(&rows, &columns, $0, &rows, &whole, $0, &answer, &query, &info)
        }
        return try workspace(
            answer, info, needed: 64 * Double(n) + 64, "The pivoted QR decomposition of \(m) x \(n)")
    }

    private static func factorPivoted(
        _ a: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int, _ order: UnsafeMutablePointer<Int32>,
        _ tau: UnsafeMutablePointer<Double>, _ scratch: UnsafeMutablePointer<Double>, _ length: Int
    ) {
        if m == 0 || n == 0 { return }
        var rows = Int32(truncatingIfNeeded: m)
        var columns = Int32(truncatingIfNeeded: n)
        var size = Int32(truncatingIfNeeded: length)
        var info: Int32 = 0
        dgeqp3_(&rows, &columns, a, &rows, order, tau, scratch, &size, &info)
    }

    /// Where the diagonal of r is negative, turns the sign of r's row and q's column.
    private static func makeDiagonalPositive(
        _ r: UnsafeMutablePointer<Double>, _ q: UnsafeMutablePointer<Double>?, _ m: Int, _ n: Int
    ) {
        for i in 0..<min(m, n) where r[i &* m + i] < 0 {
            if let q {
                let column = q + i &* m
                for row in 0..<m { column[row] = -column[row] }
            }
        }
        // Column by column, as they lie.
        for c in 0..<n {
            let column = r + c &* m
            let end = min(c, min(m, n))
            for i in 0..<end where r[i &* m + i] < 0 { column[i] = -column[i] }
        }
        for i in 0..<min(m, n) where r[i &* m + i] < 0 { r[i &* m + i] = -r[i &* m + i] }
    }
}
