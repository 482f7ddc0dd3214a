import Core
import Glibc

/// The bytes of a file to be written, in parts: what describes it in pages of its own, and the arrays it is about where
/// they are already. So saving takes no memory for the arrays again, and no file is too large for it.
///
/// The arrays must not change while there are parts of them.
package final class FileParts {
    /// An array of the file.
    struct Lent {
        let address: Int
        let start: UnsafeRawPointer
        let count: Int
        let owner: Buffer<UInt8>

        var end: Int { address + count }
    }

    /// Bytes of the file.
    package let count: Int
    private let pages: [Int: Buffer<UInt8>]
    /// By address; they do not overlap.
    private let lent: [Lent]

    static let pageSize = 1 << 16
    /// What a page that nothing was written to holds.
    nonisolated(unsafe) private static let zeros = calloc(1, FileParts.pageSize)

    init(count: Int, pages: [Int: Buffer<UInt8>], lent: [Lent]) {
        self.count = count
        self.pages = pages
        self.lent = lent
    }

    /// A file that is in one piece already.
    init(_ whole: Buffer<UInt8>) {
        count = whole.count
        pages = [:]
        lent = [Lent(address: 0, start: UnsafeRawPointer(whole.pointer), count: whole.count, owner: whole)]
    }

    /// Calls `body` with all bytes of the file from first to last, in runs.
    package func forEachRun(_ body: (UnsafeRawBufferPointer) throws(ApusError) -> Void) throws(ApusError) {
        var position = 0
        for array in lent where array.address < count {
            try forEachPage(from: position, to: array.address, body)
            try body(UnsafeRawBufferPointer(start: array.start, count: min(array.count, count - array.address)))
            position = array.end
        }
        try forEachPage(from: position, to: count, body)
        withExtendedLifetime(self) {}
    }

    private func forEachPage(
        from start: Int, to end: Int, _ body: (UnsafeRawBufferPointer) throws(ApusError) -> Void
    ) throws(ApusError) {
        var position = start
        while position < end {
            let (number, within) = position.quotientAndRemainder(dividingBy: FileParts.pageSize)
            let length = min(FileParts.pageSize - within, end - position)
            let page = pages[number].map { UnsafeMutableRawPointer($0.pointer) } ?? FileParts.zeros
            guard let page else { throw ApusError(.outOfMemory, "Out of memory: a page of a file.") }
            try body(UnsafeRawBufferPointer(start: page + within, count: length))
            position += length
        }
    }

    /// All bytes in a row. Throws `outOfMemory` or `limit`.
    package func gathered(in allocator: Allocator) throws(ApusError) -> Buffer<UInt8> {
        let out = try Buffer<UInt8>(count, in: allocator)
        try copy(to: UnsafeMutableRawPointer(out.pointer))
        return out
    }

    /// Copies all bytes to memory that has room for them.
    package func copy(to out: UnsafeMutableRawPointer) throws(ApusError) {
        var position = 0
        try forEachRun { (run) throws(ApusError) in
            if let start = run.baseAddress { memcpy(out + position, start, run.count) }
            position += run.count
        }
    }
}
