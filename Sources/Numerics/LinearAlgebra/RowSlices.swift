/// Rows cut into runs for parallel work, by size alone: the same cut, and so the same sums, for any number of threads.
package struct RowSlices: Sendable {
    package let rows: Int
    /// Rows of every slice but the last.
    package let length: Int
    package let count: Int
    /// Rows of a block that stays in a core's cache.
    package let block: Int

    private static let sliceElements = 65_536
    private static let blockElements = 16_384

    /// At most `most` slices of at least 64 Ki elements each; blocks of about 16 Ki elements.
    package init(rows: Int, columns: Int, most: Int = 64) {
        let width = max(columns, 1)
        let bySize = max(RowSlices.sliceElements / width, 16)
        let byCount = rows / max(most, 1) + 1
        self.rows = rows
        self.length = max(bySize, byCount)
        self.count = rows == 0 ? 0 : (rows - 1) / self.length + 1
        self.block = min(max(RowSlices.blockElements / width, 16), 1024)
    }

    /// The rows of slice `index`.
    package func range(_ index: Int) -> Range<Int> {
        let start = index * length
        return start..<min(rows, start + length)
    }

    /// Calls `body` for each block of slice `index`, in order: first row, number of rows.
    @inline(__always)
    package func blocks(of index: Int, _ body: (Int, Int) -> Void) {
        let range = range(index)
        var first = range.lowerBound
        while first < range.upperBound {
            let count = min(block, range.upperBound - first)
            body(first, count)
            first += count
        }
    }
}
