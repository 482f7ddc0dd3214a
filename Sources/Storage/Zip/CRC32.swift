/// The cyclic redundancy check of zip archives: CRC-32 of ISO 3309, reflected polynomial EDB88320.
enum CRC32 {
    /// Eight tables of 256: what a byte does to the remainder when 0 to 7 bytes come after it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
            tables[byte] = remainder
        }
        for index in 256..<8 * 256 {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()

    /// The checksum of the bytes: of "123456789" CBF43926.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            func entry(_ table: Int, _ byte: UInt64) -> UInt32 { tables[table << 8 | Int(byte & 0xFF)] }
            var remainder: UInt32 = 0xFFFF_FFFF
            var place = 0
            while place &+ 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                    ^ UInt64(remainder)
                remainder =
                    entry(7, word) ^ entry(6, word >> 8) ^ entry(5, word >> 16) ^ entry(4, word >> 24)
                    ^ entry(3, word >> 32) ^ entry(2, word >> 40) ^ entry(1, word >> 48) ^ entry(0, word >> 56)
                place &+= 8
            }
            while place < bytes.count {
                remainder = remainder >> 8 ^ entry(0, UInt64(remainder) ^ UInt64(bytes[place]))
                place &+= 1
            }
            return ~remainder
        }
    }
}
