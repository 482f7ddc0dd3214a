import Glibc

/// A strided view of memory that belongs to someone else; checked when it was made.
package struct ArrayView: @unchecked Sendable {
    package let data: UnsafeMutableRawPointer
    package let dtype: DType
    package let shape: Shape
    /// Bytes from one element to the next along each dimension.
    package let strides: Shape
    /// Elements.
    package let count: Int
    /// Dense, last index fastest, aligned for its dtype.
    package let isDense: Bool

    /// A dense view of a checked shape.
    package init(data: UnsafeMutableRawPointer, dtype: DType, shape: Shape) {
        self.data = data
        self.dtype = dtype
        self.shape = shape
        self.strides = ArrayView.denseStrides(shape, dtype)
        self.count = shape.count
        self.isDense = Int(bitPattern: data) & (dtype.size - 1) == 0
    }

    /// A strided view of a checked shape; strides in bytes.
    package init(data: UnsafeMutableRawPointer, dtype: DType, shape: Shape, strides: Shape) {
        self.data = data
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.count = shape.count
        let aligned = Int(bitPattern: data) & (dtype.size - 1) == 0
        self.isDense = aligned && ArrayView.same(strides, ArrayView.denseStrides(shape, dtype), where: shape)
    }

    private static func denseStrides(_ shape: Shape, _ dtype: DType) -> Shape {
        var strides = shape
        var stride = dtype.size
        var index = shape.rank - 1
        while index >= 0 {
            strides[index] = stride
            stride = stride.multipliedReportingOverflow(by: max(shape[index], 1)).partialValue
            index -= 1
        }
        return strides
    }

    private static func same(_ a: Shape, _ b: Shape, where shape: Shape) -> Bool {
        for index in 0..<shape.rank where shape[index] > 1 && a[index] != b[index] { return false }
        return true
    }

    /// Rows: the first extent, 1 for a scalar.
    package var rows: Int { shape.rank == 0 ? 1 : shape[0] }
    /// Elements in one row.
    package var rowCount: Int { shape.rank == 0 ? 1 : shape.dropFirst(1).count }

    /// The address of row `index`.
    package func row(_ index: Int) -> UnsafeMutableRawPointer {
        shape.rank == 0 ? data : data + index &* strides[0]
    }

    /// Row `index` as a view with one dimension less.
    package func rowView(_ index: Int) -> ArrayView {
        ArrayView(data: row(index), dtype: dtype, shape: shape.dropFirst(1), strides: strides.dropFirst(1))
    }

    /// Rows `start` to `start + count` as a view of the same rank.
    package func rows(_ start: Int, _ count: Int) -> ArrayView {
        var extents = shape
        extents[0] = count
        return ArrayView(data: row(start), dtype: dtype, shape: extents, strides: strides)
    }

    // MARK: Reading

    /// Calls `body` with the address of each element, in row-major order, together with its number.
    @inline(__always)
    package func forEachElement(_ body: (Int, UnsafeMutableRawPointer) -> Void) {
        if count == 0 { return }
        if shape.rank == 0 {
            body(0, data)
            return
        }
        let inner = shape[shape.rank - 1]
        let step = strides[shape.rank - 1]
        let outer = count / inner
        var index = Shape(Array(repeating: 0, count: shape.rank))
        var base = data
        var number = 0
        for _ in 0..<outer {
            var pointer = base
            for _ in 0..<inner {
                body(number, pointer)
                number += 1
                pointer += step
            }
            var dimension = shape.rank - 2
            while dimension >= 0 {
                index[dimension] += 1
                base += strides[dimension]
                if index[dimension] < shape[dimension] { break }
                base -= strides[dimension] &* shape[dimension]
                index[dimension] = 0
                dimension -= 1
            }
        }
    }

    /// Copies all elements to dense doubles. int64 beyond 2^53 is refused with `dtype`, since it would be rounded.
    package func copy(to out: UnsafeMutablePointer<Double>, name: String) throws(ApusError) {
        var inexact: Int64?
        switch dtype {
        case .float64:
            if isDense {
                memcpy(out, data, count &* 8)
            } else {
                forEachElement { out[$0] = $1.loadUnaligned(as: Double.self) }
            }
        case .float32: forEachElement { out[$0] = Double($1.loadUnaligned(as: Float.self)) }
        case .int32: forEachElement { out[$0] = Double($1.loadUnaligned(as: Int32.self)) }
        case .uint8: forEachElement { out[$0] = Double($1.loadUnaligned(as: UInt8.self)) }
        case .bool: forEachElement { out[$0] = $1.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1 }
        case .int64:
            forEachElement {
                let value = $1.loadUnaligned(as: Int64.self)
                out[$0] = Double(value)
                if value.magnitude > 1 << 53 { inexact = value }
            }
        }
        if let inexact {
            throw .dtype("\(name) holds \(inexact), which float64 cannot hold exactly (whole numbers to 2^53).")
        }
    }

    /// Copies all elements to dense floats. float64 is refused with `dtype`, and so are whole numbers beyond 2^24.
    package func copy(to out: UnsafeMutablePointer<Float>, name: String) throws(ApusError) {
        var inexact: Int64?
        switch dtype {
        case .float32:
            if isDense {
                memcpy(out, data, count &* 4)
            } else {
                forEachElement { out[$0] = $1.loadUnaligned(as: Float.self) }
            }
        case .float64:
            throw .dtype("\(name) is float64, which float32 would round; convert it to float32 first.")
        case .uint8: forEachElement { out[$0] = Float($1.loadUnaligned(as: UInt8.self)) }
        case .bool: forEachElement { out[$0] = $1.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1 }
        case .int32:
            forEachElement {
                let value = $1.loadUnaligned(as: Int32.self)
                out[$0] = Float(value)
                if value.magnitude > 1 << 24 { inexact = Int64(value) }
            }
        case .int64:
            forEachElement {
                let value = $1.loadUnaligned(as: Int64.self)
                out[$0] = Float(value)
                if value.magnitude > 1 << 24 { inexact = value }
            }
        }
        if let inexact {
            throw .dtype("\(name) holds \(inexact), which float32 cannot hold exactly (whole numbers to 2^24).")
        }
    }

    /// Copies whole numbers to dense int64. Real dtypes are taken when every value is whole.
    package func copy(to out: UnsafeMutablePointer<Int64>, name: String) throws(ApusError) {
        var fault: Double?
        switch dtype {
        case .int64: forEachElement { out[$0] = $1.loadUnaligned(as: Int64.self) }
        case .int32: forEachElement { out[$0] = Int64($1.loadUnaligned(as: Int32.self)) }
        case .uint8: forEachElement { out[$0] = Int64($1.loadUnaligned(as: UInt8.self)) }
        case .bool: forEachElement { out[$0] = $1.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1 }
        case .float32:
            forEachElement {
                let value = $1.loadUnaligned(as: Float.self)
                out[$0] = Int64(exactly: value) ?? 0
                if Int64(exactly: value) == nil { fault = Double(value) }
            }
        case .float64:
            forEachElement {
                let value = $1.loadUnaligned(as: Double.self)
                out[$0] = Int64(exactly: value) ?? 0
                if Int64(exactly: value) == nil { fault = value }
            }
        }
        if let fault { throw .dtype("\(name) must hold whole numbers, found \(fault).") }
    }

    // MARK: Writing

    /// Writes dense doubles into a float64 or (rounded to nearest) float32 view.
    package func write(_ source: UnsafePointer<Double>, name: String = "out") throws(ApusError) {
        switch dtype {
        case .float64:
            if isDense {
                memcpy(data, source, count &* 8)
            } else {
                forEachElement { $1.copyMemory(from: source + $0, byteCount: 8) }
            }
        case .float32:
            forEachElement {
                var value = Float(source[$0])
                $1.copyMemory(from: &value, byteCount: 4)
            }
        default: throw .dtype("\(name) must be float64 or float32, got \(dtype.name).")
        }
    }

    /// Writes dense floats into a float32 or float64 view.
    package func write(_ source: UnsafePointer<Float>, name: String = "out") throws(ApusError) {
        switch dtype {
        case .float32:
            if isDense {
                memcpy(data, source, count &* 4)
            } else {
                forEachElement { $1.copyMemory(from: source + $0, byteCount: 4) }
            }
        case .float64:
            forEachElement {
                var value = Double(source[$0])
                $1.copyMemory(from: &value, byteCount: 8)
            }
        default: throw .dtype("\(name) must be float32 or float64, got \(dtype.name).")
        }
    }

    /// Writes dense whole numbers into an int64, int32, float64 or float32 view; what does not fit is refused.
    package func write(_ source: UnsafePointer<Int64>, name: String = "out") throws(ApusError) {
        var fault: Int64?
        switch dtype {
        case .int64: forEachElement { $1.copyMemory(from: source + $0, byteCount: 8) }
        case .int32:
            forEachElement {
                var value = Int32(truncatingIfNeeded: source[$0])
                if Int64(value) != source[$0] { fault = source[$0] }
                $1.copyMemory(from: &value, byteCount: 4)
            }
        case .float64:
            forEachElement {
                var value = Double(source[$0])
                if Int64(exactly: value) != source[$0] { fault = source[$0] }
                $1.copyMemory(from: &value, byteCount: 8)
            }
        case .float32:
            forEachElement {
                var value = Float(source[$0])
                if Int64(exactly: value) != source[$0] { fault = source[$0] }
                $1.copyMemory(from: &value, byteCount: 4)
            }
        case .uint8, .bool: throw .dtype("\(name) must be int64, int32, float64 or float32, got \(dtype.name).")
        }
        if let fault { throw .dtype("\(name) is \(dtype.name), which cannot hold \(fault).") }
    }

    /// Writes a tensor of the same shape: exact, but float64 to float32 rounds to nearest.
    package func write(_ tensor: Tensor, name: String = "out") throws(ApusError) {
        guard shape == tensor.shape else {
            throw .shape("\(name) must have shape \(tensor.shape), got \(shape).")
        }
        switch tensor.dtype {
        case .float64: try write(UnsafePointer(tensor.doubles), name: name)
        case .float32: try write(UnsafePointer(tensor.floats), name: name)
        case .int64: try write(UnsafePointer(tensor.int64s), name: name)
        case .int32, .uint8, .bool:
            guard dtype == tensor.dtype else {
                throw .dtype("\(name) must be \(tensor.dtype.name), got \(dtype.name).")
            }
            let source = UnsafeRawPointer(tensor.bytes.pointer)
            let size = dtype.size
            forEachElement { $1.copyMemory(from: source + $0 &* size, byteCount: size) }
        }
    }
}
