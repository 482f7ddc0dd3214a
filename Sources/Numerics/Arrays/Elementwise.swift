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
        // Reals and exact whole numbers: no conversion can fail.
        switch (operation.implementation, dtype) {
        case (.kernel, .float32):
            let kernel = context.kernels.elementwise_float
            _ = loop.run(in: context, cost: operation.cost) { kernel(code, $0) }
        case (.kernel, _):
            let kernel = context.kernels.elementwise_double
            _ = loop.run(in: context, cost: operation.cost) { kernel(code, $0) }
        case (.library, .float32):
            _ = loop.run(in: context, cost: operation.cost) { MathLibrary.floats(code, $0) }
        case (.library, _):
            _ = loop.run(in: context, cost: operation.cost) { MathLibrary.doubles(code, $0) }
        }
    }
}
