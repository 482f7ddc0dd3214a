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
        if runAsOne(operation, dtype, a, b, out, context) { return }
        var shape = a.shape
        if let b, b.shape != shape { shape = try Broadcasting.shape(a.shape, b.shape) }
        var loop = try start(operation, dtype, shape, out)
        try add(a, "a", to: &loop, dtype, out)
        if let b { try add(b, "b", to: &loop, dtype, out) }
        run(operation, dtype, &loop, context)
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
        // One element of either type, on the stack for the call.
        var single = Float(value)
        var double = value
        withUnsafeMutableBytes(of: &single) { single in
            withUnsafeMutableBytes(of: &double) { double in
                guard let element = dtype == .float32 ? single.baseAddress : double.baseAddress else { return }
                loop.add(element: element, dtype)
                run(operation, dtype, &loop, context)
            }
        }
    }

    /// Dense arrays of one shape, in the type that is computed in, the same or apart: one run without further ado. False
    /// for all others.
    private static func runAsOne(
        _ operation: ElementwiseOperation, _ dtype: DType, _ a: ArrayView, _ b: ArrayView?, _ out: ArrayView,
        _ context: Context
    ) -> Bool {
        let written: DType = operation.result == .truth ? .bool : dtype
        let other = b ?? a
        guard out.dtype == written, a.dtype == dtype, other.dtype == dtype, out.isDense, a.isDense, other.isDense,
            out.shape == a.shape, b == nil || out.shape == other.shape
        else { return false }
        let count = out.count
        guard isApart(out, a, count), isApart(out, other, count) else { return false }
        let (size, width) = (dtype.size, written.size)
        let (first, second, target) = (UnsafeRawPointer(a.data), UnsafeRawPointer(other.data), out.data)
        let kernel = kernel(operation, dtype, context)
        let code = operation.code
        context.parallel(over: count, by: max(65536 / operation.cost, ElementLoop.tile)) { range in
            let start = range.lowerBound
            var job = apus_elements(
                rows: 1, columns: Int64(range.count), a: first + start &* size, b: second + start &* size, c: first,
                out: target + start &* width, a_row: 0, b_row: 0, c_row: 0, out_row: 0, a_step: 1, b_step: 1, c_step: 0)
            kernel(code, &job)
        }
        return true
    }

    /// Whether dense arrays of `count` elements have the same memory and type, or none in common.
    @inline(__always)
    private static func isApart(_ out: ArrayView, _ input: ArrayView, _ count: Int) -> Bool {
        if out.data == input.data { return out.dtype == input.dtype }
        return out.data + count &* out.dtype.size <= input.data || input.data + count &* input.dtype.size <= out.data
    }

    private typealias Kernel = (Int32, UnsafePointer<apus_elements>) -> Void

    private static func kernel(_ operation: ElementwiseOperation, _ dtype: DType, _ context: Context) -> Kernel {
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
    ) {
        let code = operation.code
        let kernel = kernel(operation, dtype, context)
        // Reals and exact whole numbers: no conversion can fail.
        _ = loop.run(in: context, cost: operation.cost) { kernel(code, $0) }
    }
}
