import Core

/// c (m x n) = op(a) op(b), row-major, in slices for a context's threads.
///
/// Four forms, chosen by size alone: tiny products by a kernel, products with a vector and those of few rows by OpenBLAS
/// on one thread for each slice, and the others with b packed once, a strip of columns and a block of k at a time, which
/// is then multiplied in slices of rows and of columns that stay in a core's cache (Goto and van de Geijn 2008,
/// doi:10.1145/1356052.1356053). Slices are cut by size, so threads do not change a bit.
struct MatrixProduct<Element: ProductElement> {
    let m: Int
    let n: Int
    let k: Int
    let a: UnsafePointer<Element>
    let aLayout: MatrixLayout
    let b: UnsafePointer<Element>
    let bLayout: MatrixLayout
    let c: UnsafeMutablePointer<Element>
    let ldc: Int

    /// Rows that repay packing.
    private static var fewRows: Int { 32 }
    /// Multiplications that do.
    private static var packable: Double { 3_000_000 }
    /// Multiplications that are worth a slice of their own.
    private static var worthwhile: Double { 2_000_000 }
    /// Elements of a matrix, likewise, for products with a vector.
    private static var elementsOfSlice: Int { 1 << 17 }
    /// Elements that are packed at once.
    private static var packedElements: Int { 1 << 21 }
    /// Elements that are worth a thread for packing.
    private static var elementsOfPacking: Int { 1 << 15 }
    /// A multiple of the rows that the kernels of every instruction set take at once.
    private static var rowsOfTiles: Int { 36 }
    /// Rows that a slice has at least, so that a packed panel is worth its way into the cache.
    private static var leastRows: Int { 144 }
    /// Columns of a slice: with a block of k they fill half of the level 2 cache.
    private static var columnsOfSlice: Int { 256 }
    /// A multiple of the panels of every instruction set.
    private static var columnsOfBlock: Int { 32 }

    private var multiplications: Double { Double(m) * Double(n) * Double(k) }

    /// Elements of scratch that `run` needs.
    static func scratch(_ m: Int, _ n: Int, _ k: Int) -> Int {
        guard isPacked(m, n, k) else { return 0 }
        let (columns, length) = strip(n, k)
        return length &* ((columns + padding - 1) / padding &* padding)
    }
    private static var padding: Int { Element.padding }

    private static func isPacked(_ m: Int, _ n: Int, _ k: Int) -> Bool {
        m >= fewRows && n > 1 && Double(m) * Double(n) * Double(k) >= packable
    }

    /// Columns and length of what is packed at once: the kernels' blocks of k.
    private static func strip(_ n: Int, _ k: Int) -> (columns: Int, length: Int) {
        let blocks = (k - 1) / Element.longestBlock + 1
        let length = (k - 1) / blocks + 1
        return (min(n, packedElements / length / columnsOfSlice * columnsOfSlice), length)
    }

    /// Whether the product is over before OpenBLAS or a thread would have begun.
    private var isTiny: Bool { multiplications <= Double(Element.small) }

    /// Whether `run` calls OpenBLAS.
    var needsBLAS: Bool { !isTiny && !MatrixProduct.isPacked(m, n, k) }

    /// Multiplies. `scratch` has as many elements as `MatrixProduct.scratch` says; the context holds BLAS where needed.
    /// An interrupted product is left unfinished.
    func run(_ scratch: UnsafeMutablePointer<Element>, in context: Context) {
        if m == 0 || n == 0 { return }
        if k == 0 {
            for row in 0..<m { (c + row &* ldc).update(repeating: 0, count: n) }
        } else if isTiny {
            Element.tiny(
                context.kernels, transposeA: aLayout.isTransposed, transposeB: bLayout.isTransposed, m, n, k, a,
                aLayout.leading, b, bLayout.leading, c, ldc)
        } else if n == 1 {
            matrixVector(
                rows: m, a, aLayout, b, bLayout.isTransposed ? 1 : bLayout.leading, c, ldc, in: context)
        } else if m == 1 {
            matrixVector(
                rows: n, b, MatrixLayout.flipped(bLayout), a, aLayout.isTransposed ? aLayout.leading : 1, c, 1,
                in: context)
        } else if MatrixProduct.isPacked(m, n, k) {
            packed(scratch, in: context)
        } else {
            columnSlices(in: context)
        }
    }

    // MARK: With a vector

