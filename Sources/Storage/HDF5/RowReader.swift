import Core
import Glibc

/// What a file knows of one of its arrays, found good once, for reading its rows later on from any thread.
struct RowSource {
    let name: String
    let type: Datatype
    let shape: Shape
    let file: OpenFile
    /// What rows become in memory.
    let dtype: DType
    fileprivate let storage: Storage

    fileprivate enum Storage {
        /// The offset of the first element.
        case whole(Int)
        case chunked(ChunkIndex)
    }

    /// Throws for an array without rows, of a type that is not read, or damaged; `dtype` for float64 unless it may be
    /// rounded to float32.
    init(_ object: FileObject, _ name: String, in file: OpenFile, roundsDoubles: Bool) throws(ApusError) {
        let array = try StoredArray(object, name)
        self.name = name
        type = array.type
        shape = array.shape
        self.file = file
        guard array.shape.rank >= 1, array.count > 0 else {
            throw .shape("The array '\(name)' must have at least one row, got shape \(array.shape).")
        }
        switch array.type {
        case .float(8, _):
            guard roundsDoubles else {
                throw .dtype("The array '\(name)' is float64, which float32 would round; float64=round allows it.")
            }
            dtype = .float32
        case .float: dtype = .float32
        case .integer(4, true, _): dtype = .int32
        case .integer(1, false, _): dtype = .uint8
        case .integer: dtype = .int64
        case .boolean: dtype = .bool
        default:
            throw .unsupported("The array '\(name)' has elements of type \(array.type.name), which are no numbers.")
        }
        let (size, overflow) = array.count.multipliedReportingOverflow(by: max(array.type.size, dtype.size))
        guard !overflow, size < Int.max / 16 else { throw FileBytes.damaged("the array '\(name)' has an absurd shape") }
        switch array.layout {
        case .whole(let place, let stored):
            guard array.filters.isEmpty else {
                throw FileBytes.damaged("the array '\(name)' has filters without chunks")
            }
            storage = .whole(try array.wholePlace(place, stored, array.count * array.type.size))
        case .chunked(let chunking):
            storage = .chunked(try ChunkIndex(chunking, of: array, array.filters, in: object.file))
        }
    }

    var rows: Int { shape[0] }
    /// Elements of one row.
    var rowCount: Int { shape.count / rows }
    /// Bytes of one row in memory.
    var rowSize: Int { rowCount * dtype.size }
    /// Rows that are stored together, where they are.
    var rowsOfChunk: Int? {
        if case .chunked(let index) = storage { index.chunkExtents[0] } else { nil }
    }

    /// Bytes that a reader of it takes.
    var readerSize: Int {
        switch storage {
        case .whole: type.isNative(dtype) ? 0 : RowReader.pieceSize
        case .chunked(let index):
            FilterScratch.size(index.filters, chunkSize: index.chunkSize) + max(index.largestStored, index.chunkSize)
        }
    }
}

/// Reads rows of one array. One thread at a time; reading allocates nothing from the context.
final class RowReader {
    private let source: RowSource
    /// Stored bytes that are still to be decoded or converted.
    private let stored: Buffer<UInt8>
    private let scratch: FilterScratch?
    /// The chunk that was decoded last, and where it lies.
    private var held: (number: Int, start: UnsafeRawPointer)?

    static let pieceSize = 1 << 14

    init(_ source: RowSource, in allocator: Allocator) throws(ApusError) {
        self.source = source
        switch source.storage {
        case .whole:
            stored = try Buffer(source.readerSize, in: allocator)
            scratch = nil
        case .chunked(let index):
            stored = try Buffer(max(index.largestStored, index.chunkSize), in: allocator)
            scratch = try FilterScratch(index.filters, chunkSize: index.chunkSize, in: allocator)
        }
    }

    /// Decodes anew whatever comes next: in a forked child, what was decoded last may be half there.
    func forget() { held = nil }

    /// Reads rows that there are. Throws `io` and `corrupt`, and what `check` throws, which is called often.
    func read(
        _ rows: Range<Int>, into out: UnsafeMutableRawPointer, check: () throws(ApusError) -> Void
    ) throws(ApusError) {
        switch source.storage {
        case .whole(let place): try readWhole(place, rows, out, check)
        case .chunked(let index): try readChunks(index, rows, out, check)
        }
    }

    private func readWhole(
        _ place: Int, _ rows: Range<Int>, _ out: UnsafeMutableRawPointer, _ check: () throws(ApusError) -> Void
    ) throws(ApusError) {
        let size = source.type.size
        let isNative = source.type.isNative(source.dtype)
        let most = (isNative ? OpenFile.mostAtOnce : RowReader.pieceSize) / size
        var done = rows.lowerBound * source.rowCount
        let first = done
        let end = rows.upperBound * source.rowCount
        while done < end {
            try check()
            let count = min(most, end - done)
            let target = out + (done - first) * source.dtype.size
            let raw = isNative ? target : UnsafeMutableRawPointer(stored.pointer)
            try source.file.read(place + done * size, count * size, into: raw)
            try source.type.convert(UnsafeRawPointer(raw), count, to: target, source.dtype, of: source.name)
            done += count
        }
    }

    private func readChunks(
        _ index: ChunkIndex, _ rows: Range<Int>, _ out: UnsafeMutableRawPointer,
        _ check: () throws(ApusError) -> Void
    ) throws(ApusError) {
        // Chunks are numbered row-major: those of one row of chunks come one after the other.
        let across = index.count / index.grid[0]
        let first = rows.lowerBound / index.chunkExtents[0] * across
        let last = ((rows.upperBound - 1) / index.chunkExtents[0] + 1) * across
        for number in first..<last {
            try check()
            let decoded = try decode(index, number)
            var fault: ApusError?
            index.forEachRun(of: number, rows: rows) { from, to, count in
                do throws(ApusError) {
                    try source.type.convert(
                        decoded + from * index.element, count, to: out + to * source.dtype.size, source.dtype,
                        of: source.name)
                } catch { fault = error }
            }
            if let fault { throw fault }
        }
    }

    private func decode(_ index: ChunkIndex, _ number: Int) throws(ApusError) -> UnsafeRawPointer {
        if let held, held.number == number { return held.start }
        held = nil
        let chunk = index.stored(number)
        guard let scratch, chunk.size <= stored.count else { throw ApusError(.internal, "A chunk without memory.") }
        try source.file.read(chunk.place, chunk.size, into: UnsafeMutableRawPointer(stored.pointer))
        let start = try index.filters.decode(
            UnsafeRawPointer(stored.pointer), chunk.size, mask: chunk.mask, element: index.element,
            expected: index.chunkSize, of: index.name, in: scratch)
        held = (number, start)
        return start
    }
}
