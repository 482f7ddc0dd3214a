import Core

/// Weighted mean, population variance, least and greatest value of each column.
///
/// Two passes over slices of rows cut by size; the second corrects the rounding of the mean (Chan, Golub, LeVeque 1983,
/// "Algorithms for computing the sample variance", doi:10.1080/00031305.1983.10483115). A constant column has exactly
/// its value for the mean and variance 0.
package struct ColumnMoments {
    package let rows: Int
    /// The sum of the weights: `rows` without weights.
    package let weight: Double
    package let mean: Buffer<Double>
    package let variance: Buffer<Double>
    package let minimum: Buffer<Double>
    package let maximum: Buffer<Double>

    /// Throws `invalidArgument` naming the place of a NaN or infinity, or the column whose sum overflows;
    /// `interrupted`.
    package init(
        of x: Matrix, named name: String, weights: UnsafePointer<Double>? = nil, in context: Context
    ) throws(ApusError) {
        let columns = x.columns
        let slices = RowSlices(rows: x.rows, columns: columns)
        let allocator = context.allocator
        let (cells, overflow) = slices.count.multipliedReportingOverflow(by: columns)
        if overflow { throw .limit("\(name) is too large.") }
        let partial = try Buffer<Double>(zeros: cells, in: allocator)
        let squares = try Buffer<Double>(zeros: cells, in: allocator)
        let least = try Buffer<Double>(cells, in: allocator)
        let greatest = try Buffer<Double>(cells, in: allocator)
        let mean = try Buffer<Double>(columns, in: allocator)
        let variance = try Buffer<Double>(columns, in: allocator)
        let minimum = try Buffer<Double>(columns, in: allocator)
        let maximum = try Buffer<Double>(columns, in: allocator)

        var weight = Double(x.rows)
        if let weights {
            weight = 0
            for r in 0..<x.rows { weight += weights[r] }
        }

        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let at = slice &* columns
            ColumnMoments.sums(
                x, slices.range(slice), weights, partial.pointer + at, least.pointer + at, greatest.pointer + at)
        }
        try context.checkInterrupt()
        for c in 0..<columns {
            var sum = 0.0
            var low = Double.infinity
            var high = -Double.infinity
            for slice in 0..<slices.count {
                sum += partial.pointer[slice &* columns + c]
                low = min(low, least.pointer[slice &* columns + c])
                high = max(high, greatest.pointer[slice &* columns + c])
            }
            mean.pointer[c] = sum / weight
            minimum.pointer[c] = low
            maximum.pointer[c] = high
        }
        if (0..<columns).contains(where: {
            !mean.pointer[$0].isFinite || !minimum.pointer[$0].isFinite || !maximum.pointer[$0].isFinite
        }) {
            try x.requireFinite(name)
            let column = (0..<columns).first { !mean.pointer[$0].isFinite } ?? 0
            throw .invalid("The values of \(name) in column \(column) are too large: their sum overflows float64.")
        }
        for c in 0..<columns where minimum.pointer[c] == maximum.pointer[c] { mean.pointer[c] = minimum.pointer[c] }

        partial.clear()
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let at = slice &* columns
            ColumnMoments.deviations(
                x, slices.range(slice), weights, mean.pointer, partial.pointer + at, squares.pointer + at)
        }
        try context.checkInterrupt()
        for c in 0..<columns {
            var rest = 0.0
            var square = 0.0
            for slice in 0..<slices.count {
                rest += partial.pointer[slice &* columns + c]
                square += squares.pointer[slice &* columns + c]
            }
            variance.pointer[c] = max(square / weight - (rest / weight) * (rest / weight), 0)
            mean.pointer[c] += rest / weight
        }
        self.rows = x.rows
        self.weight = weight
        self.mean = mean
        self.variance = variance
        self.minimum = minimum
        self.maximum = maximum
    }

    private static func sums(
        _ x: Matrix, _ rows: Range<Int>, _ weights: UnsafePointer<Double>?, _ sum: UnsafeMutablePointer<Double>,
        _ low: UnsafeMutablePointer<Double>, _ high: UnsafeMutablePointer<Double>
    ) {
        let columns = x.columns
        for c in 0..<columns {
            low[c] = .infinity
            high[c] = -.infinity
        }
        for r in rows {
            let values = x.row(r)
            let w = weights.map { $0[r] } ?? 1
            for c in 0..<columns {
                let value = values[c]
                sum[c] += w * value
                low[c] = value < low[c] ? value : low[c]
                high[c] = value > high[c] ? value : high[c]
            }
        }
    }

    private static func deviations(
        _ x: Matrix, _ rows: Range<Int>, _ weights: UnsafePointer<Double>?, _ mean: UnsafePointer<Double>,
        _ sum: UnsafeMutablePointer<Double>, _ squares: UnsafeMutablePointer<Double>
    ) {
        let columns = x.columns
        for r in rows {
            let values = x.row(r)
            let w = weights.map { $0[r] } ?? 1
            for c in 0..<columns {
                let deviation = values[c] - mean[c]
                sum[c] += w * deviation
                squares[c] += w * deviation * deviation
            }
        }
    }
}
