import Core
import Glibc

/// A regular file that stays open and is read in parts, by any thread. That it is still the file that was opened is
/// checked by those who read it: it may be cut short or written at any time.
final class OpenFile: @unchecked Sendable {
    let path: String
    let size: Int
    private let descriptor: Int32
    private let changed: timespec

    /// Throws `io` with the reason of the system.
    init(_ path: String, as what: String) throws(ApusError) {
        let (descriptor, status) = try RegularFile.open(path, as: what)
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
        changed = status.st_mtim
    }

    deinit { close(descriptor) }

    /// Reads `length` bytes at a place inside the file. Throws `io` when they are not there any more.
    func read(_ place: Int, _ length: Int, into out: UnsafeMutableRawPointer) throws(ApusError) {
        var done = 0
        while done < length {
            let count = pread(descriptor, out + done, min(length - done, OpenFile.mostAtOnce), place + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw RegularFile.failure("Cannot read", path)
            }
            if count == 0 { throw .io("Cannot read '\(path)': it was cut short meanwhile.") }
            done += count
        }
    }

    /// Throws `io` when the file was written or cut short since it was opened.
    func checkUnchanged() throws(ApusError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw RegularFile.failure("Cannot read", path) }
        guard Int(status.st_size) == size, status.st_mtim.tv_sec == changed.tv_sec,
            status.st_mtim.tv_nsec == changed.tv_nsec
        else { throw .io("'\(path)' was changed since it was opened.") }
    }

    /// Bytes of one call of the system, so that a reader that is cancelled notices.
    static let mostAtOnce = 1 << 20
}

extension ApusError {
    /// The same error with the file's name in front, unless it is there already.
    func within(_ file: OpenFile) -> ApusError {
        code == .interrupted || code == .io ? self : within("'\(file.path)'")
    }
}

/// The last pages met of an open file, for reading structures byte by byte. One thread at a time.
final class FilePages {
    let file: OpenFile
    let allocator: Allocator
    private let pages: Buffer<UInt8>
    /// The page that each place holds; -1 for none.
    private let held: Buffer<Int>

    private static let places = 64
    private static let bits = 12
    private static let pageSize = 1 << bits

    init(_ file: OpenFile, in allocator: Allocator) throws(ApusError) {
        self.file = file
        self.allocator = allocator
        pages = try Buffer(FilePages.places * FilePages.pageSize, in: allocator)
        held = try Buffer(FilePages.places, in: allocator)
        held.pointer.update(repeating: -1, count: FilePages.places)
    }

    /// The byte at an offset inside the file.
    func byte(_ offset: Int) throws(ApusError) -> UInt8 {
        let page = offset >> FilePages.bits
        let place = page % FilePages.places
        let start = pages.pointer + place << FilePages.bits
        if held.pointer[place] != page {
            held.pointer[place] = -1
            let first = page << FilePages.bits
            try file.read(first, min(FilePages.pageSize, file.size - first), into: UnsafeMutableRawPointer(start))
            held.pointer[place] = page
        }
        return start[offset & (FilePages.pageSize - 1)]
    }
}
