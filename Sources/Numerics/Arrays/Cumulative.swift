import Core

/// Running sums, products and extremes along an axis.
package enum Cumulative: String, CaseIterable, Sendable {
    case sum
    case product
    case min
    case max

    /// The operation of that name. Throws `invalidArgument` with the names that there are.
    package init(named name: String) throws(ApusError) {
        guard let found = Cumulative(rawValue: name) else {
            let known = Cumulative.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("operation must be one of \(known), got '\(name)'.")
        }
        self = found
    }

    /// out[i] = a[0] joined with ... a[i] along `axis`, in float64. Sums carry what rounding has lost along (Knuth's
    /// two-sum): each is within 2^-53 of its own size plus n^2 2^-106 sum |x|. NaN stays once it has come. `out` has
    /// a's shape and may be `a`. Throws `shape`, `dtype`, `invalidArgument`, `outOfMemory`, `interrupted`.
    package func run(_ a: ArrayView, axis: Int, into out: ArrayView, in context: Context) throws(ApusError) {
        let axis = try Axes.resolve(axis, rank: a.shape.rank)
        guard out.shape == a.shape else { throw .shape("out must have shape \(a.shape), got \(out.shape).") }
        guard out.dtype == .float64 || (a.dtype == .float32 && out.dtype == .float32) else {
            throw .dtype(
                "out must be \(a.dtype == .float32 ? "float32 or float64" : "float64") for a of \(a.dtype.name), got \(out.dtype.name)."
            )
        }
        try out.requireApart(from: a, named: "a", inPlace: true)
        try a.requireExact("a")
        if a.count == 0 { return }
        try LineTiles(a, out, axis: axis).run(in: context) { tile in
            if tile.width == 1, self == .sum { return Cumulative.sums(of: tile) }
            let (width, totals, rests) = (tile.width, tile.scratch, tile.scratch + tile.width)
            totals.update(repeating: identity, count: width)
            rests.update(repeating: 0, count: width)
            tile.eachRow { values in
                switch self {
                case .sum:
                    for c in 0..<width {
                        let (x, total) = (values[c], totals[c])
                        let sum = total + x
                        let other = sum - total
                        rests[c] += (total - (sum - other)) + (x - other)
                        totals[c] = sum
                        let corrected = sum + rests[c]
                        values[c] = sum.isFinite ? corrected : sum
                    }
                case .product:
                    for c in 0..<width {
                        totals[c] *= values[c]
                        values[c] = totals[c]
                    }
                case .min:
                    for c in 0..<width {
                        let (x, total) = (values[c], totals[c])
                        totals[c] = x < total || x != x ? (total == total ? x : total) : total
                        values[c] = totals[c]
                    }
                case .max:
                    for c in 0..<width {
                        let (x, total) = (values[c], totals[c])
                        totals[c] = x > total || x != x ? (total == total ? x : total) : total
                        values[c] = totals[c]
                    }
                }
            }
        }
    }

    /// The sums of a single line, which stay in registers from element to element.
    private static func sums(of tile: LineTiles.Tile) {
        var (total, rest) = (0.0, 0.0)
        tile.eachRun { values, count in
            var (sumSoFar, lost) = (total, rest)
            for i in 0..<count {
                let x = values[i]
                let sum = sumSoFar + x
                let other = sum - sumSoFar
                lost += (sumSoFar - (sum - other)) + (x - other)
                sumSoFar = sum
                values[i] = sum.isFinite ? sum + lost : sum
            }
            (total, rest) = (sumSoFar, lost)
        }
    }

    private var identity: Double {
        switch self {
        case .sum: 0
        case .product: 1
        case .min: .infinity
        case .max: -.infinity
        }
    }
}
