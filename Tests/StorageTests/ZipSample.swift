/// A zip archive put together by hand, so that every field can be wrong.
struct ZipSample {
    struct Member {
        var name: [UInt8]
        var content: [UInt8]
        /// What is in the archive: the content itself, or blocks of deflate.
        var packed: [UInt8]
        var method = 0
        var flags = 0
        var checksum: UInt32
        /// What the directory says; nil for the truth.
        var size: Int?
        var stored: Int?
        var place: Int?
        /// In the local header zeros stand for checksum and sizes.
        var isStreamed = false
        /// Sizes and place are in fields of zip64.
        var isWide = false
        /// The name and the method in the local header; nil for the same.
        var localName: [UInt8]?
        var localMethod: Int?

        init(_ name: String, _ content: [UInt8]) {
            self.name = Array(name.utf8)
            self.content = content
            packed = content
            checksum = ZipSample.checksum(content)
        }

        /// The content in deflate's blocks without compression.
        mutating func deflate() {
            method = 8
            packed = []
            var rest = content[...]
            repeat {
                let block = rest.prefix(60_000)
                rest = rest.dropFirst(block.count)
                packed.append(rest.isEmpty ? 1 : 0)
                packed += ZipSample.bytes(block.count, 2) + ZipSample.bytes(~block.count, 2) + block
            } while !rest.isEmpty
        }
    }

    var members: [Member]
    var comment: [UInt8] = []
    /// What the record at the end says; nil for the truth.
    var count: Int?
    var directoryPlace: Int?
    var disk = 0
    /// The record at the end has a wide one before it.
    var isWide = false

    func member(_ name: String) -> Int { members.firstIndex { $0.name == Array(name.utf8) } ?? 0 }

    static func bytes(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// CRC-32, bit by bit.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~remainder
    }

    var image: [UInt8] {
        func bytes(_ value: Int, _ width: Int) -> [UInt8] { Self.bytes(value, width) }
        let wide = 0xFFFF_FFFF
        var image: [UInt8] = []
        var places: [Int] = []
        for member in members {
            places.append(image.count)
            let (size, stored) = (member.content.count, member.packed.count)
            let hides = member.isStreamed
            image += bytes(0x0403_4B50, 4) + bytes(20, 2) + bytes(member.flags | (hides ? 8 : 0), 2)
            image += bytes(member.localMethod ?? member.method, 2) + bytes(0, 4)
            image += bytes(hides ? 0 : Int(member.checksum), 4)
            image += bytes(hides ? 0 : member.isWide ? wide : stored, 4) + bytes(hides ? 0 : member.isWide ? wide : size, 4)
            let name = member.localName ?? member.name
            let extra = member.isWide && !hides ? bytes(1, 2) + bytes(16, 2) + bytes(size, 8) + bytes(stored, 8) : []
            image += bytes(name.count, 2) + bytes(extra.count, 2) + name + extra + member.packed
            if hides { image += bytes(0x0807_4B50, 4) + bytes(Int(member.checksum), 4) + bytes(stored, 4) + bytes(size, 4) }
        }
        let start = image.count
        for (member, place) in zip(members, places) {
            let (size, stored) = (member.size ?? member.content.count, member.stored ?? member.packed.count)
            let place = member.place ?? place
            image += bytes(0x0201_4B50, 4) + bytes(20, 2) + bytes(20, 2)
            image += bytes(member.flags | (member.isStreamed ? 8 : 0), 2) + bytes(member.method, 2) + bytes(0, 4)
            image += bytes(Int(member.checksum), 4)
            image += bytes(member.isWide ? wide : stored, 4) + bytes(member.isWide ? wide : size, 4)
            let extra =
                member.isWide ? bytes(1, 2) + bytes(24, 2) + bytes(size, 8) + bytes(stored, 8) + bytes(place, 8) : []
            image += bytes(member.name.count, 2) + bytes(extra.count, 2) + bytes(0, 2) + bytes(0, 2) + bytes(0, 6)
            image += bytes(member.isWide ? wide : place, 4) + member.name + extra
        }
        let (size, end) = (image.count - start, image.count)
        let (count, place) = (count ?? members.count, directoryPlace ?? start)
        if isWide {
            image += bytes(0x0606_4B50, 4) + bytes(44, 8) + bytes(45, 2) + bytes(45, 2) + bytes(disk, 4) + bytes(disk, 4)
            image += bytes(count, 8) + bytes(count, 8) + bytes(size, 8) + bytes(place, 8)
            image += bytes(0x0706_4B50, 4) + bytes(0, 4) + bytes(end, 8) + bytes(1, 4)
        }
        image += bytes(0x0605_4B50, 4) + bytes(isWide ? 0xFFFF : disk, 2) + bytes(isWide ? 0xFFFF : disk, 2)
        image += bytes(isWide ? 0xFFFF : count, 2) + bytes(isWide ? 0xFFFF : count, 2)
        image += bytes(isWide ? wide : size, 4) + bytes(isWide ? wide : place, 4) + bytes(comment.count, 2) + comment
        return image
    }
}
