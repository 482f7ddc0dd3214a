/// How a matrix product (rows x columns, summed over `inner`) is cut into blocks: by its size alone, so that the bits
/// do not depend on the number of threads; into more blocks than threads where that is cheap, because a block costs a
/// packing of its operands.
struct Product {
    let rows: Int
    let columns: Int
    let rowBlocks: Int
    let columnBlocks: Int

    /// Products that a call into OpenBLAS would cost more than they take.
    @inline(__always)
    static func isSmall(_ rows: Int, _ columns: Int, _ inner: Int) -> Bool {
        Double(rows) * Double(columns) * Double(inner) <= smallest
    }
    private static let smallest = 32_768.0
    /// Multiplications that are worth waking a thread for.
    private static let worthwhile = 1_000_000.0
    private static let rowsOfBlock = 384
    private static let wantedBlocks = 2

    init(_ rows: Int, _ columns: Int, _ inner: Int) {
        self.rows = rows
        self.columns = columns
        let work = Double(rows) * Double(columns) * Double(inner)
        let affordable = Int(min(work / Product.worthwhile, 4096))
        let fitting = max(1, min(rows / Product.rowsOfBlock, affordable))
        // An even number, so that two threads end together.
        let byRows = fitting > 1 ? fitting & ~1 : 1
        var byColumns = 1
        if byRows < Product.wantedBlocks {
            byColumns = max(1, min(Product.wantedBlocks / byRows, affordable / byRows, columns / 32))
        }
        rowBlocks = byRows
        columnBlocks = byColumns
    }

    var count: Int { rowBlocks * columnBlocks }

    /// Rows and columns of a block. Column borders are multiples of 16 where there are enough columns.
    @inline(__always)
    func block(_ index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let r = index / columnBlocks
        let c = index % columnBlocks
        let rowStart = rows * r / rowBlocks
        let rowEnd = rows * (r + 1) / rowBlocks
        let unit = columns >= 16 * columnBlocks ? 16 : 1
        let groups = (columns + unit - 1) / unit
        let columnStart = groups * c / columnBlocks * unit
        let columnEnd = min(columns, groups * (c + 1) / columnBlocks * unit)
        return (rowStart..<rowEnd, columnStart..<columnEnd)
    }
}
