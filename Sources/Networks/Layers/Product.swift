import CVector
import Core

/// c (m x n) = op(a) op(b) + beta c, row-major, in slices for a context's threads.
///
/// Three forms, chosen by size alone: tiny products in one call, products of few rows straight from b in slices of
/// columns, and the others with b packed once (in slices too) and then multiplied in slices of rows. Within a form every
/// element is summed in an order that depends on k alone, so slices and threads do not change a bit; nor do direct and
/// packed differ. Tiny products sum in another order: a row among few may differ from the same among many by rounding.
struct Product {
    enum Form { case small, direct, packed }

    let form: Form
    let transposesA: Bool
    let transposesB: Bool
    let m: Int
    let n: Int
    let k: Int
    let beta: Float
    let a: UnsafePointer<Float>
    let lda: Int
    let b: UnsafePointer<Float>
    let ldb: Int
    let c: UnsafeMutablePointer<Float>
    let ldc: Int
    let workspace: UnsafeMutablePointer<Float>

    /// Multiplications that a call pays for itself with.
    private static let tiny = 32_768.0
    /// Rows that a tile of the larger forms would mostly leave empty.
    private static let veryFewRows = 4
    /// Rows that repay packing.
    private static let fewRows = 128
    /// Multiplications that are worth waking a thread for.
    private static let worthwhile = 500_000.0
    /// Floats that are.
    private static let floatsOfPacking = 1 << 15
    /// Three tiles of rows of every instruction set, which the packed product copies as one where a is transposed.
    private static let rowsOfTiles = 36
    /// Packed panels are padded to this.
    private static let padding = 16
    /// A multiple of the panels of every instruction set.
    private static let columnsOfBlock = 32

    @inline(__always)
    static func isTiny(_ m: Int, _ n: Int, _ k: Int) -> Bool { Double(m) * Double(n) * Double(k) <= tiny }

    @inline(__always)
    static func form(_ m: Int, _ n: Int, _ k: Int, transposesB: Bool = false) -> Form {
        if isTiny(m, n, k) || (m <= veryFewRows && !transposesB) { return .small }
        return m <= fewRows ? .direct : .packed
    }

    /// Floats of workspace that a product needs; 2^56 for more than can be addressed.
    static func workspace(_ m: Int, _ n: Int, _ k: Int) -> Int {
        guard form(m, n, k) == .packed else { return 0 }
        let columns = (n + padding - 1) / padding * padding
        return Double(k) * Double(columns) < 0x1p56 ? k * columns : 1 << 56
    }

    init(
        transposesA: Bool = false, transposesB: Bool = false, _ m: Int, _ n: Int, _ k: Int,
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, beta: Float = 0,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, workspace: UnsafeMutablePointer<Float>
    ) {
        form = Product.form(m, n, k, transposesB: transposesB)
        (self.transposesA, self.transposesB) = (transposesA, transposesB)
        (self.m, self.n, self.k, self.beta) = (m, n, k, beta)
        (self.a, self.lda, self.b, self.ldb, self.c, self.ldc) = (a, lda, b, ldb, c, ldc)
        self.workspace = workspace
        switch form {
        case .small: sliceSize = max(m, 1)
        case .packed:
            let rows = Product.worthwhile / (Double(n) * Double(k))
            // As few as can be, so that threads end together.
            sliceSize = Int(rows / Double(Product.rowsOfTiles) + 1) * Product.rowsOfTiles
        case .direct:
            let columns = Product.worthwhile / (Double(m) * Double(k))
            sliceSize = Int(columns / Double(Product.columnsOfBlock) + 1) * Product.columnsOfBlock
        }
        packSize = max(1, Product.floatsOfPacking / (k * Product.columnsOfBlock))
    }

    /// Rows (packed) or columns (direct) of a slice; blocks of columns packed as one slice.
    private let sliceSize: Int
    private let packSize: Int

    /// c = op(a) op(b) + beta c by one thread and without packing, for many products side by side.
    @inline(__always)
    static func inPlace(
        _ kernels: borrowing apus_kernels, transposesA: Bool = false, transposesB: Bool = false, _ m: Int, _ n: Int,
        _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, beta: Float = 0,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        let multiply = form(m, n, k, transposesB: transposesB) == .small ? kernels.small_product : kernels.direct_product
        multiply(
            transposesA ? 1 : 0, transposesB ? 1 : 0, Int64(m), Int64(n), Int64(k), a, Int64(lda), b, Int64(ldb), beta, c,
            Int64(ldc))
    }

    // MARK: Packing, before all slices

    private var columnBlocks: Int { (n + Product.columnsOfBlock - 1) / Product.columnsOfBlock }

    var packSlices: Int { form == .packed ? (columnBlocks + packSize - 1) / packSize : 0 }

    func pack(_ slice: Int, _ kernels: borrowing apus_kernels) {
        let panels = panels(slice * packSize, min(columnBlocks, (slice + 1) * packSize), kernels)
        kernels.pack_columns(
            transposesB ? 1 : 0, Int64(k), Int64(n), b, Int64(ldb), panels.from, panels.to, workspace)
    }

    /// Blocks of columns as panels of the instruction set.
    private func panels(_ from: Int, _ to: Int, _ kernels: borrowing apus_kernels) -> (from: Int64, to: Int64) {
        let columns = Int(kernels.panel_columns)
        let count = (n + columns - 1) / columns
        let ratio = Product.columnsOfBlock / columns
        return (Int64(min(count, from * ratio)), Int64(min(count, to * ratio)))
    }

    // MARK: Multiplying

    var slices: Int {
        switch form {
        case .small: 1
        case .packed: (m + sliceSize - 1) / sliceSize
        case .direct: (n + sliceSize - 1) / sliceSize
        }
    }

    /// Makes one slice and says which block of c it was.
    @discardableResult
    @inline(__always)
    func multiply(_ slice: Int, _ kernels: borrowing apus_kernels) -> (rows: Range<Int>, columns: Range<Int>) {
        switch form {
        case .small:
            kernels.small_product(
                transposesA ? 1 : 0, transposesB ? 1 : 0, Int64(m), Int64(n), Int64(k), a, Int64(lda), b, Int64(ldb),
                beta, c, Int64(ldc))
            return (0..<m, 0..<n)
        case .packed:
            let from = slice * sliceSize
            let to = min(m, from + sliceSize)
            let panels = panels(0, columnBlocks, kernels)
            kernels.packed_product(
                transposesA ? 1 : 0, Int64(to - from), Int64(n), Int64(k), a + (transposesA ? from : from * lda),
                Int64(lda), workspace, panels.from, panels.to, beta, c + from * ldc, Int64(ldc))
            return (from..<to, 0..<n)
        case .direct:
            let from = slice * sliceSize
            let to = min(n, from + sliceSize)
            kernels.direct_product(
                transposesA ? 1 : 0, transposesB ? 1 : 0, Int64(m), Int64(to - from), Int64(k), a, Int64(lda),
                b + (transposesB ? from * ldb : from), Int64(ldb), beta, c + from, Int64(ldc))
            return (0..<m, from..<to)
        }
    }
}
