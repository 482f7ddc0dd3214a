import Core
import Glibc

/// An array in a file: type and shape are known, nothing is allocated before they are found good.
struct StoredArray {
    let name: String
    let type: Datatype
    let shape: Shape
    let count: Int
    let layout: Layout
    let filters: FilterPipeline
    private let file: FileReader

    /// Reads the array's description. Throws for groups, external and virtual storage, unknown filters, and an array
    /// that was read before.
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

    /// Floats as float32 and whole numbers as int64, as weights are held. Floats go to `place` where there is one.
    func weight(at place: Tensor?) throws(ApusError) -> Tensor {
        guard let place, case .float = type else { return try tensor(exact: false) }
        guard place.dtype == .float32, place.shape == shape else {
            throw ApusError(.internal, "The place for '\(name)' does not fit it.")
        }
        return try tensor(.float32, at: place)
    }

    /// Throws unless the file has room for all elements; so that memory for them is not asked for in vain. What lies in
    /// one piece adds to `bytes`.
    func checkStored(_ bytes: inout Int) throws(ApusError) {
        let size = try byteCount(of: count)
        switch layout {
        case .whole(let place, let stored):
            if size == 0 { return }
            try checkPlace(place, stored, size)
            let (sum, overflow) = bytes.addingReportingOverflow(size)
            guard !overflow, sum <= file.bytes.count else {
                throw FileBytes.damaged("the array '\(name)' would be larger than the file")
            }
            bytes = sum
        case .chunked:
            guard size / ChunkIndex.maximumRatio <= file.bytes.count else {
                throw FileBytes.damaged("the array '\(name)' would be larger than the file")
            }
        }
    }

    /// The array as this library holds its type: floats as they are, whole numbers as int64 unless `exact`, booleans.
    func tensor(exact: Bool) throws(ApusError) -> Tensor {
        switch type {
        case .float(8, _) where exact: try tensor(.float64)
        case .float(let size, _) where !exact || size == 4: try tensor(.float32)
        case .brainFloat where !exact: try tensor(.float32)
        case .integer(4, true, _) where exact: try tensor(.int32)
        case .integer(8, true, _) where exact: try tensor(.int64)
        case .integer(1, false, _) where exact: try tensor(.uint8)
        case .integer where !exact: try tensor(.int64)
        case .boolean where exact: try tensor(.bool)
        default: throw type.unreadable(name)
        }
    }

    /// The texts of a list or a scalar, all of one fixed size.
    func texts() throws(ApusError) -> [String] {
        guard case .text(let size) = type, case .whole(let place, let stored) = layout, filters.isEmpty else {
            throw type.unreadable(name)
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

    private func byteCount(of elements: Int) throws(ApusError) -> Int {
        let (size, overflow) = elements.multipliedReportingOverflow(by: type.size)
        if overflow { throw FileBytes.damaged("the array '\(name)' has an absurd shape") }
        return size
    }

    /// Where an unchunked array lies, all of it inside the file.
    func wholePlace(_ place: Int?, _ stored: Int, _ size: Int) throws(ApusError) -> Int {
        let start = try checkPlace(place, stored, size)
        try file.draw(size, name)
        return start
    }

    @discardableResult
    private func checkPlace(_ place: Int?, _ stored: Int, _ size: Int) throws(ApusError) -> Int {
        guard let place, size <= stored else {
            throw FileBytes.damaged("the array '\(name)' of shape \(shape) is not all there")
        }
        try file.bytes.check(place, size, "the array '\(name)'")
        return place
    }

    /// The array in new memory, or in `given` memory.
    private func tensor(_ dtype: DType, at given: Tensor? = nil) throws(ApusError) -> Tensor {
        try file.context.checkInterrupt()
        let size = try byteCount(of: count)
        switch layout {
        case .whole(let place, let stored):
            guard filters.isEmpty else { throw FileBytes.damaged("the array '\(name)' has filters without chunks") }
            let start = try count == 0 ? nil : wholePlace(place, stored, size)
            let tensor = try allocate(dtype, given)
            if let start { try read(from: start, to: UnsafeMutableRawPointer(tensor.bytes.pointer), dtype) }
            return tensor
        case .chunked(let chunking):
            let chunks = try ChunkReader(chunking, of: self, filters, in: file)
            let tensor = try allocate(dtype, given)
            if type.isNative(dtype) {
                let out = UnsafeMutableRawPointer(tensor.bytes.pointer)
                try chunks.read(into: out)
                try type.convert(UnsafeRawPointer(out), count, to: out, dtype, of: name)
            } else {
                let raw = try Buffer<UInt8>(size, in: file.context.allocator)
                try chunks.read(into: UnsafeMutableRawPointer(raw.pointer))
                try type.convert(
                    UnsafeRawPointer(raw.pointer), count, to: UnsafeMutableRawPointer(tensor.bytes.pointer), dtype,
                    of: name)
                withExtendedLifetime(raw) {}
            }
            return tensor
        }
    }

    /// Reads elements that lie in one piece, what has to be converted piece by piece.
    private func read(from start: Int, to out: UnsafeMutableRawPointer, _ dtype: DType) throws(ApusError) {
        func check() throws(ApusError) { try file.context.checkInterrupt() }
        if type.isNative(dtype) {
            try file.bytes.copy(start, count * type.size, to: out, check: check)
            return try type.convert(UnsafeRawPointer(out), count, to: out, dtype, of: name)
        }
        let most = max(min(count, StoredArray.pieceSize / type.size), 1)
        let piece = try Buffer<UInt8>(most * type.size, in: file.context.allocator)
        var done = 0
        while done < count {
            let part = min(most, count - done)
            let raw = UnsafeMutableRawPointer(piece.pointer)
            try file.bytes.copy(start + done * type.size, part * type.size, to: raw, check: check)
            try type.convert(UnsafeRawPointer(raw), part, to: out + done * dtype.size, dtype, of: name)
            done += part
        }
        withExtendedLifetime(piece) {}
    }

    /// Bytes that are converted at once.
    private static let pieceSize = 1 << 18

    private func allocate(_ dtype: DType, _ given: Tensor?) throws(ApusError) -> Tensor {
        let (size, overflow) = count.multipliedReportingOverflow(by: dtype.size)
        try file.admit(overflow ? -1 : size, name)
        if let given { return given }
        let tensor = try Tensor(dtype, shape, in: file.context.allocator)
        LargePages.advise(UnsafeMutableRawPointer(tensor.bytes.pointer), tensor.bytes.count)
        return tensor
    }
}
