import CApus
import Core
import Numerics

// The views of chapter 8.

@implementation @_cdecl("apus_view_transpose")
public func apus_view_transpose(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ view: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    fill(context, a, view) { (a) throws(ApusError) in Views.transpose(a) }
}

@implementation @_cdecl("apus_view_permute")
public func apus_view_permute(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ axes: UnsafePointer<Int32>?, _ count: Int32,
    _ view: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    fill(context, a, view) { (a) throws(ApusError) in
        try Views.permute(a, numbers(axes, count, "axes").map { Int($0) })
    }
}

@implementation @_cdecl("apus_view_reshape")
public func apus_view_reshape(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ shape: UnsafePointer<Int64>?, _ rank: Int32,
    _ view: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    fill(context, a, view) { (a) throws(ApusError) in
        try Views.reshape(a, numbers(shape, rank, "shape").map { Int($0) })
    }
}

@implementation @_cdecl("apus_view_slice")
public func apus_view_slice(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ axis: Int32, _ start: Int64, _ stop: Int64,
    _ step: Int64, _ view: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    fill(context, a, view) { (a) throws(ApusError) in
        try Views.slice(a, axis: Int(axis), start: Int(start), stop: Int(stop), step: Int(step))
    }
}

@implementation @_cdecl("apus_view_broadcast")
public func apus_view_broadcast(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ shape: UnsafePointer<Int64>?, _ rank: Int32,
    _ view: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    fill(context, a, view) { (a) throws(ApusError) in
        let extents = try numbers(shape, rank, "shape").map { Int($0) }
        guard !extents.contains(where: { $0 < 0 }) else {
            throw ApusError.shape("shape must have extents >= 0, got \(Shape(extents)).")
        }
        return try Views.broadcast(a, to: Shape(extents))
    }
}

/// Makes a view of `a` and tells the caller's struct of it, which may be the one of `a`.
private func fill(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ view: UnsafeMutablePointer<apus_array>?,
    _ make: (ArrayView) throws(ApusError) -> ArrayView
) -> apus_status {
    boundary(context, denormals: .kept) { (_) throws(ApusError) in
        let source = try input(a, "a")
        let a = try require(a, "a")
        let view = try require(view, "view")
        let made = try make(source)
        let data = a.pointee.data.map { $0 + (made.data - source.data) }
        try describe(made.dtype, made.shape, strides: made.strides, in: view, "view")
        view.pointee.data = data
    }
}

/// Up to eight numbers from the caller.
private func numbers<Number: FixedWidthInteger>(
    _ pointer: UnsafePointer<Number>?, _ count: Int32, _ name: StaticString
) throws(ApusError) -> [Number] {
    guard count >= 0, count <= Int32(Shape.maximumRank) else {
        throw .shape("\(name) must have 0 to \(Shape.maximumRank) entries, got \(count).")
    }
    if count == 0 { return [] }
    return Array(UnsafeBufferPointer(start: try require(pointer, name), count: Int(count)))
}
