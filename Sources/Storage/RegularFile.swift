import Core
import Glibc

/// Reads a whole file, and nothing but a regular file.
enum RegularFile {
    /// Bytes of a file that may be more than its arrays.
    private static let overhead = 256 << 20

    /// The bytes of the file at `path`, in memory of the context. Throws `io` with the reason of the system.
    static func read(_ path: String, limits: LoadLimits, in context: Context) throws(ApusError) -> Buffer<UInt8> {
        // Not blocking, so that a FIFO cannot hold the call up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure("Cannot open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("Cannot open", path) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .io("'\(path)' is a folder, not a model file.")
        default: throw .io("'\(path)' is not a regular file.")
        }
        let size = Int(status.st_size)
        let (most, overflow) = limits.maximumBytes.addingReportingOverflow(overhead)
        guard overflow || size <= most else {
            throw .limit("'\(path)' has \(size) bytes; the load limit is \(limits.maximumBytes) bytes of arrays.")
        }
        let bytes = try Buffer<UInt8>(size, in: context.allocator)
        var position = 0
        while position < size {
            try context.checkInterrupt()
            let count = Glibc.read(descriptor, bytes.pointer + position, min(size - position, 16 << 20))
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("Cannot read", path)
            }
            if count == 0 { throw .io("Cannot read '\(path)': it was cut short meanwhile.") }
            position += count
        }
        return bytes
    }

    /// The error of the system call that just failed.
    static func failure(_ what: String, _ path: String) -> ApusError {
        let code = errno
        var text = [CChar](repeating: 0, count: 256)
        let known = strerror_r(code, &text, text.count) == 0
        let reason = known ? text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } : nil
        return .io("\(what) '\(path)': \(reason ?? "error \(code)").")
    }
}
