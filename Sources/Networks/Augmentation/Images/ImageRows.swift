import Core
import Glibc

/// Images as they come from and go to arrays of float32 or uint8.
enum ImageRows {
    /// Copies image `number` to floats; false where one is not finite.
    static func load(_ images: ArrayView, _ number: Int, to out: UnsafeMutablePointer<Float>, count: Int) -> Bool {
        if images.isDense {
            let row = images.data + number * count * images.dtype.size
            if images.dtype == .uint8 {
                let bytes = row.assumingMemoryBound(to: UInt8.self)
                for index in 0..<count { out[index] = Float(bytes[index]) }
                return true
            }
            memcpy(out, row, count * 4)
        } else {
            let row = images.rowView(number)
            if images.dtype == .uint8 {
                row.forEachElement { out[$0] = Float($1.load(as: UInt8.self)) }
                return true
            }
            row.forEachElement { out[$0] = $1.loadUnaligned(as: Float.self) }
        }
        return isFinite(out, count: count)
    }

    /// x - x is 0 for finite numbers and NaN for the others.
    static func isFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
        var sums = SIMD16<Float>(repeating: 0)
        var index = 0
        while index + 16 <= count {
            let block = UnsafeRawPointer(values + index).loadUnaligned(as: SIMD16<Float>.self)
            sums += block - block
            index += 16
        }
        var rest: Float = 0
        while index < count {
            rest += values[index] - values[index]
            index += 1
        }
        return sums.sum() + rest == 0
    }

    /// Copies an image to a row of float32, or of uint8: rounded, and cut to 0 to 255.
    static func store(_ image: UnsafePointer<Float>, _ out: ArrayView, _ number: Int, count: Int) {
        if out.dtype == .float32 {
            if out.isDense {
                memcpy(out.data + number * count * 4, image, count * 4)
            } else {
                out.rowView(number).forEachElement { $1.copyMemory(from: image + $0, byteCount: 4) }
            }
            return
        }
        func byte(_ value: Float) -> UInt8 {
            // False for NaN, which computing with finite numbers beyond float32 may give.
            value > 0 ? UInt8(min(value, 255).rounded(.toNearestOrEven)) : 0
        }
        if out.isDense {
            let bytes = (out.data + number * count).assumingMemoryBound(to: UInt8.self)
            for index in 0..<count { bytes[index] = byte(image[index]) }
        } else {
            out.rowView(number).forEachElement { $1.storeBytes(of: byte(image[$0]), as: UInt8.self) }
        }
    }

    /// What is wrong with an image that was not loaded.
    static func notFinite(_ images: ArrayView, _ number: Int, _ name: String = "images") -> ApusError {
        var fault = Float.nan
        images.rowView(number).forEachElement { _, pointer in
            let value = pointer.loadUnaligned(as: Float.self)
            if !value.isFinite { fault = value }
        }
        return .invalid("\(name) must be finite; row \(number) holds \(fault).")
    }
}
