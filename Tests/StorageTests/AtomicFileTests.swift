import Core
import Foundation
import Storage
import Testing

@Suite struct AtomicFileTests {
    private func write(_ text: String, to path: String) throws {
        try Array(text.utf8).withUnsafeBytes { try AtomicFile.write($0, to: path) }
    }

    private func content(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private func entries(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test func writesAndReplacesAndLeavesNothingElse() throws {
        let folder = try Samples.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/model.h5"
        try write("one", to: path)
        #expect(content(path) == "one")
        #expect(chmod(path, 0o640) == 0)
        try write("", to: path)
        #expect(content(path) == "")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(entries(folder) == ["model.h5"])
    }

    @Test func followsLinksToTheirTarget() throws {
        let folder = try Samples.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(mkdir(folder + "/sub", 0o755) == 0)
        #expect(symlink("sub/real.h5", folder + "/link.h5") == 0)
        #expect(symlink("link.h5", folder + "/again.h5") == 0)
        try write("new", to: folder + "/again.h5")
        #expect(content(folder + "/sub/real.h5") == "new")
        #expect(entries(folder) == ["again.h5", "link.h5", "sub"])
        #expect(entries(folder + "/sub") == ["real.h5"])
        #expect(symlink("loop.h5", folder + "/loop.h5") == 0)
        #expect(Samples.failure { try write("x", to: folder + "/loop.h5") }?.code == .io)
    }

    @Test func failuresNameThePathAndKeepTheOldFile() throws {
        let folder = try Samples.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for path in [folder, folder + "/", folder + "/missing/model.h5", folder + "/model.h5/x", "", "/dev/null"] {
            try write("old", to: folder + "/model.h5")
            let error = Samples.failure { try write("new", to: path) }
            #expect(error?.code == .io, "\(path)")
            #expect(error?.message.contains("'\(path)'") == true, "\(error?.message ?? "")")
        }
        #expect(content(folder + "/model.h5") == "old")
        #expect(entries(folder) == ["model.h5"])
    }

    @Test func aFullDiskKeepsTheOldFile() throws {
        let folder = try Samples.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/model.h5"
        try write("old", to: path)
        // A limit on file sizes fails a write in its middle, as a full disk does.
        var old = rlimit()
        let handler = signal(SIGXFSZ, SIG_IGN)
        defer { signal(SIGXFSZ, handler) }
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) == 0)
        var small = rlimit(rlim_cur: 1 << 22, rlim_max: old.rlim_max)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small) == 0)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
        let bytes = [UInt8](repeating: 1, count: 5 << 20)
        let error = Samples.failure { try bytes.withUnsafeBytes { try AtomicFile.write($0, to: path) } }
        #expect(error?.code == .io)
        #expect(content(path) == "old")
        #expect(entries(folder) == ["model.h5"])
    }

    @Test func onlyRegularFilesAreRead() throws {
        let folder = try Samples.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try Samples.context()
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        try write("", to: folder + "/empty.h5")
        for (path, code) in [
            (folder, ApusError.Code.io), (folder + "/missing.h5", .io), (folder + "/pipe", .io), ("/dev/zero", .io),
            (folder + "/empty.h5", .corrupt),
        ] {
            let error = Samples.failure { _ = try FileImage.decode(path: path, in: context, layout: nil) }
            #expect(error?.code == code, "\(path)")
            #expect(error?.message.contains(path) == true)
        }
    }
}
