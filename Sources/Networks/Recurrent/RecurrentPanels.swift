import CVector
import Core

/// A right factor (k x n) packed into panels, for products with any rows. Sums run in one order that depends on k alone:
/// however rows and panels are cut, the bits are the same.
struct RecurrentPanels {
    let k: Int
    let n: Int
    let panels: UnsafeMutablePointer<Float>

    /// Floats of a packed k x n factor.
    static func size(_ k: Int, _ n: Int) -> Int {
        (cappedProduct(k, (n + 15) & ~15) + 15) & ~15
    }

    private func count(_ kernels: borrowing apus_kernels) -> Int64 {
        (Int64(n) + kernels.panel_columns - 1) / kernels.panel_columns
    }

    /// Packs b (k x n), or its transpose where b is n x k.
    func pack(_ b: UnsafePointer<Float>, _ ldb: Int, transposes: Bool, _ kernels: borrowing apus_kernels) {
        kernels.pack_columns(transposes ? 1 : 0, Int64(k), Int64(n), b, Int64(ldb), 0, count(kernels), panels)
    }

    /// Columns that are packed as one slice: whole panels of every instruction set.
    private static let columnsOfSlice = 64

    var packSlices: Int { (n + RecurrentPanels.columnsOfSlice - 1) / RecurrentPanels.columnsOfSlice }

    /// Packs one slice of b.
    func pack(slice: Int, of b: UnsafePointer<Float>, _ ldb: Int, _ kernels: borrowing apus_kernels) {
        let panels = Int64(RecurrentPanels.columnsOfSlice) / kernels.panel_columns
        let from = Int64(slice) * panels
        kernels.pack_columns(
            0, Int64(k), Int64(n), b, Int64(ldb), from, min(count(kernels), from + panels), self.panels)
    }

    /// c (rows x n) = op(a) b + beta c
    func multiply(
        transposesA: Bool = false, _ rows: Int, _ a: UnsafePointer<Float>, _ lda: Int, beta: Float,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ kernels: borrowing apus_kernels
    ) {
        kernels.packed_product(
            transposesA ? 1 : 0, Int64(rows), Int64(n), Int64(k), a, Int64(lda), panels, 0, count(kernels), beta, c,
            Int64(ldc))
    }
}
