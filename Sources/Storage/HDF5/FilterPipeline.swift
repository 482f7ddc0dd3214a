import Core
import Glibc

/// What was done to the chunks of an array before they were stored: shuffle, deflate, fletcher32.
struct FilterPipeline {
    private enum Filter: Int {
        case deflate = 1
        case shuffle = 2
        case fletcher32 = 3
    }

    private var filters: [Filter] = []

    var isEmpty: Bool { filters.isEmpty }

    /// No filters.
    init() {}

    /// Reads a filter pipeline message, version 1 or 2. Throws `unsupported` for any other filter: none is ever loaded.
    init(_ cursor: inout Cursor, of name: String) throws(ApusError) {
        let version = try cursor.byte()
        let count = try cursor.byte()
        guard version == 1 || version == 2, count <= 32 else {
            throw FileBytes.damaged("the filters of '\(name)' make no sense")
        }
        if version == 1 { try cursor.skip(6) }
        for _ in 0..<count {
            let id = try cursor.number(2)
            let nameSize = version == 1 || id >= 256 ? try cursor.number(2) : 0
            try cursor.skip(2)
            let values = try cursor.number(2)
            try cursor.skip(version == 1 ? (nameSize + 7) / 8 * 8 : nameSize)
            try cursor.skip(4 * values + (version == 1 && values % 2 == 1 ? 4 : 0))
            guard let filter = Filter(rawValue: id) else {
                throw .unsupported("The array '\(name)' has the HDF5 filter \(id); known are deflate, shuffle, fletcher32.")
            }
            guard !filters.contains(filter) else { throw FileBytes.damaged("the array '\(name)' has a filter twice") }
            filters.append(filter)
        }
    }

    /// Undoes the filters of one chunk, last first; bit i of `mask` set means that filter i was left out. What comes
    /// out lies where it was or in the scratch memory.
    func decode(
        _ start: UnsafeRawPointer, _ size: Int, mask: Int, element: Int, expected: Int, of name: String,
        in scratch: FilterScratch
    ) throws(ApusError) -> UnsafeRawPointer {
        var (start, count) = (start, size)
        let applied = filters.indices.filter { mask >> $0 & 1 == 0 }
        for (position, index) in applied.enumerated().reversed() {
            switch filters[index] {
            case .fletcher32:
                guard count >= 4, Fletcher32.isRight(start, count - 4) || !Checksum.counts else {
                    throw FileBytes.damaged("a chunk of '\(name)' has a wrong checksum")
                }
                count -= 4
            case .deflate:
                // A checksum that was taken before compression comes out with the elements.
                let extra = applied[..<position].contains { filters[$0] == .fletcher32 } ? 4 : 0
                let out = scratch.other(than: start)
                try Inflate.zlib(start, count, into: out, expected + extra, of: name)
                (start, count) = (UnsafeRawPointer(out), expected + extra)
            case .shuffle:
                guard element > 1, count >= element else { continue }
                guard count <= expected + 4 else { throw wrongSize(count, expected, name) }
                let out = scratch.other(than: start)
                let elements = count / element
                for byte in 0..<element {
                    let plane = start + byte * elements
                    for index in 0..<elements {
                        out[index * element + byte] = plane.load(fromByteOffset: index, as: UInt8.self)
                    }
                }
                let whole = elements * element
                if whole < count { memcpy(out + whole, start + whole, count - whole) }
                start = UnsafeRawPointer(out)
            }
        }
        guard count == expected else { throw wrongSize(count, expected, name) }
        return start
    }

    private func wrongSize(_ count: Int, _ expected: Int, _ name: String) -> ApusError {
        FileBytes.damaged("a chunk of '\(name)' has \(count) bytes instead of \(expected)")
    }
}

/// Memory in which chunks of one array are decoded, one after the other.
final class FilterScratch {
    private let first: Buffer<UInt8>
    private let second: Buffer<UInt8>

    /// Bytes that it takes.
    static func size(_ filters: FilterPipeline, chunkSize: Int) -> Int {
        let (size, overflow) = chunkSize.addingReportingOverflow(4)
        return filters.isEmpty ? 0 : overflow ? Int.max : size.multipliedReportingOverflow(by: 2).partialValue
    }

    init(_ filters: FilterPipeline, chunkSize: Int, in allocator: Allocator) throws(ApusError) {
        let size = FilterScratch.size(filters, chunkSize: chunkSize) / 2
        first = try Buffer(size, in: allocator)
        second = try Buffer(size, in: allocator)
    }

    /// One of its two places, the one that does not begin at `start`.
    func other(than start: UnsafeRawPointer) -> UnsafeMutablePointer<UInt8> {
        start == UnsafeRawPointer(first.pointer) ? second.pointer : first.pointer
    }
}

/// Fletcher's checksum over big-endian words of 16 bits, as HDF5 computes it.
enum Fletcher32 {
    /// Whether the little-endian checksum after `count` bytes is theirs. An old libhdf5 swapped its halves' bytes.
    static func isRight(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        var first: UInt32 = 0
        var second: UInt32 = 0
        var index = 0
        while index < count {
            let high = UInt32(bytes.load(fromByteOffset: index, as: UInt8.self)) << 8
            let low = index + 1 < count ? UInt32(bytes.load(fromByteOffset: index + 1, as: UInt8.self)) : 0
            first = (first + high + low) % 65_535
            second = (second + first) % 65_535
            index += 2
        }
        let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: count, as: UInt32.self))
        // Ones' complement sums have two zeros.
        func same(_ a: UInt32, _ b: UInt32) -> Bool { a % 65_535 == b % 65_535 }
        let swapped = stored >> 8 & 0x00FF_00FF | stored << 8 & 0xFF00_FF00
        return [stored, swapped].contains { same($0 >> 16, second) && same($0 & 0xFFFF, first) }
    }
}
