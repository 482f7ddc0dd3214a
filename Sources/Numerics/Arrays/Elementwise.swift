import CVector
import Core

/// Arithmetic, comparisons and functions of arrays, element by element, with broadcasting.
///
/// Arrays of float32 are computed in float32, all others in float64, whole numbers and bool read exactly. The result of
/// an element depends on its operands and the instruction set alone, not on its neighbours or the threads.
package enum Elementwise {
    /// `out = operation(a, b)`, or `operation(a)` with `b` nil. Throws `invalidArgument` when the number of operands is
    /// not the operation's or `out` overlaps an input that it is not, `shape` when the shape of `out` is not the
    /// broadcast one, `dtype` when `out` is narrower than the result or a whole number is beyond 2^53.
    package static func apply(
        _ operation: ElementwiseOperation, _ a: ArrayView, _ b: ArrayView? = nil, to out: ArrayView,
        in context: Context
    ) throws(ApusError) {
        try context.checkInterrupt()
        guard (b != nil) == (operation.arity == 2) else {
            throw .invalid(
                operation.arity == 2
                    ? "\(operation.name) takes two arrays: b must not be NULL."
                    : "\(operation.name) takes one array: b must be NULL.")
        }
        let single = a.dtype == .float32 && (b?.dtype ?? .float32) == .float32
        let dtype: DType = single ? .float32 : .float64
        var shape = a.shape
        if let b, b.shape != shape { shape = try Broadcasting.shape(a.shape, b.shape) }
        var loop = try start(operation, dtype, shape, out)
        try add(a, "a", to: &loop, dtype, out)
        if let b { try add(b, "b", to: &loop, dtype, out) }
        try run(operation, dtype, &loop, context)
    }

    /// `out = operation(a, value)`; the value is rounded to float32 when `a` is float32. Throws as above.
    package static func apply(
        _ operation: ElementwiseOperation, _ a: ArrayView, scalar value: Double, to out: ArrayView,
        in context: Context
    ) throws(ApusError) {
        try context.checkInterrupt()
        guard operation.arity == 2 else {
            throw .invalid("\(operation.name) takes one array and no value.")
        }
        let dtype: DType = a.dtype == .float32 ? .float32 : .float64
        var loop = try start(operation, dtype, a.shape, out)
        try add(a, "a", to: &loop, dtype, out)
        // One element of either type, on the stack for the call: its first bytes.
        var bits = dtype == .float32 ? UInt64(Float(value).bitPattern) : value.bitPattern
        try withUnsafeMutablePointer(to: &bits) { (element) throws(ApusError) in
            loop.add(element: UnsafeMutableRawPointer(element), dtype)
            try run(operation, dtype, &loop, context)
        }
    }

    /// `out = operation(a, b)` for dense, aligned arrays of `count` elements of float32 or float64, without a plan: `b`
    /// is nil for an operation of one operand. False, and nothing done, when it takes a plan or is a mistake: other
    /// operands, results of another type, an overlap.
    package static func applyDense(
        _ operation: ElementwiseOperation, _ dtype: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer?,
        to out: UnsafeMutableRawPointer, _ written: DType, count: Int, in context: Context
    ) throws(ApusError) -> Bool {
        let (size, width) = (dtype.size, written.size)
        guard written == (operation.result == .truth ? .bool : dtype), (b != nil) == (operation.arity == 2) else {
            return false
        }
        let second = b ?? a
        guard isApart(out, count &* width, a, count &* size, width == size),
            isApart(out, count &* width, second, count &* size, width == size)
        else { return false }
        try context.checkInterrupt()
        try runDense(operation, dtype, a, second, 1, out, width, count, context)
        return true
    }

    /// The same with a number as the second operand, rounded to float32 for float32.
    package static func applyDense(
        _ operation: ElementwiseOperation, _ dtype: DType, _ a: UnsafeRawPointer, scalar value: Double,
        to out: UnsafeMutableRawPointer, _ written: DType, count: Int, in context: Context
    ) throws(ApusError) -> Bool {
        let (size, width) = (dtype.size, written.size)
        guard written == (operation.result == .truth ? .bool : dtype), operation.arity == 2,
            isApart(out, count &* width, a, count &* size, width == size)
        else { return false }
        try context.checkInterrupt()
        var bits = dtype == .float32 ? UInt64(Float(value).bitPattern) : value.bitPattern
        try withUnsafePointer(to: &bits) { (element) throws(ApusError) in
            try runDense(operation, dtype, a, UnsafeRawPointer(element), 0, out, width, count, context)
        }
        return true
    }

    @inline(__always)
    private static func runDense(
        _ operation: ElementwiseOperation, _ dtype: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ step: Int,
        _ out: UnsafeMutableRawPointer, _ width: Int, _ count: Int, _ context: Context
    ) throws(ApusError) {
        let (code, size) = (operation.code, dtype.size)
        let kernel = kernel(operation, dtype, context)
        context.parallel(over: count, by: max(65536 / operation.cost, ElementLoop.tile)) { range in
            if context.isInterrupted { return }
            let start = range.lowerBound
            var job = apus_elements(
                rows: 1, columns: Int64(range.count), a: a + start &* size, b: b + start &* size &* step, c: a,
                out: out + start &* width, a_row: 0, b_row: 0, c_row: 0, out_row: 0, a_step: 1, b_step: Int64(step),
                c_step: 0)
            kernel(code, &job)
        }
        try context.checkInterrupt()
    }

    /// Whether runs of bytes are the same, of elements of one size, or have none in common.
    @inline(__always)
    private static func isApart(
        _ out: UnsafeMutableRawPointer, _ outSize: Int, _ input: UnsafeRawPointer, _ inputSize: Int, _ alike: Bool
    ) -> Bool {
        let (start, other) = (Int(bitPattern: out), Int(bitPattern: input))
        return start == other ? alike : start &+ outSize <= other || other &+ inputSize <= start
    }

    typealias Kernel = (Int32, UnsafePointer<apus_elements>) -> Void

    static func kernel(_ operation: ElementwiseOperation, _ dtype: DType, _ context: Context) -> Kernel {
        switch (operation.implementation, dtype) {
        case (.kernel, .float32): context.kernels.elementwise_float
        case (.kernel, _): context.kernels.elementwise_double
        case (.library, .float32): MathLibrary.floats
        case (.library, _): MathLibrary.doubles
        }
    }

    private static func start(
        _ operation: ElementwiseOperation, _ dtype: DType, _ shape: Shape, _ out: ArrayView
    ) throws(ApusError) -> ElementLoop {
        guard out.shape == shape else { throw .shape("out must have shape \(shape), got \(out.shape).") }
        switch (operation.result, out.dtype) {
        case (.truth, .bool), (.truth, .uint8), (.truth, .float32), (.truth, .float64):
            return ElementLoop(out, as: .value(out.dtype == .uint8 ? .uint8 : .bool))
        case (.real, .float64), (.real, dtype):
            return ElementLoop(out, as: .value(dtype))
        case (.truth, _):
            throw .dtype("out must be bool, uint8, float32 or float64 for \(operation.name), got \(out.dtype.name).")
        case (.real, _):
            throw .dtype("out must be \(dtype == .float64 ? "" : "float32 or ")float64, got \(out.dtype.name).")
        }
    }

    private static func add(
        _ view: ArrayView, _ name: String, to loop: inout ElementLoop, _ dtype: DType, _ out: ArrayView
    ) throws(ApusError) {
        try out.requireApart(from: view, named: name, inPlace: true)
        try view.requireExact(name)
        try loop.add(view, as: .value(dtype), name: name)
    }

    private static func run(
        _ operation: ElementwiseOperation, _ dtype: DType, _ loop: inout ElementLoop, _ context: Context
    ) throws(ApusError) {
        let code = operation.code
        let kernel = kernel(operation, dtype, context)
        // Reals and exact whole numbers: no conversion can fail.
        _ = try loop.run(in: context, cost: operation.cost) { kernel(code, $0) }
    }
}
