import Core
import Glibc

/// Decompresses zlib streams (RFC 1950, 1951) of known size. Its own, so that a hostile stream can do nothing but fail.
struct Inflate {
    private let input: UnsafeRawPointer
    private let inputCount: Int
    private var inputPosition = 0
    private var bits: UInt64 = 0
    private var bitCount = 0
    private let output: UnsafeMutablePointer<UInt8>
    private let outputCount: Int
    private var outputPosition = 0
    private let name: String

    /// Fills `out` from the stream. Throws `corrupt` unless the stream holds exactly as much and its Adler-32 is right.
    static func zlib(
        _ bytes: UnsafeRawPointer, _ count: Int, into out: UnsafeMutablePointer<UInt8>, _ outCount: Int, of name: String
    ) throws(ApusError) {
        var inflate = Inflate(bytes, count, out, outCount, name)
        try inflate.run()
    }

    /// Fills `out` from a stream without zlib's frame, as zip archives have it. Throws `corrupt` unless the stream is
    /// whole, ends where it should and holds exactly as much.
    static func raw(
        _ bytes: UnsafeRawPointer, _ count: Int, into out: UnsafeMutablePointer<UInt8>, _ outCount: Int, of name: String
    ) throws(ApusError) {
        var inflate = Inflate(bytes, count, out, outCount, name)
        try inflate.blocks()
        guard inflate.bitCount < 8, inflate.inputPosition == count else { throw inflate.damaged() }
    }

    private init(
        _ bytes: UnsafeRawPointer, _ count: Int, _ out: UnsafeMutablePointer<UInt8>, _ outCount: Int, _ name: String
    ) {
        input = bytes
        inputCount = count
        output = out
        outputCount = outCount
        self.name = name
    }

    private func damaged() -> ApusError { FileBytes.damaged("the compressed data of '\(name)' makes no sense") }

    private mutating func run() throws(ApusError) {
        let method = try take(8)
        let flags = try take(8)
        guard method & 15 == 8, method >> 4 <= 7, (method << 8 | flags) % 31 == 0, flags & 0x20 == 0 else {
            throw damaged()
        }
        try blocks()
        _ = try take(bitCount & 7)
        var stored = 0
        for _ in 0..<4 { stored = stored << 8 | (try take(8)) }
        guard stored == adler32() || !Checksum.counts else { throw damaged() }
    }

    /// All blocks up to the last, which must fill the output.
    private mutating func blocks() throws(ApusError) {
        var last = false
        while !last {
            last = try take(1) == 1
            switch try take(2) {
            case 0: try stored()
            case 1: try compressed(Inflate.fixedLiterals, Inflate.fixedDistances)
            case 2:
                let (literals, distances) = try dynamicCodes()
                try compressed(literals, distances)
            default: throw damaged()
            }
        }
        guard outputPosition == outputCount else { throw damaged() }
    }

    private func adler32() -> Int {
        var a = 1
        var b = 0
        var index = 0
        while index < outputCount {
            let end = min(index + 4096, outputCount)
            while index < end {
                a &+= Int(output[index])
                b &+= a
                index &+= 1
            }
            a %= 65_521
            b %= 65_521
        }
        return b << 16 | a
    }

    // Bits

    /// Makes at least `count` bits (at most 56) there, if the input has them.
    @inline(__always)
    private mutating func fill(_ count: Int) {
        if bitCount >= count { return }
        if inputCount - inputPosition >= 8 {
            // Whole bytes as far as there is room; bits above them come again with the next word.
            let word = UInt64(littleEndian: input.loadUnaligned(fromByteOffset: inputPosition, as: UInt64.self))
            bits |= word << UInt64(bitCount)
            let bytes = (63 - bitCount) >> 3
            inputPosition += bytes
            bitCount += bytes << 3
            return
        }
        while bitCount <= 56, inputPosition < inputCount {
            bits |= UInt64(input.load(fromByteOffset: inputPosition, as: UInt8.self)) << UInt64(bitCount)
            bitCount += 8
            inputPosition += 1
        }
    }

    /// The next 0 to 16 bits.
    private mutating func take(_ count: Int) throws(ApusError) -> Int {
        fill(count)
        guard bitCount >= count else { throw damaged() }
        let value = Int(bits & ((1 << UInt64(count)) - 1))
        bits >>= UInt64(count)
        bitCount -= count
        return value
    }

    // Blocks

    private mutating func stored() throws(ApusError) {
        _ = try take(bitCount & 7)
        let length = try take(16)
        let complement = try take(16)
        guard length == ~complement & 0xFFFF, length <= outputCount - outputPosition else { throw damaged() }
        // Whole bytes that are buffered go back.
        inputPosition -= bitCount >> 3
        (bits, bitCount) = (0, 0)
        guard length <= inputCount - inputPosition else { throw damaged() }
        memcpy(output + outputPosition, input + inputPosition, length)
        inputPosition += length
        outputPosition += length
    }

