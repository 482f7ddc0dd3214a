import Core

/// Writes zip archives of stored members into memory: no times, so that equal members give equal bytes; zip64 where
/// four bytes do not hold a size.
enum ZipWriter {
    /// The archive. Names must be ASCII.
    static func image(
        of members: [(name: String, bytes: UnsafeRawBufferPointer)], in allocator: Allocator
    ) throws(ApusError) -> Buffer<UInt8> {
        var entries: [Entry] = []
        var place = 0
        for member in members {
            let entry = Entry(
                name: Array(member.name.utf8), size: member.bytes.count, place: place,
                checksum: CRC32.checksum(member.bytes))
            place += entry.headerSize + entry.size
            entries.append(entry)
        }
        let directorySize = entries.reduce(0) { $0 + $1.directorySize }
        let isWide = place >= wide || directorySize >= wide
        let buffer = try Buffer<UInt8>(place + directorySize + (isWide ? 98 : 22), in: allocator)
        var writer = Writer(buffer.pointer)
        for (entry, member) in zip(entries, members) {
            entry.writeHeader(&writer)
            writer.put(member.bytes)
        }
        for entry in entries { entry.writeDirectory(&writer) }
        finish(&writer, start: place, size: directorySize, count: entries.count, isWide: isWide)
        return buffer
    }

    private static let wide = 0xFFFF_FFFF

    private static func finish(_ writer: inout Writer, start: Int, size: Int, count: Int, isWide: Bool) {
        let place = writer.count
        if isWide {
            writer.put(0x0606_4B50, 4)
            for (value, width) in [(44, 8), (45, 2), (45, 2), (0, 4), (0, 4), (count, 8), (count, 8), (size, 8), (start, 8)] {
                writer.put(value, width)
            }
            for (value, width) in [(0x0706_4B50, 4), (0, 4), (place, 8), (1, 4)] { writer.put(value, width) }
        }
        writer.put(0x0605_4B50, 4)
        for (value, width) in [(0, 2), (0, 2), (count, 2), (count, 2), (min(size, wide), 4), (min(start, wide), 4), (0, 2)] {
            writer.put(value, width)
        }
    }

    private struct Entry {
        let name: [UInt8]
        let size: Int
        let place: Int
        let checksum: UInt32

        private var isWide: Bool { size >= ZipWriter.wide }
        private var isFar: Bool { place >= ZipWriter.wide }
        /// Bytes of the field for wide numbers in the directory, without its own head of four.
        private var fieldSize: Int { (isWide ? 16 : 0) + (isFar ? 8 : 0) }
        var headerSize: Int { 30 + name.count + (isWide ? 20 : 0) }
        var directorySize: Int { 46 + name.count + (fieldSize > 0 ? fieldSize + 4 : 0) }

        /// What both headers have in common, from the version that is needed to the length of the name.
        private func writeCommon(_ writer: inout Writer, isWide: Bool) {
            // No flags, stored, the first of January 1980.
            for value in [isWide ? 45 : 20, 0, 0, 0, 0x21] { writer.put(value, 2) }
            writer.put(Int(checksum), 4)
            for _ in 0..<2 { writer.put(min(size, ZipWriter.wide), 4) }
            writer.put(name.count, 2)
        }

        func writeHeader(_ writer: inout Writer) {
            writer.put(0x0403_4B50, 4)
            writeCommon(&writer, isWide: isWide)
            writer.put(isWide ? 20 : 0, 2)
            writer.put(name)
            if isWide { for (value, width) in [(1, 2), (16, 2), (size, 8), (size, 8)] { writer.put(value, width) } }
        }

        func writeDirectory(_ writer: inout Writer) {
            writer.put(0x0201_4B50, 4)
            // Made by Unix, so that the mode counts.
            writer.put(3 << 8 | 45, 2)
            writeCommon(&writer, isWide: isWide || isFar)
            for value in [fieldSize > 0 ? fieldSize + 4 : 0, 0, 0, 0] { writer.put(value, 2) }
            writer.put(0o100644 << 16, 4)
            writer.put(min(place, ZipWriter.wide), 4)
            writer.put(name)
            guard fieldSize > 0 else { return }
            writer.put(1, 2)
            writer.put(fieldSize, 2)
            if isWide { for _ in 0..<2 { writer.put(size, 8) } }
            if isFar { writer.put(place, 8) }
        }
    }

    /// Puts numbers and bytes one after the other; the memory has room for all of them.
    private struct Writer {
        private let start: UnsafeMutablePointer<UInt8>
        private(set) var count = 0

        init(_ start: UnsafeMutablePointer<UInt8>) { self.start = start }

        mutating func put(_ value: Int, _ width: Int) {
            for index in 0..<width { start[count + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
            count += width
        }

        mutating func put(_ bytes: [UInt8]) { bytes.withUnsafeBytes { put($0) } }

        mutating func put(_ bytes: UnsafeRawBufferPointer) {
            if let from = bytes.baseAddress { UnsafeMutableRawPointer(start + count).copyMemory(from: from, byteCount: bytes.count) }
            count += bytes.count
        }
    }
}
