import CApus
import Core
import Numerics

@implementation @_cdecl("apus_elementwise")
public func apus_elementwise(
    _ context: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ a: UnsafePointer<apus_array>?,
    _ b: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let operation = try elementwiseOperation(operation)
        if let runs = denseRuns(a, b, out),
            try Elementwise.applyDense(
                operation, runs.dtype, runs.a, b.flatMap { UnsafeRawPointer($0.pointee.data) }, to: runs.out,
                runs.written, count: runs.count, in: context)
        {
            return
        }
        if let (plane, dtype) = smallPlane(a, b, out, operation),
            try plane.run(operation, dtype, in: context)
        {
            return
        }
        let a = try input(a, "a")
        let b: ArrayView? = if let b { try input(b, "b") } else { nil }
        try Elementwise.apply(operation, a, b, to: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_elementwise_scalar")
public func apus_elementwise_scalar(
    _ context: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ a: UnsafePointer<apus_array>?, _ value: Double,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let operation = try elementwiseOperation(operation)
        if let runs = denseRuns(a, nil, out),
            try Elementwise.applyDense(
                operation, runs.dtype, runs.a, scalar: value, to: runs.out, runs.written, count: runs.count,
                in: context)
        {
            return
        }
        try Elementwise.apply(operation, input(a, "a"), scalar: value, to: output(out, "out"), in: context)
    }
}

/// The operation of a name.
private func elementwiseOperation(_ name: UnsafePointer<CChar>?) throws(ApusError) -> ElementwiseOperation {
    let name = try require(name, "operation")
    if let operation = OperationCatalog.find(name) { return operation }
    return try OperationCatalog.named(text(name, "operation"))
}

@implementation @_cdecl("apus_where")
public func apus_where(
    _ context: OpaquePointer?, _ condition: UnsafePointer<apus_array>?, _ a: UnsafePointer<apus_array>?,
    _ b: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try Copying.choose(
            input(condition, "condition"), input(a, "a"), input(b, "b"), to: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_copy")
public func apus_copy(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try Copying.copy(input(a, "a"), to: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_concatenate")
public func apus_concatenate(
    _ context: OpaquePointer?, _ arrays: UnsafePointer<apus_array>?, _ n: Int32, _ axis: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        guard n >= 1 else { throw .invalid("n must be at least 1, got \(n).") }
        try Copying.concatenate(inputs(arrays, n, "arrays"), axis: Int(axis), to: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_take")
public func apus_take(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ indices: UnsafePointer<apus_array>?,
    _ axis: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try Copying.take(
            input(a, "a"), input(indices, "indices"), axis: Int(axis), to: output(out, "out"), in: context)
    }
}
