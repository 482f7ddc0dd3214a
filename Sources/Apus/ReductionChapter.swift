import CApus
import Core
import Numerics

/// The axes of a reduction; nil for all.
private func axes(_ pointer: UnsafePointer<Int32>?, _ count: Int32) throws(ApusError) -> [Int]? {
    guard count >= 0, count <= Int32(Shape.maximumRank) else {
        throw .invalid("n_axes must be 0 to \(Shape.maximumRank), got \(count).")
    }
    if count == 0 { return nil }
    let pointer = try require(pointer, "axes")
    return (0..<Int(count)).map { Int(pointer[$0]) }
}

@implementation @_cdecl("apus_reduce")
public func apus_reduce(
    _ context: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ a: UnsafePointer<apus_array>?,
    _ axisList: UnsafePointer<Int32>?, _ count: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let operation = try Reduction(named: text(operation, "operation"))
        try ArrayReduction.reduce(
            operation, input(a, "a"), axes: axes(axisList, count), into: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_reduce_all")
public func apus_reduce_all(
    _ context: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ a: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let operation = try Reduction(named: text(operation, "operation"))
        let a = try input(a, "a")
        let out = try require(out, "out")
        out.pointee = try ArrayReduction.reduceAll(operation, a, in: context)
    }
}
