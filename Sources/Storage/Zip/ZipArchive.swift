import Core

/// A zip archive in memory, as far as model files need it: members by exact name, stored or deflated, with zip64.
/// Nothing is ever written out, so paths mean nothing. Every number is checked before use.
///
/// PKWARE, ".ZIP File Format Specification" 6.3.10; RFC 1951 for deflate.
struct ZipArchive {
    /// A member as the central directory describes it.
    struct Member {
        let name: String
        let flags: Int
        let method: Int
        let checksum: UInt32
        /// Bytes in the archive, and when unpacked.
        let stored: Int
        let size: Int
        /// Where its local header is.
        let header: Int
    }

    private let bytes: UnsafeRawBufferPointer
    private let directory: ZipDirectory
    private let members: [String: Member]

    /// The archive's members of these names; others are passed over. The bytes must stay where they are. Throws
    /// `corrupt` or `unsupported` for what is no whole archive in one file, and for a name that it has twice.
    init(_ bytes: UnsafeRawBufferPointer, names: Set<String>) throws(ApusError) {
        self.bytes = bytes
        directory = try ZipDirectory(bytes)
        var members: [String: Member] = [:]
        try directory.forEach { (member) throws(ApusError) in
            guard names.contains(member.name) else { return }
            if members.updateValue(member, forKey: member.name) != nil {
                throw ZipArchive.damaged("it has two members named '\(member.name)'")
            }
        }
        self.members = members
        try checkPlaces()
    }

    static func damaged(_ what: String) -> ApusError { .corrupt("The zip archive is damaged: \(what).") }

    /// The member of that name, one of those that were asked for.
    func member(_ name: String) -> Member? { members[name] }

    /// How much deflate is believed to save; it cannot save more than 1032 to 1. Small members are believed.
    private static let greatestRatio = 250
    private static let believed = 1 << 20

    /// The bytes of a member: in the archive's own memory, or unpacked into a buffer. Throws `limit` for one of more
    /// than `limit` bytes, before anything is allocated, `unsupported` for encryption and other methods, `corrupt`
    /// where local header, sizes or checksum do not fit.
    func content(of member: Member, limit: Int, in context: Context) throws(ApusError) -> FileBytes.Run {
        let name = member.name
        guard member.size <= limit else {
            throw .limit("The member '\(name)' of the archive has \(member.size) bytes; the limit is \(limit).")
        }
        let packed = try place(of: member)
        guard member.method == 8 else {
            let run = FileBytes.Run(start: packed.start, count: packed.count, owner: nil)
            try check(run, member)
            return run
        }
        let (most, overflow) = member.stored.multipliedReportingOverflow(by: ZipArchive.greatestRatio)
        guard overflow || member.size <= max(most, ZipArchive.believed) else {
            throw .limit(
                "The member '\(name)' of the archive would grow from \(member.stored) to \(member.size) bytes, which is not believed."
            )
        }
        try context.checkInterrupt()
        let buffer = try Buffer<UInt8>(member.size, in: context.allocator)
        try Inflate.raw(packed.start, packed.count, into: buffer.pointer, member.size, of: name)
        let run = FileBytes.Run(start: UnsafeRawPointer(buffer.pointer), count: member.size, owner: buffer)
        try check(run, member)
        return run
    }

    private func check(_ run: FileBytes.Run, _ member: Member) throws(ApusError) {
        guard CRC32.checksum(run.bytes) == member.checksum || !Checksum.counts else {
            throw ZipArchive.damaged("the checksum of '\(member.name)' is wrong")
        }
    }

    /// Where a member's data are, after its local header, which must say the same as the directory.
    private func place(of member: Member) throws(ApusError) -> (start: UnsafeRawPointer, count: Int) {
        let name = member.name
        guard member.flags & 0x2041 == 0 else {
            throw .unsupported("The member '\(name)' of the archive is encrypted.")
        }
        guard member.method == 0 || member.method == 8 else {
            throw .unsupported(
                "The member '\(name)' of the archive is packed with method \(member.method); stored and deflated members are read."
            )
        }
        guard member.method == 8 || member.stored == member.size else {
            throw ZipArchive.damaged("the sizes of '\(name)' do not agree")
        }
        var cursor = try ZipCursor(bytes, at: member.header, end: directory.start, "the header of '\(name)'")
        try cursor.expect(0x0403_4B50)
        try cursor.skip(2)
        let flags = try cursor.number(2)
        let method = try cursor.number(2)
        try cursor.skip(4)
        let checksum = try cursor.number(4)
        let (stored, size) = (try cursor.number(4), try cursor.number(4))
        let (nameLength, extraLength) = (try cursor.number(2), try cursor.number(2))
        let ownName = try cursor.take(nameLength)
        let extra = try cursor.take(extraLength)
        guard flags & 0x2041 == 0, method == member.method, ownName.elementsEqual(name.utf8) else {
            throw ZipArchive.damaged("the header of '\(name)' and the directory do not agree")
        }
        // Sizes that come after the data are zero here.
        let isStreamed = flags & 8 != 0
        var sizes = [size, stored]
        try ZipDirectory.widen(&sizes, from: extra)
        let wanted = [member.size, member.stored]
        let agrees =
            isStreamed
            ? (checksum == 0 || checksum == Int(member.checksum)) && zip(sizes, wanted).allSatisfy { $0 == 0 || $0 == $1 }
            : checksum == Int(member.checksum) && sizes == wanted
        guard agrees else { throw ZipArchive.damaged("the header of '\(name)' and the directory do not agree") }
        let data = try cursor.take(member.stored)
        guard let start = data.baseAddress else { throw ZipArchive.damaged("it is empty") }
        return (start, data.count)
    }

    /// Throws when members that were asked for lie in each other.
    private func checkPlaces() throws(ApusError) {
        var end = 0
        for member in members.values.sorted(by: { $0.header < $1.header }) {
            // A local header has thirty bytes, a name and perhaps more.
            let (own, overflow) = member.header.addingReportingOverflow(30 + member.name.utf8.count)
            let (next, more) = own.addingReportingOverflow(member.stored)
            guard member.header >= end, !overflow, !more, next <= directory.start else {
                throw ZipArchive.damaged("'\(member.name)' lies in another member or beyond the end")
            }
            end = next
        }
    }
}
