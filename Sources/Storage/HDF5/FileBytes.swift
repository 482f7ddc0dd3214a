import Core
import Glibc

/// The bytes of an HDF5 file, with the sizes of its addresses and lengths. Every read is checked against the end.
struct FileBytes {
    private enum Place {
        case memory(UnsafeRawPointer)
        case file(FilePages)
    }

    private let place: Place
    let count: Int
    /// Where the superblock lies; addresses in the file count from here.
    var base = 0
    /// Bytes of an address in the file, and of a length.
    var addressSize = 8
    var lengthSize = 8

    /// Bytes in memory, which must stay there.
    init(_ content: UnsafeRawBufferPointer) throws(ApusError) {
        guard let start = content.baseAddress else { throw FileBytes.damaged("it is empty") }
        place = .memory(start)
        count = content.count
    }

    /// Bytes of an open file, read when they are asked for.
    init(_ pages: FilePages) {
        place = .file(pages)
        count = pages.file.size
    }

    static func damaged(_ what: String) -> ApusError { .corrupt("The file is damaged: \(what).") }

    /// Throws unless `length` bytes lie at `offset`.
    func check(_ offset: Int, _ length: Int, _ what: @autoclosure () -> String) throws(ApusError) {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
            throw FileBytes.damaged("\(what()) lies beyond its end")
        }
    }

    /// The byte at a place that was checked.
    @inline(__always)
    func byte(_ offset: Int) throws(ApusError) -> UInt8 {
        switch place {
        case .memory(let start): start.load(fromByteOffset: offset, as: UInt8.self)
        case .file(let pages): try pages.byte(offset)
        }
    }

    /// Bytes in a row: in the file's memory, or in a buffer of their own.
    struct Run {
        let start: UnsafeRawPointer
        let count: Int
        let owner: Buffer<UInt8>?

        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
    }

    /// `length` bytes at a place that was checked.
    func run(_ offset: Int, _ length: Int) throws(ApusError) -> Run {
        switch place {
        case .memory(let start): return Run(start: start + offset, count: length, owner: nil)
        case .file(let pages):
            let buffer = try Buffer<UInt8>(length, in: pages.allocator)
            try pages.file.read(offset, length, into: UnsafeMutableRawPointer(buffer.pointer))
            return Run(start: UnsafeRawPointer(buffer.pointer), count: length, owner: buffer)
        }
    }

    /// Copies `length` bytes at a place that was checked. `check` is called now and then.
    func copy(
        _ offset: Int, _ length: Int, to out: UnsafeMutableRawPointer, check: () throws(ApusError) -> Void
    ) throws(ApusError) {
        var done = 0
        while done < length {
            try check()
            let count = min(length - done, FileBytes.mostAtOnce)
            switch place {
            case .memory(let start): memcpy(out + done, start + offset + done, count)
            case .file(let pages): try pages.file.read(offset + done, count, into: out + done)
            }
            done += count
        }
    }

    /// Bytes that are copied without looking for an interruption.
    private static let mostAtOnce = 16 << 20

    /// A cursor over `length` bytes at `offset`.
    func cursor(_ offset: Int, _ length: Int, _ what: @autoclosure () -> String) throws(ApusError) -> Cursor {
        try check(offset, length, what())
        return Cursor(bytes: self, position: offset, end: offset + length)
    }

    /// A cursor from `offset` to the end of the file.
    func cursor(from offset: Int, _ what: @autoclosure () -> String) throws(ApusError) -> Cursor {
        try check(offset, 0, what())
        return Cursor(bytes: self, position: offset, end: count)
    }

    /// Throws unless the four bytes at `end` are the checksum of those from `start` to `end`.
    func verify(_ start: Int, _ end: Int, _ what: @autoclosure () -> String) throws(ApusError) {
        try check(start, 4, what())
        try check(end, 4, what())
        var stored: UInt32 = 0
        for index in 0..<4 { stored |= UInt32(try byte(end + index)) << UInt32(8 * index) }
        let run = try run(start, max(end - start, 0))
        defer { withExtendedLifetime(run) {} }
        if Lookup3.hash(run.start, run.count) != stored, Checksum.counts {
            throw FileBytes.damaged("\(what()) has a wrong checksum")
        }
    }
}

/// Reads numbers one after the other and never past its end.
struct Cursor {
    let bytes: FileBytes
    private(set) var position: Int
    let end: Int

    var remaining: Int { end - position }

    mutating func skip(_ length: Int) throws(ApusError) {
        guard length >= 0, length <= remaining else { throw FileBytes.damaged("a structure ends too early") }
        position += length
    }

    /// The place of the next `length` bytes, which are passed over.
    mutating func take(_ length: Int) throws(ApusError) -> Int {
        let place = position
        try skip(length)
        return place
    }

    /// A little-endian number of one to eight bytes.
    mutating func unsigned(_ size: Int) throws(ApusError) -> UInt64 {
        guard size >= 0, size <= 8 else { throw FileBytes.damaged("a number of \(size) bytes") }
        let place = try take(size)
        var value: UInt64 = 0
        for index in 0..<size {
            value |= UInt64(try bytes.byte(place + index)) << UInt64(8 * index)
        }
        return value
    }

    /// A number of at most seven bytes, or one that must fit into Int.
    mutating func number(_ size: Int) throws(ApusError) -> Int {
        guard let value = Int(exactly: try unsigned(size)) else { throw FileBytes.damaged("a size is absurd") }
        return value
    }

    mutating func byte() throws(ApusError) -> Int { try number(1) }

    /// A size of the file's width.
    mutating func length() throws(ApusError) -> Int { try number(bytes.lengthSize) }

    /// An address as an offset into the bytes; nil when undefined. Throws when it lies beyond the end.
    mutating func address() throws(ApusError) -> Int? {
        let raw = try unsigned(bytes.addressSize)
        let undefined = bytes.addressSize == 8 ? UInt64.max : (1 << UInt64(8 * bytes.addressSize)) - 1
        if raw == undefined { return nil }
        guard raw <= UInt64(max(bytes.count - bytes.base, 0)) else {
            throw FileBytes.damaged("an address lies beyond its end")
        }
        return bytes.base + Int(raw)
    }

    /// An address that must be there.
    mutating func definedAddress(_ what: String) throws(ApusError) -> Int {
        guard let address = try address() else { throw FileBytes.damaged("\(what) has no address") }
        return address
    }

    /// Throws unless the next bytes are these.
    mutating func expect(_ signature: StaticString, _ what: String) throws(ApusError) {
        let place = try take(signature.utf8CodeUnitCount)
        for index in 0..<signature.utf8CodeUnitCount {
            guard try bytes.byte(place + index) == signature.utf8Start[index] else {
                throw FileBytes.damaged("\(what) is not where it should be")
            }
        }
    }

    /// Text of `length` bytes, without the zero bytes at its end. Throws when it is not UTF-8.
    mutating func text(_ length: Int) throws(ApusError) -> String {
        let place = try take(length)
        return try bytes.text(place, length)
    }
}

extension FileBytes {
    /// Text of `length` bytes at a place that was checked, without the zero bytes at its end.
    func text(_ place: Int, _ length: Int) throws(ApusError) -> String {
        try check(place, length, "a text")
        let run = try run(place, length)
        defer { withExtendedLifetime(run) {} }
        var content = run.bytes
        while let last = content.last, last == 0 { content = .init(rebasing: content.dropLast()) }
        if content.contains(0) { throw FileBytes.damaged("a text has a zero byte inside") }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw FileBytes.damaged("a text is not UTF-8")
        }
        return text
    }
}
