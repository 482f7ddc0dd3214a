import Core

/// Covariance matrices: rows are observations, columns variables.
///
/// The columns are centred by compensated means before their products are summed, so that an offset costs no digits.
/// Narrow matrices are cut into slices of rows with a Gram matrix each, wide ones into tiles of columns; neither cut
/// depends on the number of threads.
package enum Covariance {
    private static let widest = 256

    /// out (p x p, dense) = sum w (x - mean)(x - mean)' / (W - ddof); NaN where the divisor is not positive. A constant
    /// column has exactly 0. Throws `shape`, `invalidArgument` for bad weights, `outOfMemory`, `interrupted`.
    package static func covariance(
        of view: ArrayView, ddof: Int, weights: ArrayView?, in context: Context
    ) throws(ApusError) -> Buffer<Double> {
        let x = try matrix(view, in: context)
        var total = Double(x.rows)
        var roots: Buffer<Double>?
        let means = try Buffer<Double>(x.columns, in: context.allocator)
        let columns = try Runs(view.shape.rank == 1 ? column(view) : view, name: "x", axes: [0], in: context)
        if let weights {
            guard weights.shape.rank == 1, weights.shape[0] == x.rows else {
                throw .shape("weights must be a vector of \(x.rows) elements, one per row, got \(weights.shape).")
            }
            let all = try Runs(weights, name: "weights", axes: nil, in: context)
            try ArrayStatistic.requireWeights(all, in: context)
            let w = try Buffer<Double>(x.rows, in: context.allocator)
            all.copy(0, to: w.pointer)
            total = RunSums.sum(w.pointer, x.rows).value
            guard total > 0 else { throw .invalid("weights must not all be 0.") }
            let spread = try Runs(
                ArrayView(
                    data: UnsafeMutableRawPointer(w.pointer), dtype: .float64, shape: Shape(x.rows, x.columns),
                    strides: Shape(8, 0)), name: "weights", axes: [0], in: context)
            try MomentStatistics(runs: columns, weights: spread, context: context).mean(means.pointer)
            for r in 0..<x.rows { w.pointer[r] = w.pointer[r].squareRoot() }
            roots = w
        } else {
            try MomentStatistics(runs: columns, weights: nil, context: context).mean(means.pointer)
        }
        let divisor = total - Double(ddof)
        if x.columns == 1, weights == nil {
            let out = try Buffer<Double>(1, in: context.allocator)
            try MomentStatistics(runs: columns, weights: nil, context: context).variance(
                out.pointer, by: .freedom(Double(ddof)), root: false)
            return out
        }
        let out = try gram(x, means.pointer, nil, roots?.pointer, in: context)
        for i in 0..<x.columns {
            for j in i..<x.columns {
                let value = divisor > 0 ? out.pointer[i &* x.columns + j] / divisor : .nan
                out.pointer[i &* x.columns + j] = value
                out.pointer[j &* x.columns + i] = value
            }
        }
        return out
    }

    /// Pearson's correlations (p x p): exactly 1 on the diagonal, within [-1, 1]; NaN for a constant column.
    static func pearson(of view: ArrayView, in context: Context) throws(ApusError) -> Buffer<Double> {
        let x = try matrix(view, in: context)
        let p = x.columns
        let means = try Buffer<Double>(p, in: context.allocator)
        let deviations = try Buffer<Double>(p, in: context.allocator)
        let columns = MomentStatistics(
            runs: try Runs(view.shape.rank == 1 ? column(view) : view, name: "x", axes: [0], in: context), weights: nil,
            context: context)
        try columns.mean(means.pointer)
        try columns.variance(deviations.pointer, by: .freedom(0), root: true)
        let out = try gram(x, means.pointer, deviations.pointer, nil, in: context)
        for i in 0..<p {
            for j in i..<p {
                let isDefined = deviations.pointer[i] > 0 && deviations.pointer[j] > 0
                let ratio = out.pointer[i &* p + j] / Double(x.rows)
                let value = !isDefined || ratio.isNaN ? .nan : i == j ? 1 : max(-1, min(1, ratio))
                out.pointer[i &* p + j] = value
                out.pointer[j &* p + i] = value
            }
        }
        return out
    }

    /// A view of rank 1 or 2 with at least one row, as rows and columns.
    static func matrix(_ view: ArrayView, in context: Context) throws(ApusError) -> Matrix {
        guard view.shape.rank == 1 || view.shape.rank == 2 else {
            throw .shape("x must have 1 or 2 dimensions, got shape \(view.shape).")
        }
        guard view.count > 0 else { throw .shape("x must not be empty, got shape \(view.shape).") }
        return try Matrix(view, name: "x", in: context.allocator)
    }

    /// A vector as a matrix of one column.
    private static func column(_ view: ArrayView) -> ArrayView {
        ArrayView(
            data: view.data, dtype: view.dtype, shape: Shape(view.shape[0], 1), strides: Shape(view.strides[0], 0))
    }

    /// The upper triangle of sum d d', with d = (x - mean) / divisor times the root of the row's weight.
    private static func gram(
        _ x: Matrix, _ means: UnsafePointer<Double>, _ divisors: UnsafePointer<Double>?,
        _ roots: UnsafePointer<Double>?, in context: Context
    ) throws(ApusError) -> Buffer<Double> {
        let p = x.columns
        let (cells, overflow) = p.multipliedReportingOverflow(by: p)
        if overflow { throw .limit("\(p) columns are too many.") }
        let out = try Buffer<Double>(zeros: cells, in: context.allocator)
        let inverse = try Buffer<Double>(p, in: context.allocator)
        for c in 0..<p { inverse.pointer[c] = divisors.map { $0[c] } ?? 1 }
        context.holdBLAS()
        let divides = divisors != nil
        if p > widest {
            try wideGram(x, means, divides ? UnsafePointer(inverse.pointer) : nil, roots, out.pointer, in: context)
            return out
        }
        let slices = RowSlices(rows: x.rows, columns: p, most: 32)
        let block = min(slices.block, x.rows)
        let share = p &* p + block &* p
        let partial = try Buffer<Double>(zeros: slices.count &* share, in: context.allocator)
        context.parallel(slices.count) { slice in
            let gram = partial.pointer + slice &* share
            let d = gram + p &* p
            slices.blocks(of: slice) { first, count in
                if context.isInterrupted { return }
                for r in 0..<count {
                    center(
                        x.row(first + r), means, divides ? UnsafePointer(inverse.pointer) : nil,
                        roots.map { $0[first + r] } ?? 1, p, d + r &* p)
                }
                BLAS.addGram(p, count, d, p, gram, p)
            }
        }
        try context.checkInterrupt()
        for i in 0..<cells {
            var sum = CompensatedSum()
            for slice in 0..<slices.count { sum.add(partial.pointer[slice &* share + i]) }
            out.pointer[i] = sum.value
        }
        return out
    }

    private static func wideGram(
        _ x: Matrix, _ means: UnsafePointer<Double>, _ divisors: UnsafePointer<Double>?,
        _ roots: UnsafePointer<Double>?, _ out: UnsafeMutablePointer<Double>, in context: Context
    ) throws(ApusError) {
        let p = x.columns
        let tile = 128
        let tiles = (p - 1) / tile + 1
        let height = min(x.rows, 512)
        let d = try Buffer<Double>(height &* p, in: context.allocator)
        var first = 0
        while first < x.rows {
            try context.checkInterrupt()
            let count = min(height, x.rows - first)
            context.parallel(over: count, by: 32) { rows in
                for r in rows {
                    center(x.row(first + r), means, divisors, roots.map { $0[first + r] } ?? 1, p, d.pointer + r &* p)
                }
            }
            context.parallel(tiles &* tiles) { index in
                let i = index / tiles &* tile
                let j = index % tiles &* tile
                if j < i { return }
                BLAS.product(
                    transposeA: true, transposeB: false, min(tile, p - i), min(tile, p - j), count,
                    d.pointer + i, p, d.pointer + j, p, beta: 1, out + i &* p + j, p)
            }
            first += count
        }
        try context.checkInterrupt()
    }

    @inline(__always)
    private static func center(
        _ x: UnsafePointer<Double>, _ means: UnsafePointer<Double>, _ divisors: UnsafePointer<Double>?,
        _ root: Double, _ p: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        if let divisors {
            for c in 0..<p { out[c] = (x[c] - means[c]) / divisors[c] * root }
        } else {
            for c in 0..<p { out[c] = (x[c] - means[c]) * root }
        }
    }
}
