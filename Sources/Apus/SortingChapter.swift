import CApus
import Core
import Numerics

@implementation @_cdecl("apus_cumulative")
public func apus_cumulative(
    _ context: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ a: UnsafePointer<apus_array>?, _ axis: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let operation = try Cumulative(named: text(operation, "operation"))
        try operation.run(input(a, "a"), axis: Int(axis), into: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_sort")
public func apus_sort(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ axis: Int32, _ descending: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try ArraySorting.sort(
            input(a, "a"), axis: Int(axis), descending: descending != 0, into: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_argsort")
public func apus_argsort(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ axis: Int32, _ descending: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try ArraySorting.argsort(
            input(a, "a"), axis: Int(axis), descending: descending != 0, into: output(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_unique")
public func apus_unique(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ values: UnsafeMutablePointer<apus_array>?,
    _ first: UnsafeMutablePointer<apus_array>?, _ inverse: UnsafeMutablePointer<apus_array>?,
    _ counts: UnsafeMutablePointer<apus_array>?, _ n: UnsafeMutablePointer<Int64>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let n = try require(n, "n")
        let outputs = Unique.Outputs(
            values: try values == nil ? nil : output(values, "values"),
            first: try first == nil ? nil : output(first, "first"),
            inverse: try inverse == nil ? nil : output(inverse, "inverse"),
            counts: try counts == nil ? nil : output(counts, "counts"))
        n.pointee = Int64(try Unique.find(in: input(a, "a"), outputs, in: context) { n.pointee = Int64($0) })
    }
}

@implementation @_cdecl("apus_searchsorted")
public func apus_searchsorted(
    _ context: OpaquePointer?, _ sorted: UnsafePointer<apus_array>?, _ values: UnsafePointer<apus_array>?,
    _ right: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try SearchSorted.search(
            input(sorted, "sorted"), for: input(values, "values"), right: right != 0, into: output(out, "out"),
            in: context)
    }
}

@implementation @_cdecl("apus_unit_vectors")
public func apus_unit_vectors(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ axis: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try UnitVectors.scale(input(a, "a"), axis: Int(axis), into: output(out, "out"), in: context)
    }
}
