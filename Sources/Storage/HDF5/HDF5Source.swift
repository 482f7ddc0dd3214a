import Core
import Networks

/// Rows of arrays in an HDF5 file that stays open, read window by window while training goes on.
package final class HDF5Source: DataSource, @unchecked Sendable {
    package let form: Dataset
    package let rows: Int?
    let file: OpenFile
    /// Each array that is read, once; and which of them the inputs, targets and weights are.
    let columns: [RowSource]
    let inputs: [Int]
    let targets: [Int]
    let weights: [Int?]
    /// The rows of the file that are the source's.
    let range: Range<Int>
    let shuffles: Bool
    let prefetches: Bool
    private let blockRows: Int
    private let bufferBytes: Int

    package static let specs = [
        ParameterSpec("inputs", .any("the name of an array, or an array of names"), default: nil, "what networks get"),
        ParameterSpec(
            "targets", .any("the name of an array, or an array of names"), default: .array([]),
            "what they should give"),
        ParameterSpec(
            "sample_weight", .any("null, the name of an array, or an array of one name or null for each output"),
            default: JSON.null, "weights of the rows"),
        ParameterSpec("start", .integer(0...Int.max), default: 0, "the first row"),
        ParameterSpec("count", .integer(0...Int.max), default: 0, "how many rows; 0 is all from start"),
        ParameterSpec(
            "shuffle", .choice(["blocks", "none"]), default: "blocks",
            "blocks reads blocks of rows in random order and shuffles the rows of each window; none keeps the order"),
        ParameterSpec(
            "block_rows", .integer(0...Int.max), default: 0,
            "rows of a block; 0 chooses; more where the order of the blocks took over a quarter of buffer_bytes"),
        ParameterSpec(
            "buffer_bytes", .integer(0...Int.max), default: 0,
            "memory for both windows, their blocks' order and decoding; 0 is 64 MiB, or an eighth of the context's limit"),
        ParameterSpec("prefetch", .boolean, default: true, "whether a thread reads the next window meanwhile"),
        ParameterSpec(
            "float64", .choice(["refuse", "round"]), default: "refuse", "what happens to 64-bit reals"),
    ]

    /// Opens a file and finds its arrays, reading structure alone. Throws `io`, `corrupt` and `unsupported` for the
    /// file, `invalidArgument` for names that are not there, `shape` for arrays of different lengths.
    package init(path: String, _ parameters: Parameters, in context: Context) throws(ApusError) {
        let file = try OpenFile(path, as: "a data")
        self.file = file
        shuffles = parameters.text("shuffle") == "blocks"
        prefetches = parameters.boolean("prefetch")
        blockRows = parameters.integer("block_rows")
        bufferBytes = parameters.integer("buffer_bytes")
        let inputNames = try HDF5Source.names(parameters, "inputs").compactMap { $0 }
        let targetNames = try HDF5Source.names(parameters, "targets").compactMap { $0 }
        let weightNames = try HDF5Source.names(parameters, "sample_weight")
        guard !inputNames.isEmpty else { throw .invalid("inputs of the dataset must name at least one array.") }
        do throws(ApusError) {
            let bytes = try FileBytes(FilePages(file, in: context.allocator))
            guard let superblock = try FileReader.superblock(in: bytes) else {
                let head = try bytes.run(0, min(bytes.count, 64))
                defer { withExtendedLifetime(head) {} }
                throw FileImage.foreign(head.bytes, "a data")
            }
            let limits = LoadLimits(maximumBytes: Int.max)
            let reader = try FileReader(bytes, superblock: superblock, limits: limits, in: context)
            defer { reader.forget() }
            let root = try reader.root()
            var columns: [RowSource] = []
            func column(_ name: String) throws(ApusError) -> Int {
                let name = name.hasPrefix("/") ? String(name.dropFirst()) : name
                if let known = columns.firstIndex(where: { $0.name == name }) { return known }
                guard !name.isEmpty, let object = try root.descendant(name) else {
                    let known = try root.names().sorted().prefix(20).joined(separator: ", ")
                    throw .invalid("The file has no array '\(name)'; it has \(known.isEmpty ? "none" : known).")
                }
                columns.append(
                    try RowSource(object, name, in: file, roundsDoubles: parameters.text("float64") == "round"))
                return columns.count - 1
            }
            func found(_ names: [String]) throws(ApusError) -> [Int] {
                var found: [Int] = []
                for name in names { found.append(try column(name)) }
                return found
            }
            inputs = try found(inputNames)
            targets = try found(targetNames)
            var weights: [Int?] = []
            for name in weightNames {
                if let name { weights.append(try column(name)) } else { weights.append(nil) }
            }
            self.weights = weights
            self.columns = columns
            try file.checkUnchanged()
            for column in columns where column.rows != columns[0].rows {
                throw .shape(
                    "The array '\(column.name)' has \(column.rows) rows, '\(columns[0].name)' has \(columns[0].rows).")
            }
            let start = parameters.integer("start")
            let left = columns[0].rows - start
            let count = parameters.integer("count") == 0 ? left : parameters.integer("count")
            guard left >= 1, count <= left else {
                let given = parameters.integer("count")
                throw .invalid("start \(start) and count \(given) lie outside of the \(columns[0].rows) rows.")
            }
            range = start..<start + count
            rows = count
        } catch { throw error.within(file) }
        let (columns, count) = (columns, range.count)
        func view(_ index: Int) -> ArrayView {
            let column = columns[index]
            return ArrayView(
                data: HDF5Source.nowhere, dtype: column.dtype, shape: column.shape.dropFirst(1).prefixed(by: count))
        }
        form = Dataset(
            rows: count, inputs: inputs.map(view), targets: targets.map(view),
            sampleWeights: weights.map { $0.map(view) })
    }

    /// An address for views that are never read.
    nonisolated(unsafe) private static let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

    /// One name, or several; null stands for none.
    private static func names(_ parameters: Parameters, _ key: String) throws(ApusError) -> [String?] {
        let json = parameters[key]
        if json.isNull { return [] }
        var names: [String?] = []
        for item in json.arrayValue ?? [json] {
            if let name = item.stringValue {
                names.append(name)
            } else if item.isNull, key == "sample_weight" {
                names.append(nil)
            } else {
                throw .parameter(key, of: "the dataset", mustBe: "a name or an array of names", got: json.text)
            }
        }
        guard names.count <= 4096 else { throw .invalid("\(key) must be at most 4096 names, got \(names.count).") }
        return names
    }

    package func pass(_ plan: PassPlan, in context: Context) throws(ApusError) -> any DataPass {
        do {
            return try HDF5Pass(self, plan, in: context)
        } catch { throw error.within(file) }
    }

    /// How the rows of a pass go through memory.
    struct Windows {
        /// Rows of a window: a multiple of the batch, or all.
        let rows: Int
        let blockRows: Int
        /// Two, or one for all rows.
        let count: Int
    }

    /// Throws `limit` when a batch does not fit.
    func windows(rows: Int, batchSize: Int, shuffles: Bool, in context: Context) throws(ApusError) -> Windows {
        var rowSize = 8
        var fixed = 0
        for column in columns {
            rowSize = HDF5Source.sum(rowSize, column.rowSize)
            fixed = HDF5Source.sum(fixed, column.readerSize)
        }
        let limit = context.allocator.limit
        // The order of the blocks, a number for each: those that a range begins and ends in are two more.
        func order(_ blockRows: Int) -> Int {
            shuffles ? HDF5Source.product(8, HDF5Source.sum(rows / blockRows, 2)) : 0
        }
        let pair = HDF5Source.product(2, HDF5Source.product(batchSize, rowSize))
        let batch = HDF5Source.sum(HDF5Source.sum(pair, order(rows)), fixed)
        let needed = min(batch, HDF5Source.sum(HDF5Source.product(rows, rowSize), fixed))
        let most = bufferBytes > 0 ? bufferBytes : max(needed, min(64 << 20, limit / 8))
        guard needed <= most, needed <= limit else {
            let what = needed <= most ? "the context's memory limit is \(limit)" : "buffer_bytes is \(bufferBytes)"
            throw .limit("Streaming batches of \(batchSize) rows needs \(needed) bytes of buffers; \(what).")
        }
        if HDF5Source.sum(HDF5Source.product(rows, rowSize), fixed) <= most {
            return Windows(rows: rows, blockRows: rows, count: 1)
        }
        let window = (most - fixed) / 2 / rowSize / batchSize * batchSize
        let stored = columns.reduce(0) { max($0, $1.rowsOfChunk ?? 0) }
        // Blocks of what is stored together, but enough of them in a window to mix; else of what is worth a read.
        let chosen = stored > 0 ? min(stored, window / 4) : min((1 << 16) / rowSize, window / 16)
        // Large enough that their order takes a quarter of the room at most, and leaves that for two batches.
        let numbers = (min(most - fixed - pair, (most - fixed) / 4) - 16) / 8
        let fewest = shuffles ? (rows - 1) / max(numbers, 1) + 1 : 1
        let blocks = min(max(1, blockRows > 0 ? blockRows : chosen, fewest), rows)
        let rest = (most - fixed - order(blocks)) / 2 / rowSize / batchSize * batchSize
        return Windows(rows: max(rest, batchSize), blockRows: blocks, count: 2)
    }

    private static func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? Int.max : sum
    }

    private static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? Int.max : product
    }
}
