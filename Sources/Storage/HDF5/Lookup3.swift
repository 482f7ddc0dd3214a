/// Bob Jenkins's hash lookup3 (hashlittle, initial value 0), the checksum of HDF5's metadata.
enum Lookup3 {
    /// The hash of `length` bytes.
    static func hash(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt32 {
        let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: length)
        var (a, b, c) = (start, start, start)
        var place = bytes
        var left = length
        while left > 12 {
            a &+= word(place, 4)
            b &+= word(place + 4, 4)
            c &+= word(place + 8, 4)
            mix(&a, &b, &c)
            place += 12
            left -= 12
        }
        if left == 0 { return c }
        a &+= word(place, min(left, 4))
        if left > 4 { b &+= word(place + 4, min(left - 4, 4)) }
        if left > 8 { c &+= word(place + 8, left - 8) }
        finish(&a, &b, &c)
        return c
    }

    private static func word(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<count {
            value |= UInt32(bytes.load(fromByteOffset: index, as: UInt8.self)) << UInt32(8 * index)
        }
        return value
    }

    private static func rotate(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }

    private static func mix(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        a = (a &- c) ^ rotate(c, 4)
        c = c &+ b
        b = (b &- a) ^ rotate(a, 6)
        a = a &+ c
        c = (c &- b) ^ rotate(b, 8)
        b = b &+ a
        a = (a &- c) ^ rotate(c, 16)
        c = c &+ b
        b = (b &- a) ^ rotate(a, 19)
        a = a &+ c
        c = (c &- b) ^ rotate(b, 4)
        b = b &+ a
    }

    private static func finish(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        c = (c ^ b) &- rotate(b, 14)
        a = (a ^ c) &- rotate(c, 11)
        b = (b ^ a) &- rotate(a, 25)
        c = (c ^ b) &- rotate(b, 16)
        a = (a ^ c) &- rotate(c, 4)
        b = (b ^ a) &- rotate(a, 14)
        c = (c ^ b) &- rotate(b, 24)
    }
}
