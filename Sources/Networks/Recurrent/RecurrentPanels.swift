import CVector
import Core

/// A right factor (k x n) packed into panels, for products with any rows. Sums run in one order that depends on k
/// alone: however rows and panels are cut, the bits are the same.
struct RecurrentPanels {
    let k: Int
    let n: Int
    let panels: UnsafeMutablePointer<Float>

    /// Floats of a packed k x n factor.
    static func size(_ k: Int, _ n: Int) -> Int {
        (cappedProduct(k, (n + 15) & ~15) + 15) & ~15
    }

    /// Packs b (k x n), or its transpose where b is n x k.
    func pack(_ b: UnsafePointer<Float>, _ ldb: Int, transposes: Bool, _ kernels: borrowing apus_kernels) {
        kernels.pack_columns(transposes ? 1 : 0, Int64(k), Int64(n), b, Int64(ldb), 0, Int64(count(kernels)), panels)
    }

    /// Packs `rows` rows of b from row `first` on, which begin at `source`.
    func pack(
        rows: Int, from first: Int, _ source: UnsafePointer<Float>, _ ldb: Int, _ kernels: borrowing apus_kernels
    ) {
        let columns = Int(kernels.panel_columns)
        var column = 0
        while column < n {
            let count = min(columns, n - column)
            kernels.pack_columns(
                0, Int64(rows), Int64(count), source + column, Int64(ldb), 0, 1,
                panels + column * k + first * RecurrentPanels.stride(count))
            column += columns
        }
    }

    /// Floats of a panel's row that has so many columns.
    private static func stride(_ columns: Int) -> Int { columns > 16 ? 32 : 16 }

    /// Panels.
    func count(_ kernels: borrowing apus_kernels) -> Int {
        (n + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns)
    }

    /// out = (or, to accumulate, by way of `room`, +=) the sums of a panel's columns over all rows.
    func sum(
        panel: Int, into out: UnsafeMutablePointer<Float>, room: UnsafeMutablePointer<Float>, accumulates: Bool,
        _ kernels: borrowing apus_kernels
    ) {
        let column = panel * Int(kernels.panel_columns)
        let count = min(Int(kernels.panel_columns), n - column)
        let target = accumulates ? room + column : out + column
        kernels.sum_rows(
            panels + column * k, Int64(k), Int64(count), Int64(RecurrentPanels.stride(count)), target)
        if accumulates { kernels.add(out + column, target, out + column, Int64(count)) }
    }

    /// c (rows x n) = op(a) b + beta c
    func multiply(
        transposesA: Bool = false, _ rows: Int, _ a: UnsafePointer<Float>, _ lda: Int, beta: Float,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ kernels: borrowing apus_kernels
    ) {
        kernels.packed_product(
            transposesA ? 1 : 0, Int64(rows), Int64(n), Int64(k), a, Int64(lda), panels, 0, Int64(count(kernels)), beta,
            c, Int64(ldc))
    }
}
