import Core

/// The rows of x in the order of each column: one entry of 64 bits per value, rank << 32 | row. Equal values share a
/// rank; missing ones come last, with the rank `missing`. What splits a tree is the order of values alone, so that
/// float32 and float64 are split exactly as they are.
final class SortedColumns: Sendable {
    let rows: Int
    let columns: Int
    /// Entry i of column c at c * rows + i.
    let entries: Buffer<UInt64>

    static let missing = UInt64(UInt32.max)
    static let mostRows = Int(Int32.max)

    /// Sorts in parallel over the columns. Throws `limit` for too many rows, `invalidArgument` for an infinity,
    /// `dtype`.
    init(_ x: ArrayView, in context: Context) throws(ApusError) {
        let reader = ColumnReader(x: x)
        let rows = reader.rows
        let columns = reader.columns
        guard rows <= SortedColumns.mostRows, columns <= SortedColumns.mostRows else {
            throw .limit("x has shape \(x.shape); at most \(SortedColumns.mostRows) rows and columns are possible.")
        }
        self.rows = rows
        self.columns = columns
        entries = try Buffer(cappedProduct(rows, columns), in: context.allocator)
        let together = ColumnReader.together
        let blocks = (columns - 1) / together + 1
        let lanes = min(context.threads, blocks)
        let width = min(together, columns)
        let values = try Buffer<Double>(cappedProduct(lanes, width, rows), in: context.allocator)
        let scratch = try Buffer<KeyedRow>(cappedProduct(lanes, 2, rows), in: context.allocator)
        let sound = try Buffer<Bool>(zeros: blocks, in: context.allocator)
        let entries = entries
        context.parallel(blocks, lanes: lanes) { block, lane in
            if context.isInterrupted { return }
            let first = block * together
            let count = min(together, columns - first)
            let own = values.pointer + lane &* width &* rows
            sound.pointer[block] = reader.read(first, count, to: own)
            let from = scratch.pointer + 2 &* lane &* rows
            for c in 0..<count {
                SortedColumns.sort(
                    own + c &* rows, rows, from, from + rows, to: entries.pointer + (first + c) &* rows)
            }
        }
        try context.checkInterrupt()
        if !sound.elements.allSatisfy({ $0 }) { try reader.requireSound(in: context.allocator) }
        withExtendedLifetime((values, scratch)) {}
    }

    /// Writes the entries of one column.
    private static func sort(
        _ values: UnsafePointer<Double>, _ rows: Int, _ keyed: UnsafeMutablePointer<KeyedRow>,
        _ spare: UnsafeMutablePointer<KeyedRow>, to out: UnsafeMutablePointer<UInt64>
    ) {
        for row in 0..<rows { keyed[row] = KeyedRow(values[row], row) }
        let sorted = KeyedRow.sort(keyed, spare, rows)
        var rank: UInt64 = 0
        for i in 0..<rows {
            let key = sorted[i].key
            if i > 0, key != sorted[i - 1].key { rank += 1 }
            out[i] = (key == .max ? missing : rank) << 32 | UInt64(sorted[i].row)
        }
    }
}

/// A row with the bits of its value, which order as the values do; the largest key is a missing value.
struct KeyedRow: BitwiseCopyable {
    let key: UInt64
    let row: UInt32

    init(_ value: Double, _ row: Int) {
        let bits = value.bitPattern
        key = value.isNaN ? .max : bits >> 63 == 0 ? bits | 1 << 63 : ~bits
        self.row = UInt32(truncatingIfNeeded: row)
    }

    /// Sorts by keys, equal keys in their order, by radix; the result lies in either of the two memories.
    static func sort(_ a: UnsafeMutablePointer<KeyedRow>, _ b: UnsafeMutablePointer<KeyedRow>, _ count: Int)
        -> UnsafeMutablePointer<KeyedRow>
    {
        if count < 64 {
            var i = 1
            while i < count {
                let held = a[i]
                var j = i
                while j > 0, a[j - 1].key > held.key {
                    a[j] = a[j - 1]
                    j -= 1
                }
                a[j] = held
                i += 1
            }
            return a
        }
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: 8 * 256) { counts in
            counts.initialize(repeating: 0)
            for i in 0..<count {
                var key = a[i].key
                for digit in 0..<8 {
                    counts[digit &* 256 &+ Int(key & 255)] &+= 1
                    key >>= 8
                }
            }
            var from = a
            var to = b
            for digit in 0..<8 {
                let own = digit * 256
                let shift = UInt64(8 * digit)
                // A digit that all keys share orders nothing.
                if counts[own + Int((from[0].key >> shift) & 255)] == count { continue }
                var sum = 0
                for value in 0..<256 {
                    let here = counts[own + value]
                    counts[own + value] = sum
                    sum += here
                }
                for i in 0..<count {
                    let item = from[i]
                    let slot = own &+ Int((item.key >> shift) & 255)
                    to[counts[slot]] = item
                    counts[slot] &+= 1
                }
                swap(&from, &to)
            }
            return from
        }
    }
}
