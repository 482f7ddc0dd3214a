import CApus
import Core
import Glibc

/// A checked view of a caller's array that is read.
func input(_ pointer: UnsafePointer<apus_array>?, _ name: String) throws(ApusError) -> ArrayView {
    guard let pointer else { throw .invalid("\(name) must not be NULL.") }
    return try view(pointer, name, needsData: true)
}

/// A checked view of a caller's array that is written: no two elements may share memory.
func output(_ pointer: UnsafeMutablePointer<apus_array>?, _ name: String) throws(ApusError) -> ArrayView {
    guard let pointer else { throw .invalid("\(name) must not be NULL.") }
    let result = try view(UnsafePointer(pointer), name, needsData: true)
    if !result.isDense, overlaps(result) {
        throw .invalid("\(name) has strides \(result.strides) for shape \(result.shape): elements share memory.")
    }
    return result
}

let shapeOffset = MemoryLayout<apus_array>.offset(of: \.shape) ?? 24
let stridesOffset = MemoryLayout<apus_array>.offset(of: \.strides) ?? 88

/// Throws for a struct that is not initialised, an unknown dtype, a rank or extent out of range, sizes whose product
/// overflows, and NULL data for an array that is not empty.
private func view(_ pointer: UnsafePointer<apus_array>, _ name: String, needsData: Bool) throws(ApusError) -> ArrayView
{
    let array = UnsafeRawPointer(pointer)
    let size = array.loadUnaligned(as: UInt32.self)
    guard size >= UInt32(MemoryLayout<apus_array>.size) else {
        throw .invalid(
            "\(name) has struct_size \(size), expected at least \(MemoryLayout<apus_array>.size): initialise it with an APUS_ARRAY macro."
        )
    }
    guard let dtype = DType(rawValue: pointer.pointee.dtype) else {
        throw .dtype("\(name) has dtype \(pointer.pointee.dtype), expected 1 (APUS_FLOAT32) to 6 (APUS_BOOL).")
    }
    let rank = Int(pointer.pointee.ndim)
    guard rank >= 0, rank <= Shape.maximumRank else {
        throw .shape("\(name) has ndim \(rank), expected 0 to \(Shape.maximumRank).")
    }
    let flags = pointer.pointee.flags
    guard flags & ~APUS_ARRAY_STRIDED == 0 else {
        throw .invalid("\(name) has flags \(flags), expected 0 or APUS_ARRAY_STRIDED.")
    }
    var shape = Shape()
    var strides = Shape()
    for index in 0..<rank {
        let extent = array.loadUnaligned(fromByteOffset: shapeOffset + 8 * index, as: Int64.self)
        guard extent >= 0 else { throw .shape("\(name) has extent \(extent) in dimension \(index).") }
        shape.append(Int(extent))
        // The stride of an extent of 0 or 1 is never stepped, so whatever the caller left there is dropped.
        let stride = Int(array.loadUnaligned(fromByteOffset: stridesOffset + 8 * index, as: Int64.self))
        strides.append(extent > 1 ? stride : 0)
    }
    guard let count = shape.checkedCount, count <= Int.max / 16 else {
        throw .shape("\(name) has shape \(shape), whose size overflows.")
    }
    let data: UnsafeMutableRawPointer
    if let given = pointer.pointee.data {
        data = given
    } else {
        guard count == 0 || !needsData else { throw .invalid("\(name) has data NULL.") }
        // An address for an array without elements; never read.
        data = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(emptyText))
    }
    guard flags & APUS_ARRAY_STRIDED != 0 else { return ArrayView(data: data, dtype: dtype, shape: shape) }
    // The farthest element on both sides must have an address.
    var reach = 0
    for index in 0..<rank where shape[index] > 1 && count > 0 {
        let (span, overflow) = strides[index].magnitude.multipliedReportingOverflow(by: UInt(shape[index] - 1))
        let (total, carry) = reach.addingReportingOverflow(Int(clamping: span))
        guard !overflow, !carry, total < Int.max / 2 else {
            throw .shape("\(name) has strides \(strides) for shape \(shape), which overflow.")
        }
        reach = total
    }
    return ArrayView(data: data, dtype: dtype, shape: shape, strides: strides)
}

