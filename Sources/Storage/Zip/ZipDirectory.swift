import Core

/// The central directory of a zip archive: where it is, and its entries.
struct ZipDirectory {
    private let bytes: UnsafeRawBufferPointer
    /// Where it starts and ends; all members lie before it.
    let start: Int
    private let end: Int
    private let count: Int

    /// Finds the directory from the record at the end of the archive.
    init(_ bytes: UnsafeRawBufferPointer) throws(ApusError) {
        self.bytes = bytes
        let record = try ZipDirectory.endRecord(bytes)
        var cursor = try ZipCursor(bytes, at: record, end: bytes.count, "the end record")
        try cursor.skip(4)
        var fields: [Int] = []
        for width in [2, 2, 2, 2, 4, 4] { fields.append(try cursor.number(width)) }
        var limit = record
        // A locator of the wide record stands right before.
        if record >= 20, ZipDirectory.signature(bytes, at: record - 20) == 0x0706_4B50 {
            (fields, limit) = try ZipDirectory.wide(bytes, locator: record - 20)
        }
        guard fields[0] == 0, fields[1] == 0, fields[2] == fields[3] else {
            throw .unsupported("The zip archive is one of several parts.")
        }
        let (size, start) = (fields[4], fields[5])
        guard start <= limit, size <= limit - start else {
            throw ZipArchive.damaged("its directory lies beyond its end")
        }
        self.start = start
        end = start + size
        count = fields[3]
    }

    /// Four bytes at a place inside.
    private static func signature(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }

    /// Where the record at the end is: the last one whose comment ends with the file.
    private static func endRecord(_ bytes: UnsafeRawBufferPointer) throws(ApusError) -> Int {
        let size = 22
        var place = bytes.count - size
        let first = max(place - 0xFFFF, 0)
        while place >= first {
            if signature(bytes, at: place) == 0x0605_4B50 {
                let comment = Int(bytes[place + 20]) | Int(bytes[place + 21]) << 8
                if place + size + comment == bytes.count { return place }
            }
            place -= 1
        }
        throw ZipArchive.damaged("it has no directory at its end, so it may be truncated")
    }

    /// The fields of the zip64 record, and where it starts.
    private static func wide(
        _ bytes: UnsafeRawBufferPointer, locator: Int
    ) throws(ApusError) -> (fields: [Int], start: Int) {
        var cursor = try ZipCursor(bytes, at: locator, end: bytes.count, "the locator")
        try cursor.skip(4)
        let disk = try cursor.number(4)
        let place = try cursor.number(8)
        guard disk == 0, try cursor.number(4) <= 1 else {
            throw .unsupported("The zip archive is one of several parts.")
        }
        cursor = try ZipCursor(bytes, at: place, end: locator, "the wide end record")
        try cursor.expect(0x0606_4B50)
        let rest = try cursor.number(8)
        guard rest >= 44, rest <= locator - place - 12 else {
            throw ZipArchive.damaged("its wide end record has a wrong size")
        }
        try cursor.skip(4)
        var fields: [Int] = []
        for width in [4, 4, 8, 8, 8, 8] { fields.append(try cursor.number(width)) }
        return (fields, place)
    }

    /// Visits every entry in order.
    func forEach(_ body: (ZipArchive.Member) throws(ApusError) -> Void) throws(ApusError) {
        var cursor = try ZipCursor(bytes, at: start, end: end, "the directory")
        // Each has 46 bytes at least, so the directory's size bounds the loop.
        for _ in 0..<count { try body(try ZipDirectory.entry(&cursor)) }
        guard cursor.remaining == 0 else { throw ZipArchive.damaged("its directory has more than its entries") }
    }

    private static func entry(_ cursor: inout ZipCursor) throws(ApusError) -> ZipArchive.Member {
        try cursor.expect(0x0201_4B50)
        try cursor.skip(4)
        let (flags, method) = (try cursor.number(2), try cursor.number(2))
        try cursor.skip(4)
        let checksum = try cursor.number(4)
        let (stored, size) = (try cursor.number(4), try cursor.number(4))
        let (nameLength, extraLength, commentLength) =
            (try cursor.number(2), try cursor.number(2), try cursor.number(2))
        let disk = try cursor.number(2)
        try cursor.skip(6)
        var numbers = [size, stored, try cursor.number(4)]
        let name = try cursor.take(nameLength)
        let extra = try cursor.take(extraLength)
        try cursor.skip(commentLength)
        guard disk == 0 || disk == 0xFFFF else { throw .unsupported("The zip archive is one of several parts.") }
        try widen(&numbers, from: extra)
        // A name that is not UTF-8 is none that is asked for.
        return ZipArchive.Member(
            name: String(decoding: name, as: UTF8.self), flags: flags, method: method,
            checksum: UInt32(truncatingIfNeeded: checksum), stored: numbers[1], size: numbers[0], header: numbers[2])
    }

    /// Puts the numbers of the zip64 field in place of those that do not fit into four bytes, in their order.
    static func widen(_ numbers: inout [Int], from extra: UnsafeRawBufferPointer) throws(ApusError) {
        guard numbers.contains(0xFFFF_FFFF) else { return }
        var cursor = try ZipCursor(extra, at: 0, end: extra.count, "a field")
        while cursor.remaining >= 4 {
            let (kind, size) = (try cursor.number(2), try cursor.number(2))
            let field = try cursor.take(size)
            guard kind == 1 else { continue }
            var inner = try ZipCursor(field, at: 0, end: field.count, "a field of wide sizes")
            for index in numbers.indices where numbers[index] == 0xFFFF_FFFF { numbers[index] = try inner.number(8) }
            return
        }
    }
}

/// Reads little-endian numbers one after the other and never past its end.
struct ZipCursor {
    private let bytes: UnsafeRawBufferPointer
    private let what: String
    private var position: Int
    private let end: Int

    var remaining: Int { end - position }

    /// From a place to an end in the bytes. Throws when the place is not between.
    init(_ bytes: UnsafeRawBufferPointer, at place: Int, end: Int, _ what: String) throws(ApusError) {
        guard place >= 0, place <= end, end <= bytes.count else {
            throw ZipArchive.damaged("\(what) lies beyond its end")
        }
        self.bytes = bytes
        self.what = what
        self.end = end
        position = place
    }

    mutating func skip(_ count: Int) throws(ApusError) { _ = try take(count) }

    /// The next bytes.
    mutating func take(_ count: Int) throws(ApusError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw ZipArchive.damaged("\(what) ends too early") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A number of two, four or eight bytes that fits into Int.
    mutating func number(_ width: Int) throws(ApusError) -> Int {
        var value: UInt64 = 0
        for (index, byte) in try take(width).enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
        guard let number = Int(exactly: value) else { throw ZipArchive.damaged("\(what) has an absurd size") }
        return number
    }

    mutating func expect(_ signature: Int) throws(ApusError) {
        guard try number(4) == signature else { throw ZipArchive.damaged("\(what) is not where it should be") }
    }
}
