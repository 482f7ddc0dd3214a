import Core
import Glibc

extension Datatype {
    /// Converts `count` elements of the array `name` to those of memory, which are aligned.
    func convert(
        _ source: UnsafeRawPointer, _ count: Int, to out: UnsafeMutableRawPointer, _ dtype: DType, of name: String
    ) throws(ApusError) {
        switch (self, dtype) {
        case (_, let dtype) where isNative(dtype):
            if source != UnsafeRawPointer(out) { memcpy(out, source, count * dtype.size) }
            if dtype == .bool, UnsafeRawBufferPointer(start: out, count: count).contains(where: { $0 > 1 }) {
                throw FileBytes.damaged("the booleans of '\(name)' are not all 0 or 1")
            }
        case (.float(4, true), .float32), (.integer(4, true, true), .int32):
            for index in 0..<count {
                let value = source.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                out.storeBytes(of: value.byteSwapped, toByteOffset: 4 * index, as: UInt32.self)
            }
        case (.float(8, true), .float64), (.integer(8, true, true), .int64):
            for index in 0..<count {
                let value = source.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                out.storeBytes(of: value.byteSwapped, toByteOffset: 8 * index, as: UInt64.self)
            }
        case (.float(8, let bigEndian), .float32):
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                let value = Float(Double(bitPattern: bigEndian ? bits.byteSwapped : bits))
                out.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
            }
        case (.float(2, let bigEndian), .float32):
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                let value = Float(halfBits: bigEndian ? bits.byteSwapped : bits)
                out.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
            }
        case (.brainFloat, .float32):
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                let value = UInt32(UInt16(littleEndian: bits)) << 16
                out.storeBytes(of: value, toByteOffset: 4 * index, as: UInt32.self)
            }
        case (.integer(let size, let signed, let bigEndian), .int64):
            for index in 0..<count {
                var bits: UInt64 = 0
                for byte in 0..<size {
                    let place = size * index + (bigEndian ? size - 1 - byte : byte)
                    bits |= UInt64(source.load(fromByteOffset: place, as: UInt8.self)) << UInt64(8 * byte)
                }
                let shift = UInt64(64 - 8 * size)
                let value = signed ? Int64(bitPattern: bits << shift) >> Int64(shift) : Int64(clamping: bits)
                out.storeBytes(of: value, toByteOffset: 8 * index, as: Int64.self)
            }
        default: throw unreadable(name)
        }
    }

    func unreadable(_ name: String) -> ApusError {
        .unsupported("The array '\(name)' has elements of type \(self.name), which cannot be used here.")
    }

    /// Whether elements in the file are those in memory, byte for byte.
    func isNative(_ dtype: DType) -> Bool {
        switch (self, dtype) {
        case (.float(4, false), .float32), (.float(8, false), .float64), (.integer(4, true, false), .int32),
            (.integer(8, true, false), .int64), (.integer(1, false, _), .uint8), (.boolean, .bool):
            true
        default: false
        }
    }
}

extension Float {
    /// The value of an IEEE 754 half-precision number.
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10 & 0x1F)
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Zero and subnormal numbers: fraction * 2^-24.
            let value = Float(fraction) * 0x1p-24
            self = sign == 0 ? value : -value
        case 31: self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
