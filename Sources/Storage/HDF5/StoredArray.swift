import Core
import Glibc

/// An array in a file: type and shape are known, nothing is allocated before they are found good.
struct StoredArray {
    let name: String
    let type: Datatype
    let shape: Shape
    let count: Int
    private let file: FileReader
    private let layout: Layout
    private let filters: FilterPipeline

    /// Reads the array's description. Throws for groups, external and virtual storage, unknown filters, and an array that
    /// was read before.
    init(_ object: FileObject, _ name: String) throws(ApusError) {
        self.name = name
        self.file = object.file
        let header = object.header
        guard object.isArray, var layout = try header.first(.layout), var type = try header.first(.datatype),
            var space = try header.first(.dataspace)
        else { throw FileBytes.damaged("'\(name)' should be an array and is \(object.isGroup ? "a group" : "none")") }
        try file.visit(object.address, name)
        if header.messages.contains(where: { $0.kind == .externalFiles }) {
            throw .unsupported("The array '\(name)' is stored in other files; that is refused.")
        }
        self.type = try Datatype(&type)
        let extents = try Dataspace(&space)
        self.shape = try extents.shape(of: name)
        self.count = try extents.count()
        self.layout = try Layout(&layout, of: name)
        if var message = try header.first(.filters) {
            filters = try FilterPipeline(&message, of: name)
        } else {
            filters = FilterPipeline()
        }
    }

    /// The array as float32, from floats of 2, 4 or 8 bytes.
    func floats() throws(ApusError) -> Tensor { try tensor(.float32) }

    /// The array as this library holds its type: floats as they are, whole numbers as int64 unless `exact`, booleans.
    func tensor(exact: Bool) throws(ApusError) -> Tensor {
        switch type {
        case .float(8, _) where exact: try tensor(.float64)
        case .float(let size, _) where !exact || size == 4: try tensor(.float32)
        case .integer(4, true, _) where exact: try tensor(.int32)
        case .integer(8, true, _) where exact: try tensor(.int64)
        case .integer(1, false, _) where exact: try tensor(.uint8)
        case .integer where !exact: try tensor(.int64)
        case .boolean where exact: try tensor(.bool)
        default: throw unreadable()
        }
    }

    /// The texts of a list or a scalar, all of one fixed size.
    func texts() throws(ApusError) -> [String] {
        guard case .text(let size) = type, case .whole(let place, let stored) = layout, filters.isEmpty else {
            throw unreadable()
        }
        if count == 0 { return [] }
        let bytes = try byteCount(of: count)
        let start = try wholePlace(place, stored, bytes)
        guard count / 16 <= file.limits.maximumLayers else { throw tooManyTexts() }
        try file.admit(bytes, name)
        var cursor = try file.bytes.cursor(start, bytes, "the array '\(name)'")
        var texts: [String] = []
        for _ in 0..<count { texts.append(try cursor.paddedText(size)) }
        return texts
    }

    private func tooManyTexts() -> ApusError {
        .limit("The list '\(name)' has \(count) texts; the limit is 16 times \(file.limits.maximumLayers).")
    }

    private func unreadable() -> ApusError {
        .unsupported("The array '\(name)' has elements of type \(type.name), which cannot be used here.")
    }

    private func byteCount(of elements: Int) throws(ApusError) -> Int {
        let (size, overflow) = elements.multipliedReportingOverflow(by: type.size)
        if overflow { throw FileBytes.damaged("the array '\(name)' has an absurd shape") }
        return size
    }

    /// Where an unchunked array lies, all of it inside the file.
    private func wholePlace(_ place: Int?, _ stored: Int, _ size: Int) throws(ApusError) -> Int {
        guard let place, size <= stored else {
            throw FileBytes.damaged("the array '\(name)' of shape \(shape) is not all there")
        }
        try file.draw(size, name)
        try file.bytes.check(place, size, "the array '\(name)'")
        return place
    }

    private func tensor(_ dtype: DType) throws(ApusError) -> Tensor {
        try file.context.checkInterrupt()
        let size = try byteCount(of: count)
        switch layout {
        case .whole(let place, let stored):
            guard filters.isEmpty else { throw FileBytes.damaged("the array '\(name)' has filters without chunks") }
            let start = try count == 0 ? nil : wholePlace(place, stored, size)
            let tensor = try allocate(dtype)
            if let start { try convert(file.bytes.start + start, to: tensor) }
            return tensor
        case .chunked(let chunking):
            let chunks = try ChunkReader(chunking, of: self, filters, in: file)
            let tensor = try allocate(dtype)
            if type.isNative(dtype) {
                try chunks.read(into: UnsafeMutableRawPointer(tensor.bytes.pointer))
                try convert(UnsafeRawPointer(tensor.bytes.pointer), to: tensor)
            } else {
                let raw = try Buffer<UInt8>(size, in: file.context.allocator)
                try chunks.read(into: UnsafeMutableRawPointer(raw.pointer))
                try convert(UnsafeRawPointer(raw.pointer), to: tensor)
                withExtendedLifetime(raw) {}
            }
            return tensor
        }
    }

    private func allocate(_ dtype: DType) throws(ApusError) -> Tensor {
        let (size, overflow) = count.multipliedReportingOverflow(by: dtype.size)
        try file.admit(overflow ? -1 : size, name)
        return try Tensor(dtype, shape, in: file.context.allocator)
    }

    /// Converts `count` elements of the file's type to the tensor's.
    private func convert(_ source: UnsafeRawPointer, to tensor: Tensor) throws(ApusError) {
        let out = UnsafeMutableRawPointer(tensor.bytes.pointer)
        switch (type, tensor.dtype) {
        case (_, let dtype) where type.isNative(dtype):
            if source != UnsafeRawPointer(out) { memcpy(out, source, tensor.bytes.count) }
            if dtype == .bool, tensor.bytes.elements.contains(where: { $0 > 1 }) {
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
                tensor.floats[index] = Float(Double(bitPattern: bigEndian ? bits.byteSwapped : bits))
            }
        case (.float(2, let bigEndian), .float32):
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                tensor.floats[index] = Float(halfBits: bigEndian ? bits.byteSwapped : bits)
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
                tensor.int64s[index] = value
            }
        default: throw unreadable()
        }
    }
}

extension Datatype {
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
