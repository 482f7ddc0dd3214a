import CVector
import Core

extension DType {
    /// Whether arrays of this type take elements of `other` by themselves: the same type or a wider one. int64 goes to
    /// float64 when its values are within 2^53.
    package func takes(_ other: DType) -> Bool {
        if self == other { return true }
        switch other {
        case .bool: return true
        case .uint8: return self != .bool
        case .int32: return self == .int64 || self == .float64
        case .int64, .float32: return self == .float64
        case .float64: return false
        }
    }
}

/// Moving elements: copies, choices, joins and selections.
package enum Copying {
    /// `out = a`, stretched to the shape of `out` and converted: to a real type rounded to nearest, to a whole one or
    /// bool exactly. Throws `dtype` for a value that such an `out` cannot hold (some of it may have been written),
    /// `shape`, and `invalidArgument` for arrays that overlap without being the same.
    package static func copy(_ a: ArrayView, to out: ArrayView, in context: Context) throws(ApusError) {
        try context.checkInterrupt()
        var loop = ElementLoop(out, as: .value(out.dtype))
        try loop.add(a, as: .value(out.dtype), name: "a")
        try out.requireApart(from: a, named: "a", inPlace: true)
        if try !loop.copy(in: context) { throw unheld(a, by: out.dtype) }
    }

    /// Copies between arrays of one shape that are known to be separate, to the same or a wider type.
    static func widen(_ a: ArrayView, to out: ArrayView, name: String, in context: Context) throws(ApusError) {
        var loop = ElementLoop(out, as: .value(out.dtype))
        try loop.add(a, as: .value(out.dtype), name: name)
        _ = try loop.copy(in: context)
    }

    /// Throws `dtype` unless `out` takes the elements of `a` by itself.
    static func requireWide(_ out: ArrayView, for a: ArrayView, _ name: String) throws(ApusError) {
        guard out.dtype.takes(a.dtype) else {
            throw .dtype("out is \(out.dtype.name), which is narrower than \(name) (\(a.dtype.name)).")
        }
        if out.dtype == .float64 { try a.requireExact(name) }
    }

    /// The error for the first value that a type cannot hold.
    private static func unheld(_ a: ArrayView, by dtype: DType) -> ApusError {
        var text: String?
        a.forEachElement { _, address in
            if text != nil { return }
            var place: UInt64 = 0
            let held = withUnsafeMutableBytes(of: &place) { bytes -> Bool in
                guard let base = bytes.baseAddress else { return true }
                let tile = ElementTile(
                    source: address, row: 0, column: 0, target: base, targetRow: 0, targetColumn: 0, rows: 1,
                    columns: 1)
                return tile.convert(a.dtype, to: .value(dtype))
            }
            if held { return }
            switch a.dtype {
            case .float64: text = "\(address.loadUnaligned(as: Double.self))"
            case .float32: text = "\(address.loadUnaligned(as: Float.self))"
            case .int64: text = "\(address.loadUnaligned(as: Int64.self))"
            case .int32: text = "\(address.loadUnaligned(as: Int32.self))"
            case .uint8, .bool: text = "\(address.loadUnaligned(as: UInt8.self))"
            }
        }
        return .dtype("out is \(dtype.name), which cannot hold \(text ?? "a value of a").")
    }

    /// `out = condition ? a : b`, all three stretched to the shape of `out`, which must be their common one. Throws
    /// `dtype` when `out` is narrower than `a` or `b`, `shape`, and `invalidArgument` for an overlap.
    package static func choose(
        _ condition: ArrayView, _ a: ArrayView, _ b: ArrayView, to out: ArrayView, in context: Context
    ) throws(ApusError) {
        try context.checkInterrupt()
        let pair = try Broadcasting.shape(a.shape, b.shape)
        let shape = try Broadcasting.shape(condition.shape, pair, names: ("condition", "a or b"))
        guard out.shape == shape else { throw .shape("out must have shape \(shape), got \(out.shape).") }
        try requireWide(out, for: a, "a")
        try requireWide(out, for: b, "b")
        try out.requireApart(from: condition, named: "condition", inPlace: true)
        try out.requireApart(from: a, named: "a", inPlace: true)
        try out.requireApart(from: b, named: "b", inPlace: true)
        var loop = ElementLoop(out, as: .value(out.dtype))
        try loop.add(a, as: .value(out.dtype), name: "a")
        try loop.add(b, as: .value(out.dtype), name: "b")
        try loop.add(condition, as: .truth, name: "condition")
        switch out.dtype.size {
        case 8:
            let kernel = context.kernels.choose8
            _ = try loop.run(in: context, cost: 1) { kernel($0) }
        case 4:
            let kernel = context.kernels.choose4
            _ = try loop.run(in: context, cost: 1) { kernel($0) }
        default: _ = try loop.run(in: context, cost: 1, chooseBytes)
        }
    }

    private static func chooseBytes(_ job: UnsafePointer<apus_elements>) {
        let job = job.pointee
        for row in 0..<Int(job.rows) {
            let (a, b) = (job.a + row &* Int(job.a_row), job.b + row &* Int(job.b_row))
            let (c, out) = (job.c + row &* Int(job.c_row), job.out + row &* Int(job.out_row))
            for i in 0..<Int(job.columns) {
                let x = a.load(fromByteOffset: i &* Int(job.a_step), as: UInt8.self)
                let y = b.load(fromByteOffset: i &* Int(job.b_step), as: UInt8.self)
                let chosen = c.load(fromByteOffset: i &* Int(job.c_step), as: UInt8.self) != 0 ? x : y
                out.storeBytes(of: chosen, toByteOffset: i, as: UInt8.self)
            }
        }
    }

    /// Joins arrays along an axis, which may count from the end. Throws `shape` when another extent differs or `out`
    /// has not their shape, `dtype` when it is narrower than one of them, `invalidArgument` for an overlap or a bad
    /// axis.
    package static func concatenate(_ arrays: [ArrayView], axis: Int, to out: ArrayView, in context: Context)
        throws(ApusError)
    {
        try context.checkInterrupt()
        guard let first = arrays.first else { throw .invalid("n must be at least 1, got 0.") }
        let axis = try Views.axis(axis, of: first.shape.rank)
        var shape = first.shape
        shape[axis] = 0
        for (index, array) in arrays.enumerated() {
            let name = "arrays[\(index)]"
            var expected = first.shape
            if array.shape.rank == expected.rank { expected[axis] = array.shape[axis] }
            guard array.shape == expected else {
                throw .shape(
                    "\(name) has shape \(array.shape), arrays[0] has \(first.shape): they may differ in axis \(axis) alone.")
            }
            let (sum, overflow) = shape[axis].addingReportingOverflow(array.shape[axis])
            guard !overflow else { throw .shape("The joined extents of axis \(axis) overflow.") }
            shape[axis] = sum
            try requireWide(out, for: array, name)
            try out.requireApart(from: array, named: name, inPlace: false)
        }
        guard out.shape == shape else { throw .shape("out must have shape \(shape), got \(out.shape).") }
        var start = 0
        for (index, array) in arrays.enumerated() {
            var part = out.shape
            part[axis] = array.shape[axis]
            let target = ArrayView(
                data: out.data + start &* out.strides[axis], dtype: out.dtype, shape: part, strides: out.strides)
            try widen(array, to: target, name: "arrays[\(index)]", in: context)
            start += array.shape[axis]
        }
    }
}
