import Core
import Glibc
import Synchronization

/// Writes a file whole or not at all.
package enum AtomicFile {
    /// Numbers the temporary files of this process.
    private static let counter = Atomic<UInt64>(0)

    /// Writes `bytes` beside `path` under a temporary name, flushes them to the disk and renames. An old file survives
    /// every failure. A symbolic link stays, its target is replaced. The mode is the old file's, or 0666 less the
    /// umask.
    ///
    /// Throws `io` with the path and the reason of the system; the temporary file is gone then.
    package static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(ApusError) {
        try write(to: path) { (out) throws(ApusError) in try out(bytes) }
    }

    /// Writes a file in parts.
    package static func write(_ parts: FileParts, to path: String, in context: Context) throws(ApusError) {
        try write(to: path) { (out) throws(ApusError) in
            try parts.forEachRun { (run) throws(ApusError) in
                try context.checkInterrupt()
                try out(run)
            }
        }
    }

    /// Writes what `body` gives out, run after run.
    private static func write(
        to path: String,
        _ body: ((UnsafeRawBufferPointer) throws(ApusError) -> Void) throws(ApusError) -> Void
    ) throws(ApusError) {
        let target = try resolve(path)
        var status = stat()
        let exists = stat(target, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR { throw .io("Cannot write '\(path)': it is a folder.") }
        if exists, status.st_mode & S_IFMT != S_IFREG { throw .io("Cannot write '\(path)': it is not a regular file.") }
        if target.utf8.last == UInt8(ascii: "/") || target.isEmpty {
            throw .io("Cannot write '\(path)': a file name is missing.")
        }

        let (temporary, descriptor) = try create(beside: target, mode: exists ? 0o600 : 0o666, path)
        var open = true
        var finished = false
        defer {
            if open { close(descriptor) }
            if !finished { unlink(temporary) }
        }
        // Where modes cannot be set the file stays private.
        if exists { _ = fchmod(descriptor, status.st_mode & 0o7777) }
        try body { (bytes) throws(ApusError) in
            var position = 0
            while position < bytes.count {
                let count = Glibc.write(
                    descriptor, bytes.baseAddress.map { $0 + position }, min(bytes.count - position, 1 << 30))
                if count < 0 {
                    if errno == EINTR { continue }
                    throw RegularFile.failure("Cannot write", path)
                }
                position += count
            }
        }
        if fsync(descriptor) != 0 { throw RegularFile.failure("Cannot flush", path) }
        open = false
        if close(descriptor) != 0 { throw RegularFile.failure("Cannot write", path) }
        if rename(temporary, target) != 0 { throw RegularFile.failure("Cannot write", path) }
        finished = true
        flushFolder(of: target)
    }

    /// The path behind symbolic links, of which the last may lead to a file that does not exist yet.
    private static func resolve(_ path: String) throws(ApusError) -> String {
        var current = path
        for _ in 0..<40 {
            var status = stat()
            guard lstat(current, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return current }
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
            let count = target.withUnsafeMutableBytes { target in
                target.baseAddress.map { readlink(current, $0, Int(PATH_MAX)) } ?? -1
            }
            guard count > 0 else { throw RegularFile.failure("Cannot write", path) }
            let link = String(decoding: target[..<count], as: UTF8.self)
            current = link.utf8.first == UInt8(ascii: "/") ? link : folder(of: current) + link
        }
        errno = ELOOP
        throw RegularFile.failure("Cannot write", path)
    }

    /// A path's folder with its "/"; empty for a plain name.
    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[...slash])
    }

    /// A new file of a name that no one has. The name stays short, whatever the target's.
    private static func create(beside target: String, mode: mode_t, _ path: String) throws(ApusError)
        -> (String, Int32)
    {
        for _ in 0..<100 {
            let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
            let name = "\(folder(of: target)).apus-\(getpid())-\(number).tmp"
            let descriptor = Glibc.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
            if descriptor >= 0 { return (name, descriptor) }
            if errno != EEXIST { throw RegularFile.failure("Cannot write", path) }
        }
        throw RegularFile.failure("Cannot write", path)
    }

    /// Makes the rename last. Some file systems cannot flush folders; the file itself is safe by then.
    private static func flushFolder(of target: String) {
        let folder = folder(of: target)
        let descriptor = Glibc.open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}