    private mutating func compressed(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(ApusError) {
        let (lengthBase, lengthBits) = (Inflate.lengthBase, Inflate.lengthBits)
        let (distanceBase, distanceBits) = (Inflate.distanceBase, Inflate.distanceBits)
        // Changed here, and put back at the end: memory is written through another pointer meanwhile.
        var position = outputPosition
        defer { outputPosition = position }
        while true {
            let symbol = try decode(literals)
            if symbol < 256 {
                guard position < outputCount else { throw damaged() }
                output[position] = UInt8(truncatingIfNeeded: symbol)
                position += 1
                continue
            }
            if symbol == 256 { return }
            guard symbol <= 285 else { throw damaged() }
            let length = lengthBase[symbol - 257] + (try take(lengthBits[symbol - 257]))
            let code = try decode(distances)
            guard code < 30 else { throw damaged() }
            let distance = distanceBase[code] + (try take(distanceBits[code]))
            guard distance <= position, length <= outputCount - position else { throw damaged() }
            let source = output + (position - distance)
            let target = output + position
            if distance >= length {
                memcpy(target, source, length)
            } else if distance == 1 {
                memset(target, Int32(source[0]), length)
            } else {
                // What was just written is read again.
                for index in 0..<length { target[index] = source[index] }
            }
            position += length
        }
    }

    @inline(__always)
    private mutating func decode(_ code: HuffmanCode) throws(ApusError) -> Int {
        fill(15)
        let entry = code.entry(at: bits)
        let length = entry & 15
        guard entry != 0, length <= bitCount else { throw damaged() }
        bits >>= UInt64(length)
        bitCount -= length
        return entry >> 4
    }

    private mutating func dynamicCodes() throws(ApusError) -> (HuffmanCode, HuffmanCode) {
        let literals = try take(5) + 257
        let distances = try take(5) + 1
        let count = try take(4) + 4
        guard literals <= 286, distances <= 30 else { throw damaged() }
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var lengths = [Int](repeating: 0, count: 19)
        for index in 0..<count { lengths[order[index]] = try take(3) }
        guard let lengthCode = HuffmanCode(lengths) else { throw damaged() }
        var all: [Int] = []
        while all.count < literals + distances {
            let symbol = try decode(lengthCode)
            let (value, times): (Int, Int)
            switch symbol {
            case 0...15: (value, times) = (symbol, 1)
            case 16:
                guard let previous = all.last else { throw damaged() }
                (value, times) = (previous, 3 + (try take(2)))
            case 17: (value, times) = (0, 3 + (try take(3)))
            default: (value, times) = (0, 11 + (try take(7)))
            }
            guard all.count + times <= literals + distances else { throw damaged() }
            all.append(contentsOf: repeatElement(value, count: times))
        }
        guard all[256] > 0, let literalCode = HuffmanCode(Array(all[..<literals])),
            let distanceCode = HuffmanCode(Array(all[literals...]))
        else { throw damaged() }
        return (literalCode, distanceCode)
    }

    private static let fixedLiterals = HuffmanCode(
        fixed: [(8, 144), (9, 112), (7, 24), (8, 8)].flatMap { [Int](repeating: $0.0, count: $0.1) })
    private static let fixedDistances = HuffmanCode(fixed: [Int](repeating: 5, count: 30))

    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBase = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12289, 16385, 24577,
    ]
    private static let distanceBits = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]
}

/// A canonical Huffman code of at most 15 bits, as one table over the next bits of the stream.
struct HuffmanCode {
    /// For as many bits as the longest word has: symbol << 4 | length; 0 for no symbol.
    private var table: [UInt16]
    private let mask: UInt64

    /// The code with these lengths; nil when they are over-subscribed.
    init?(_ lengths: [Int]) {
        self.init(fixed: lengths)
        var space = 0
        for length in lengths where length > 0 { space += 1 << (15 - length) }
        if space > 1 << 15 { return nil }
    }

    init(fixed lengths: [Int]) {
        let longest = max(lengths.max() ?? 0, 1)
        mask = (1 << UInt64(longest)) - 1
        table = [UInt16](repeating: 0, count: 1 << longest)
        var counts = [Int](repeating: 0, count: 16)
        for length in lengths where length > 0 { counts[length] += 1 }
        var next = [Int](repeating: 0, count: 17)
        for length in 1...15 { next[length + 1] = (next[length] + counts[length]) << 1 }
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let code = next[length]
            next[length] += 1
            guard code < 1 << length else { continue }
            // The stream has codes from their highest bit on, in its lowest bits.
            var reversed = 0
            for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
            var entry = reversed
            while entry < table.count {
                table[entry] = UInt16(symbol << 4 | length)
                entry += 1 << length
            }
        }
    }

    /// symbol << 4 | length of what the next bits begin with; 0 for nothing.
    @inline(__always)
    func entry(at bits: UInt64) -> Int { Int(table[Int(truncatingIfNeeded: bits & mask)]) }
}
