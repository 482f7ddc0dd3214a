import Core
import Numerics
import Synchronization

/// Row-by-row results: reads x in place where its layout allows, converts it in chunks otherwise, and spreads the rows
/// over the context's threads. A row's result depends on that row alone, to the bit.
enum RowMap {
    private static let chunkElements = 1 << 18
    private static let sliceElements = 1 << 14

    /// Calls `body(row of x, row of out)` for every row, and writes `width` doubles per row to `out`.
    /// Throws `invalidArgument` for a NaN or infinity in x, which must show in the results (with `missing`: for an
    /// infinity, NaN being a missing value); `interrupted`.
    static func run(
        _ x: ArrayView, into out: ArrayView, width: Int, missing: Bool = false, in context: Context,
        _ body: (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Void
    ) throws(ApusError) {
        try runBlocks(x, into: out, width: width, missing: missing, in: context) { matrix, rows, results in
            for r in rows { body(matrix.row(r), results + (r &- rows.lowerBound) &* width) }
        }
    }

    /// The same for blocks of rows: `body(x, rows of it, their part of out)`. An infinity is looked for in `whole`, of
    /// which x may be a part.
    static func runBlocks(
        _ x: ArrayView, into out: ArrayView, width: Int, missing: Bool = false, whole: ArrayView? = nil,
        in context: Context, _ body: (Matrix, Range<Int>, UnsafeMutablePointer<Double>) -> Void
    ) throws(ApusError) {
        let rows = x.rows
        if rows == 0 { return }
        let direct = out.dtype == .float64 && out.isDense
        let inPlace = Matrix.readsInPlace(x)
        let columns = max(x.rowCount, 1)
        let chunk = direct && inPlace ? rows : min(rows, max(chunkElements / max(columns, width), 1))
        let scratch = direct ? nil : try Buffer<Double>(chunk * width, in: context.allocator)
        var first = 0
        while first < rows {
            try context.checkInterrupt()
            let count = min(chunk, rows - first)
            let matrix = try Matrix(x.rows(first, count), name: "x", in: context.allocator)
            let target =
                scratch?.pointer ?? out.data.assumingMemoryBound(to: Double.self) + first &* width
            if !each(matrix, target, width, in: context, body) {
                if missing {
                    try (whole ?? x).requireNoInfinity("x")
                } else {
                    try matrix.requireFinite("x", firstRow: first)
                }
            }
            if scratch != nil { try out.rows(first, count).write(UnsafePointer(target)) }
            first += count
        }
        try context.checkInterrupt()
    }

    /// False when a result is not finite.
    private static func each(
        _ x: Matrix, _ out: UnsafeMutablePointer<Double>, _ width: Int, in context: Context,
        _ body: (Matrix, Range<Int>, UnsafeMutablePointer<Double>) -> Void
    ) -> Bool {
        let finite = Atomic<Bool>(true)
        context.parallel(over: x.rows, by: max(sliceElements / max(x.columns, width), 1)) { rows in
            if context.isInterrupted { return }
            var probe = 0.0
            let to = out + rows.lowerBound &* width
            body(x, rows, to)
            for i in 0..<(rows.count &* width) { probe += to[i] * 0 }
            if probe != 0 { finite.store(false, ordering: .relaxed) }
        }
        return finite.load(ordering: .relaxed)
    }
}