    /// y = op(matrix) x in slices of rows.
    private func matrixVector(
        rows: Int, _ matrix: UnsafePointer<Element>, _ layout: MatrixLayout, _ x: UnsafePointer<Element>,
        _ xStride: Int, _ y: UnsafeMutablePointer<Element>, _ yStride: Int, in context: Context
    ) {
        let length = max(MatrixProduct.elementsOfSlice / k / 64, 1) * 64
        context.parallel(over: rows, by: length) { range in
            if context.isInterrupted { return }
            let first = range.lowerBound
            if layout.isTransposed {
                Element.matrixVector(
                    transpose: true, k, range.count, matrix + first, layout.leading, x, xStride, y + first &* yStride,
                    yStride)
            } else {
                Element.matrixVector(
                    transpose: false, range.count, k, matrix + first &* layout.leading, layout.leading, x, xStride,
                    y + first &* yStride, yStride)
            }
        }
    }

    // MARK: Few rows

    private func columnSlices(in context: Context) {
        let columns = MatrixProduct.worthwhile / (Double(m) * Double(k))
        let length = (Int(min(columns, Double(n))) / MatrixProduct.columnsOfBlock + 1) * MatrixProduct.columnsOfBlock
        context.parallel(over: n, by: length) { range in
            if context.isInterrupted { return }
            let first = range.lowerBound
            Element.product(
                transposeA: aLayout.isTransposed, transposeB: bLayout.isTransposed, m, range.count, k, a,
                aLayout.leading, b + (bLayout.isTransposed ? first &* bLayout.leading : first), bLayout.leading,
                c + first, ldc)
        }
    }

    // MARK: Packed

    private func packed(_ scratch: UnsafeMutablePointer<Element>, in context: Context) {
        let kernels = context.kernels
        let panelColumns = Element.panelColumns(kernels)
        let (stripColumns, length) = MatrixProduct.strip(n, k)
        let (lda, ldb) = (aLayout.leading, bLayout.leading)
        var column = 0
        while column < n {
            let columns = min(stripColumns, n - column)
            let panels = (columns - 1) / panelColumns + 1
            var start = 0
            while start < k {
                if context.isInterrupted { return }
                let steps = min(length, k - start)
                let b = self.b + (bLayout.isTransposed ? column &* ldb &+ start : start &* ldb &+ column)
                // Whole blocks of columns, so that no two threads share a panel of any instruction set.
                let blocks = MatrixProduct.columnsOfBlock / panelColumns
                let packSize = max(MatrixProduct.elementsOfPacking / (steps * MatrixProduct.columnsOfBlock), 1) * blocks
                context.parallel(over: panels, by: packSize) { range in
                    Element.pack(
                        kernels, transposeB: bLayout.isTransposed, steps, columns, b, ldb, range, scratch)
                }
                let a = self.a + (aLayout.isTransposed ? start &* lda : start)
                let width = min(MatrixProduct.columnsOfSlice, columns)
                let groups = (columns - 1) / width + 1
                let rows = MatrixProduct.worthwhile / (Double(width) * Double(steps))
                let least = max(Int(min(rows, Double(m))), MatrixProduct.leastRows - 1)
                let sliceRows = (least / MatrixProduct.rowsOfTiles + 1) * MatrixProduct.rowsOfTiles
                let rowSlices = (m - 1) / sliceRows + 1
                // The slices of one group of columns follow each other, so that it stays in the cache.
                context.parallel(groups &* rowSlices) { slice in
                    if context.isInterrupted { return }
                    let (group, rowSlice) = slice.quotientAndRemainder(dividingBy: rowSlices)
                    let first = rowSlice &* sliceRows
                    let panel = group &* width / panelColumns
                    Element.packedProduct(
                        kernels, transposeA: aLayout.isTransposed, min(sliceRows, m &- first), columns, steps,
                        a + (aLayout.isTransposed ? first : first &* lda), lda, UnsafePointer(scratch),
                        panel..<min(panels, panel &+ (width - 1) / panelColumns + 1), adds: start > 0,
                        c + (first &* ldc &+ column), ldc)
                }
                start += steps
            }
            column += columns
        }
    }
}

extension MatrixLayout {
    /// The layout of the transpose.
    static func flipped(_ layout: MatrixLayout) -> MatrixLayout {
        var result = layout
        result.isTransposed.toggle()
        return result
    }
}
