import Core
import Synchronization

/// Whether a value that cannot be held was met, by any thread.
struct Faults: ~Copyable {
    private let met = Atomic<Bool>(false)
    func note() { met.store(true, ordering: .relaxed) }
    var none: Bool { !met.load(ordering: .relaxed) }
}

/// The kernels that turn rows into columns, for elements of four and of eight bytes.
struct TransposingKernels {
    let four: @convention(c) (UnsafePointer<Float>, Int64, Int64, Int64, UnsafeMutablePointer<Float>, Int64) -> Void
    let eight: @convention(c) (UnsafePointer<Double>, Int64, Int64, Int64, UnsafeMutablePointer<Double>, Int64) -> Void

    init(_ context: Context) {
        four = context.kernels.transpose4
        eight = context.kernels.transpose8
    }
}

/// A rectangle of elements that is copied from one place to another. Strides are in bytes; elements may lie anywhere.
struct ElementTile {
    var source: UnsafeRawPointer
    var row: Int
    var column: Int
    var target: UnsafeMutableRawPointer
    var targetRow: Int
    var targetColumn: Int
    var rows: Int
    var columns: Int

    @inline(__always)
    private func each<From: BitwiseCopyable, To: BitwiseCopyable>(_ convert: (From) -> To) {
        var (from, to) = (source, target)
        var r = 0
        while r < rows {
            var (x, y) = (from, to)
            var c = 0
            while c < columns {
                y.storeBytes(of: convert(x.loadUnaligned(as: From.self)), as: To.self)
                x += column
                y += targetColumn
                c &+= 1
            }
            from += row
            to += targetRow
            r &+= 1
        }
    }

    /// Copies elements of one size, row by row or column by column, as the source lies.
    @inline(__always)
    private func move<Element: BitwiseCopyable>(_ type: Element.Type) {
        let size = MemoryLayout<Element>.size
        if column == size, targetColumn == size {
            for r in 0..<rows { (target + r &* targetRow).copyMemory(from: source + r &* row, byteCount: columns &* size) }
        } else if abs(row) < abs(column), rows > 1 {
            ElementTile(
                source: source, row: column, column: row, target: target, targetRow: targetColumn,
                targetColumn: targetRow, rows: columns, columns: rows
            ).each { (x: Element) in x }
        } else {
            each { (x: Element) in x }
        }
    }

    /// Copies aligned elements that are neighbours down the columns; false for others.
    private func transpose(_ size: Int, _ kernels: TransposingKernels) -> Bool {
        guard size >= 4, row == size, targetColumn == size, column > 0, targetRow > 0,
            (Int(bitPattern: source) | Int(bitPattern: target) | column | targetRow) & (size - 1) == 0
        else { return false }
        let (stride, targetStride) = (Int64(column / size), Int64(targetRow / size))
        if size == 4 {
            kernels.four(
                source.assumingMemoryBound(to: Float.self), stride, Int64(columns), Int64(rows),
                target.assumingMemoryBound(to: Float.self), targetStride)
        } else {
            kernels.eight(
                source.assumingMemoryBound(to: Double.self), stride, Int64(columns), Int64(rows),
                target.assumingMemoryBound(to: Double.self), targetStride)
        }
        return true
    }

    /// Copies the elements in another form. Real results are rounded to nearest; false when a whole or bool result
    /// could not hold a value.
    func convert(_ dtype: DType, to form: ElementForm, _ kernels: TransposingKernels? = nil) -> Bool {
        if form == .value(dtype), let kernels, transpose(dtype.size, kernels) { return true }
        switch form {
        case .truth:
            truths(of: dtype)
            return true
        case .value(let to):
            if to == dtype {
                switch dtype.size {
                case 8: move(UInt64.self)
                case 4: move(UInt32.self)
                default: move(UInt8.self)
                }
                return true
            }
            switch to {
            case .float64: doubles(from: dtype)
            case .float32: floats(from: dtype)
            case .int64: return whole(from: dtype, Int64.self)
            case .int32: return whole(from: dtype, Int32.self)
            case .uint8: return whole(from: dtype, UInt8.self)
            case .bool: return truthValues(from: dtype)
            }
            return true
        }
    }

    private func doubles(from dtype: DType) {
        switch dtype {
        case .float64: each { (x: Double) in x }
        case .float32: each { (x: Float) in Double(x) }
        case .int64: each { (x: Int64) in Double(x) }
        case .int32: each { (x: Int32) in Double(x) }
        case .uint8: each { (x: UInt8) in Double(x) }
        case .bool: each { (x: UInt8) -> Double in x == 0 ? 0 : 1 }
        }
    }

    private func floats(from dtype: DType) {
        switch dtype {
        case .float64: each { (x: Double) in Float(x) }
        case .float32: each { (x: Float) in x }
        case .int64: each { (x: Int64) in Float(x) }
        case .int32: each { (x: Int32) in Float(x) }
        case .uint8: each { (x: UInt8) in Float(x) }
        case .bool: each { (x: UInt8) -> Float in x == 0 ? 0 : 1 }
        }
    }

    @inline(__always)
    private func whole<To: FixedWidthInteger & BitwiseCopyable>(from dtype: DType, _ type: To.Type) -> Bool {
        var exact = true
        @inline(__always) func kept(_ value: To?) -> To {
            if value == nil { exact = false }
            return value ?? 0
        }
        switch dtype {
        case .float64: each { (x: Double) in kept(To(exactly: x)) }
        case .float32: each { (x: Float) in kept(To(exactly: x)) }
        case .int64: each { (x: Int64) in kept(To(exactly: x)) }
        case .int32: each { (x: Int32) in kept(To(exactly: x)) }
        case .uint8: each { (x: UInt8) in kept(To(exactly: x)) }
        case .bool: each { (x: UInt8) -> To in x == 0 ? 0 : 1 }
        }
        return exact
    }

    /// Values that are 0 or 1 as bool.
    private func truthValues(from dtype: DType) -> Bool {
        var exact = true
        @inline(__always) func kept(_ isZero: Bool, _ isOne: Bool) -> UInt8 {
            if !isZero, !isOne { exact = false }
            return isZero ? 0 : 1
        }
        switch dtype {
        case .float64: each { (x: Double) in kept(x == 0, x == 1) }
        case .float32: each { (x: Float) in kept(x == 0, x == 1) }
        case .int64: each { (x: Int64) in kept(x == 0, x == 1) }
        case .int32: each { (x: Int32) in kept(x == 0, x == 1) }
        case .uint8: each { (x: UInt8) in kept(x == 0, x == 1) }
        case .bool: each { (x: UInt8) -> UInt8 in x == 0 ? 0 : 1 }
        }
        return exact
    }

    private func truths(of dtype: DType) {
        switch dtype {
        case .float64: each { (x: Double) -> UInt8 in x == 0 ? 0 : 1 }
        case .float32: each { (x: Float) -> UInt8 in x == 0 ? 0 : 1 }
        case .int64: each { (x: Int64) -> UInt8 in x == 0 ? 0 : 1 }
        case .int32: each { (x: Int32) -> UInt8 in x == 0 ? 0 : 1 }
        case .uint8, .bool: each { (x: UInt8) -> UInt8 in x == 0 ? 0 : 1 }
        }
    }
}
