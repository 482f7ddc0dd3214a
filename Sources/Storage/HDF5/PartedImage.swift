import CHDF5
import Core
import Glibc

/// A file that libhdf5 writes into memory, by a driver of our own: small writes go to pages, an array that `lend` names
/// stays where it is. The core driver of libhdf5 would keep the whole file in one block, a second copy of each array.
///
/// libhdf5 calls without an owner, so the image in use is a global, guarded by `Library`'s lock.
///
/// A file whose memory is refused midway cannot be closed: libhdf5 1.10 keeps it for good and says so on stderr when
/// the process ends. So a refusal is kept for the end, and the C library's memory serves until the file is closed.
final class PartedImage {
    private let allocator: Allocator
    private var pages: [Int: Buffer<UInt8>] = [:]
    private var lent: [FileParts.Lent] = []
    /// An array whose memory may stay part of the file.
    private var lender: Buffer<UInt8>?
    /// Bytes that libhdf5 reserved, and bytes that were written.
    private var reserved: haddr_t = 0
    private var written = 0
    /// Why memory was refused: there will be no file.
    private(set) var refusal: ApusError?

    private static nonisolated(unsafe) var current: PartedImage?

    init(in allocator: Allocator) { self.allocator = allocator }

    // Files

    /// Makes files of this access list live in this image until `body` ends.
    func serve<Result: ~Copyable>(
        _ access: borrowing Identifier, _ body: () throws(ApusError) -> Result
    ) throws(ApusError) -> Result {
        PartedImage.current = self
        defer { PartedImage.current = nil }
        var description = PartedImage.description
        let driver = try Identifier(H5FDregister(&description), .internal, "A file driver cannot be registered")
        try check(H5Pset_driver(access.raw, driver.raw, nil), .internal, "A file driver cannot be set")
        return try body()
    }

    /// Whatever `body` writes of `array` stays in the array's memory.
    func lend<Result: ~Copyable>(
        _ array: Buffer<UInt8>, _ body: () throws(ApusError) -> Result
    ) throws(ApusError) -> Result {
        lender = array
        defer { lender = nil }
        return try body()
    }

    /// The file. Throws the refusal there was, `internal` for a file without the superblock that this library writes.
    func parts() throws(ApusError) -> FileParts {
        if let refusal { throw refusal }
        // Where the file ends is the word at byte 28 of superblock 2. What was written behind it is given up again.
        guard let head = pages[0]?.pointer, head[8] == 2 else {
            throw ApusError(.internal, "The file has no superblock 2.")
        }
        let end = UInt64(littleEndian: UnsafeRawPointer(head).loadUnaligned(fromByteOffset: 28, as: UInt64.self))
        guard let count = Int(exactly: end) else { throw ApusError(.internal, "A file of \(end) bytes.") }
        return FileParts(count: count, pages: pages, lent: lent)
    }

    // Bytes

    private func write(_ bytes: UnsafeRawPointer, _ count: Int, at address: haddr_t) -> Bool {
        guard let range = PartedImage.range(address, count) else { return false }
        written = max(written, range.upperBound)
        if count >= FileParts.pageSize, let lender {
            let offset = bytes - UnsafeRawPointer(lender.pointer)
            if offset >= 0, offset <= lender.count, count <= lender.count - offset {
                let place = lent.firstIndex { $0.address > range.lowerBound } ?? lent.count
                lent.insert(
                    FileParts.Lent(address: range.lowerBound, start: bytes, count: count, owner: lender), at: place)
                return true
            }
        }
        var position = range.lowerBound
        while position < range.upperBound {
            let (number, within) = position.quotientAndRemainder(dividingBy: FileParts.pageSize)
            let length = min(FileParts.pageSize - within, range.upperBound - position)
            guard let page = page(number) else { return false }
            memcpy(page.pointer + within, bytes + (position - range.lowerBound), length)
            position += length
        }
        return true
    }

    /// A page, new ones empty; nil where even the C library has no memory.
    private func page(_ number: Int) -> Buffer<UInt8>? {
        if let known = pages[number] { return known }
        var page: Buffer<UInt8>?
        if refusal == nil {
            do throws(ApusError) {
                page = try Buffer(zeros: FileParts.pageSize, in: allocator)
            } catch { refusal = error }
        }
        if page == nil { page = try? Buffer(zeros: FileParts.pageSize, in: Allocator()) }
        pages[number] = page
        return page
    }

    private func read(_ out: UnsafeMutableRawPointer, _ count: Int, at address: haddr_t) -> Bool {
        guard let range = PartedImage.range(address, count) else { return false }
        memset(out, 0, count)
        var position = range.lowerBound
        while position < range.upperBound {
            let (number, within) = position.quotientAndRemainder(dividingBy: FileParts.pageSize)
            let length = min(FileParts.pageSize - within, range.upperBound - position)
            let target = out + (position - range.lowerBound)
            if let page = pages[number] { memcpy(target, page.pointer + within, length) }
            position += length
        }
        for array in lent {
            let first = max(array.address, range.lowerBound)
            let end = min(array.end, range.upperBound)
            if first >= end { continue }
            memcpy(out + (first - range.lowerBound), array.start + (first - array.address), end - first)
        }
        return true
    }

    private static func range(_ address: haddr_t, _ count: Int) -> Range<Int>? {
        guard count >= 0, let start = Int(exactly: address) else { return nil }
        let (end, overflow) = start.addingReportingOverflow(count)
        return overflow ? nil : start..<end
    }

    // The driver

    /// What libhdf5 calls. Features and free lists are the core driver's, so that files are laid out as that does it.
    private static var description: H5FD_class_t {
        var driver = H5FD_class_t()
        apus_h5_prepare_driver(&driver)
        driver.open = { _, flags, _, _ in
            // libhdf5 looks for the file before it makes it.
            guard flags & apus_h5_create() != 0, PartedImage.current != nil else { return nil }
            return calloc(1, MemoryLayout<H5FD_t>.size)?.assumingMemoryBound(to: H5FD_t.self)
        }
        driver.close = { file in
            free(file)
            return 0
        }
        driver.query = { _, features in
            features?.pointee = apus_h5_driver_features()
            return 0
        }
        driver.get_eoa = { _, _ in PartedImage.current?.reserved ?? 0 }
        driver.set_eoa = { _, _, address in
            PartedImage.current?.reserved = address
            return 0
        }
        driver.get_eof = { _, _ in haddr_t(PartedImage.current?.written ?? 0) }
        driver.read = { _, _, _, address, size, out in
            guard let out, PartedImage.current?.read(out, size, at: address) == true else { return -1 }
            return 0
        }
        driver.write = { _, _, _, address, size, bytes in
            guard let bytes, PartedImage.current?.write(bytes, size, at: address) == true else { return -1 }
            return 0
        }
        return driver
    }
}
