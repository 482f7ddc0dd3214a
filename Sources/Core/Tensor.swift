/// An owned dense array of any dtype: an attribute of a model, a column of a file.
package struct Tensor: Sendable {
    package let dtype: DType
    package let shape: Shape
    package let bytes: Buffer<UInt8>

    /// Uninitialised memory. Throws `outOfMemory`, `limit`, or `shape` when the count does not fit.
    package init(_ dtype: DType, _ shape: Shape, in allocator: Allocator) throws(ApusError) {
        guard let count = shape.checkedCount else { throw .shape("An array of shape \(shape) is too large.") }
        let (size, overflow) = count.multipliedReportingOverflow(by: dtype.size)
        if overflow { throw .shape("An array of shape \(shape) is too large.") }
        self.dtype = dtype
        self.shape = shape
        self.bytes = try Buffer(size, in: allocator)
    }

    /// An array in the memory of floats that are there already, `offset` of them from the start. It shares them.
    package init(sharing floats: Buffer<Float>, from offset: Int, _ shape: Shape) throws(ApusError) {
        guard let count = shape.checkedCount, count < Int.max / 8, offset < Int.max / 8 else {
            throw .shape("An array of shape \(shape) is too large.")
        }
        self.dtype = .float32
        self.shape = shape
        self.bytes = try Buffer(count * DType.float32.size, at: offset * DType.float32.size, of: floats)
    }

    /// A float64 copy of doubles; `shape` must hold as many.
    package init(doubles values: [Double], _ shape: Shape, in allocator: Allocator) throws(ApusError) {
        try self.init(.float64, shape, in: allocator)
        let out = doubles
        for index in 0..<min(values.count, count) { out[index] = values[index] }
    }

    package init(doubles values: UnsafePointer<Double>, _ shape: Shape, in allocator: Allocator) throws(ApusError) {
        try self.init(.float64, shape, in: allocator)
        if count > 0 { doubles.update(from: values, count: count) }
    }

    package init(floats values: UnsafePointer<Float>, _ shape: Shape, in allocator: Allocator) throws(ApusError) {
        try self.init(.float32, shape, in: allocator)
        if count > 0 { floats.update(from: values, count: count) }
    }

    package init(int64s values: [Int64], _ shape: Shape, in allocator: Allocator) throws(ApusError) {
        try self.init(.int64, shape, in: allocator)
        let out = int64s
        for index in 0..<min(values.count, count) { out[index] = values[index] }
    }

    /// Elements.
    package var count: Int { shape.count }

    /// The elements of a float64 tensor.
    package var doubles: UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(bytes.pointer).assumingMemoryBound(to: Double.self)
    }
    /// The elements of a float32 tensor.
    package var floats: UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(bytes.pointer).assumingMemoryBound(to: Float.self)
    }
    /// The elements of an int64 tensor.
    package var int64s: UnsafeMutablePointer<Int64> {
        UnsafeMutableRawPointer(bytes.pointer).assumingMemoryBound(to: Int64.self)
    }

    /// A view for reading and copying.
    package var view: ArrayView {
        ArrayView(data: UnsafeMutableRawPointer(bytes.pointer), dtype: dtype, shape: shape)
    }
}