/// Dense, aligned arrays of one shape that a call can take as runs.
struct DenseRuns {
    var dtype: DType
    var written: DType
    var count: Int
    var a: UnsafeRawPointer
    var out: UnsafeMutableRawPointer
}

/// Float arrays `a` and `out` (and `b` of the dtype of `a`) of one shape, all dense and aligned; nil for all others,
/// right or wrong, which `input` and `output` judge. Small calls spend their time on the views otherwise.
@inline(__always)
func denseRuns(
    _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> DenseRuns? {
    guard let a, let out, isPlain(a), isPlain(UnsafePointer(out)) else { return nil }
    let rank = a.pointee.ndim
    guard let dtype = DType(rawValue: a.pointee.dtype), dtype == .float32 || dtype == .float64,
        let written = DType(rawValue: out.pointee.dtype), out.pointee.ndim == rank, rank >= 0,
        rank <= Int32(Shape.maximumRank), let source = a.pointee.data, let target = out.pointee.data
    else { return nil }
    let (first, last) = (UnsafeRawPointer(a) + shapeOffset, UnsafeRawPointer(out) + shapeOffset)
    var count = 1
    for index in 0..<Int(rank) {
        let extent = first.loadUnaligned(fromByteOffset: 8 &* index, as: Int.self)
        guard extent > 0, extent == last.loadUnaligned(fromByteOffset: 8 &* index, as: Int.self) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        if overflow { return nil }
        count = product
    }
    guard count <= Int.max / 16, Int(bitPattern: source) & (dtype.size - 1) == 0,
        Int(bitPattern: target) & (written.size - 1) == 0
    else { return nil }
    if let b {
        guard isPlain(b), b.pointee.dtype == a.pointee.dtype, b.pointee.ndim == rank, let other = b.pointee.data,
            memcmp(UnsafeRawPointer(b) + shapeOffset, first, Int(rank) &* 8) == 0,
            Int(bitPattern: other) & (dtype.size - 1) == 0
        else { return nil }
    }
    return DenseRuns(dtype: dtype, written: written, count: count, a: UnsafeRawPointer(source), out: target)
}

/// Initialised and dense.
@inline(__always)
func isPlain(_ array: UnsafePointer<apus_array>) -> Bool {
    array.pointee.struct_size >= UInt32(MemoryLayout<apus_array>.size) && array.pointee.flags == 0
}

/// Whether elements of a written view may share memory: by size, each stride must step over the smaller ones.
private func overlaps(_ view: ArrayView) -> Bool {
    if view.count <= 1 { return false }
    let dimensions = (0..<view.shape.rank).filter { view.shape[$0] > 1 }
        .map { (stride: view.strides[$0].magnitude, extent: UInt(view.shape[$0])) }
        .sorted { $0.stride < $1.stride }
    var covered = UInt(view.dtype.size)
    for dimension in dimensions {
        if dimension.stride < covered { return true }
        covered = dimension.stride.multipliedReportingOverflow(by: dimension.extent).partialValue
    }
    return false
}

/// Fills dtype, rank and shape of a caller's array and says that it is dense; leaves data.
func describe(_ dtype: DType, _ shape: Shape, in pointer: UnsafeMutablePointer<apus_array>) throws(ApusError) {
    guard pointer.pointee.struct_size >= UInt32(MemoryLayout<apus_array>.size) else {
        throw .invalid(
            "out has struct_size \(pointer.pointee.struct_size), expected at least \(MemoryLayout<apus_array>.size): initialise it with APUS_ARRAY_INIT."
        )
    }
    pointer.pointee.dtype = dtype.rawValue
    pointer.pointee.ndim = Int32(shape.rank)
    pointer.pointee.flags = 0
    let raw = UnsafeMutableRawPointer(pointer)
    for index in 0..<Shape.maximumRank {
        let extent = index < shape.rank ? Int64(shape[index]) : 0
        raw.storeBytes(of: extent, toByteOffset: shapeOffset + 8 * index, as: Int64.self)
    }
}

/// Fills dtype, rank, shape and strides of a caller's array; leaves data.
func describe(
    _ dtype: DType, _ shape: Shape, strides: Shape, in pointer: UnsafeMutablePointer<apus_array>, _ name: StaticString
) throws(ApusError) {
    guard pointer.pointee.struct_size >= UInt32(MemoryLayout<apus_array>.size) else {
        throw .invalid(
            "\(name) has struct_size \(pointer.pointee.struct_size), expected at least \(MemoryLayout<apus_array>.size): initialise it with APUS_ARRAY_INIT."
        )
    }
    try describe(dtype, shape, in: pointer)
    pointer.pointee.flags = APUS_ARRAY_STRIDED
    let raw = UnsafeMutableRawPointer(pointer)
    for index in 0..<Shape.maximumRank {
        let stride = index < strides.rank ? Int64(strides[index]) : 0
        raw.storeBytes(of: stride, toByteOffset: stridesOffset + 8 * index, as: Int64.self)
    }
}

/// The shape query, or the copy, of an attribute-like tensor.
func deliver(_ view: ArrayView, to pointer: UnsafeMutablePointer<apus_array>?) throws(ApusError) {
    let pointer = try require(pointer, "out")
    if pointer.pointee.data == nil {
        try describe(view.dtype, view.shape, in: pointer)
        return
    }
    let out = try output(pointer, "out")
    guard out.shape == view.shape else { throw .shape("out must have shape \(view.shape), got \(out.shape).") }
    switch view.dtype {
    case .float64: try out.write(UnsafePointer(view.data.assumingMemoryBound(to: Double.self)))
    case .float32: try out.write(UnsafePointer(view.data.assumingMemoryBound(to: Float.self)))
    case .int64: try out.write(UnsafePointer(view.data.assumingMemoryBound(to: Int64.self)))
    case .int32, .uint8, .bool:
        guard out.dtype == view.dtype else {
            throw .dtype("out must be \(view.dtype.name), got \(out.dtype.name).")
        }
        let size = view.dtype.size
        out.forEachElement { $1.copyMemory(from: view.data + $0 * size, byteCount: size) }
    }
}

/// A list of input arrays.
func inputs(_ pointer: UnsafePointer<apus_array>?, _ count: Int32, _ name: String) throws(ApusError) -> [ArrayView] {
    guard count >= 0 else { throw .invalid("n_\(name) must be >= 0, got \(count).") }
    if count == 0 { return [] }
    guard let pointer else { throw .invalid("\(name) must not be NULL.") }
    var views: [ArrayView] = []
    for index in 0..<Int(count) { views.append(try view(pointer + index, "\(name)[\(index)]", needsData: true)) }
    return views
}

/// A list of arrays that say dtype and shape alone; their data is not looked at.
func forms(_ pointer: UnsafePointer<apus_array>?, _ count: Int32, _ name: String) throws(ApusError) -> [ArrayView] {
    guard count >= 0 else { throw .invalid("n_\(name) must be >= 0, got \(count).") }
    if count == 0 { return [] }
    guard let pointer else { throw .invalid("\(name) must not be NULL.") }
    var views: [ArrayView] = []
    for index in 0..<Int(count) {
        let form = try view(pointer + index, "\(name)[\(index)]", needsData: false)
        views.append(ArrayView(data: form.data, dtype: form.dtype, shape: form.shape))
    }
    return views
}

/// A dense view of the library's own memory for a caller's function.
func lent(_ view: ArrayView) -> apus_array {
    var array = apus_array()
    array.struct_size = UInt32(MemoryLayout<apus_array>.size)
    array.data = view.data
    array.dtype = view.dtype.rawValue
    array.ndim = Int32(view.shape.rank)
    withUnsafeMutableBytes(of: &array) { bytes in
        for index in 0..<view.shape.rank {
            bytes.storeBytes(of: Int64(view.shape[index]), toByteOffset: shapeOffset + 8 * index, as: Int64.self)
        }
    }
    return array
}

/// A list of output arrays.
func outputs(_ pointer: UnsafeMutablePointer<apus_array>?, _ count: Int32, _ name: String) throws(ApusError)
    -> [ArrayView]
{
    guard count >= 0 else { throw .invalid("n_\(name) must be >= 0, got \(count).") }
    if count == 0 { return [] }
    guard let pointer else { throw .invalid("\(name) must not be NULL.") }
    var views: [ArrayView] = []
    for index in 0..<Int(count) { views.append(try output(pointer + index, "\(name)[\(index)]")) }
    return views
}
