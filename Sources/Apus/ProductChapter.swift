import CApus
import Core
import Numerics

@implementation @_cdecl("apus_matmul")
public func apus_matmul(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?, _ flags: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        guard flags & ~(APUS_TRANSPOSE_A | APUS_TRANSPOSE_B) == 0 else {
            throw .invalid("flags must be APUS_TRANSPOSE_A, APUS_TRANSPOSE_B, both or 0, got \(flags).")
        }
        try ArrayProduct.multiply(
            input(a, "a"), input(b, "b"), transposesA: flags & APUS_TRANSPOSE_A != 0,
            transposesB: flags & APUS_TRANSPOSE_B != 0, into: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_dot")
public func apus_dot(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let (a, b) = (try input(a, "a"), try input(b, "b"))
        let out = try require(out, "out")
        out.pointee = try VectorProducts.dot(a, b, in: context)
    }
}

@implementation @_cdecl("apus_outer")
public func apus_outer(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try VectorProducts.outer(input(a, "a"), input(b, "b"), into: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_cross")
public func apus_cross(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try VectorProducts.cross(input(a, "a"), input(b, "b"), into: output(out, "out"), in: context)
    }
}
