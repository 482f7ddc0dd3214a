import Core
import Glibc

/// Reads a whole file, and nothing but a regular file.
enum RegularFile {
    /// Opens the file at `path` for reading; what the system knows of it. The caller closes the descriptor. Throws `io`
    /// with the reason of the system.
    static func open(_ path: String, as what: String = "a model") throws(ApusError) -> (descriptor: Int32, status: stat)
    {
        // Not blocking, so that a FIFO cannot hold the call up.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure("Cannot open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = failure("Cannot open", path)
            close(descriptor)
            throw error
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return (descriptor, status)
        case S_IFDIR:
            close(descriptor)
            throw .io("'\(path)' is a folder, not \(what) file.")
        default:
            close(descriptor)
            throw .io("'\(path)' is not a regular file.")
        }
    }

    /// The bytes of the file at `path`, in memory of the context. Throws `io` with the reason of the system.
    static func read(_ path: String, limits: LoadLimits, in context: Context) throws(ApusError) -> Buffer<UInt8> {
        let (descriptor, status) = try open(path)
        defer { close(descriptor) }
        let size = Int(status.st_size)
        guard size <= limits.maximumFile else {
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
