import CApus
import Core

/// Elements made as one slice.
private let chunk = 1 << 14

/// A checked real array to fill. To be had before a stream is drawn, so that a refused call leaves the sequence alone.
private func realOutput(_ out: UnsafeMutablePointer<apus_array>?) throws(ApusError) -> ArrayView {
    let view = try output(out, "out")
    guard view.dtype == .float32 || view.dtype == .float64 else {
        throw .dtype("out must be float32 or float64, got \(view.dtype.name).")
    }
    return view
}

/// Fills a real array with a function of the element's number, through a dense buffer where it must.
private func fill(
    _ view: ArrayView, _ context: Context, _ value: (UInt64) -> Double
) throws(ApusError) {
    switch view.dtype {
    case .float64 where view.isDense:
        let values = view.data.assumingMemoryBound(to: Double.self)
        context.parallel(over: view.count, by: chunk) { for index in $0 { values[index] = value(UInt64(index)) } }
    case .float32 where view.isDense:
        let values = view.data.assumingMemoryBound(to: Float.self)
        context.parallel(over: view.count, by: chunk) {
            for index in $0 { values[index] = Float(value(UInt64(index))) }
        }
    default:
        let buffer = try Buffer<Double>(view.count, in: context.allocator)
        for index in 0..<view.count { buffer.pointer[index] = value(UInt64(index)) }
        try view.write(UnsafePointer(buffer.pointer))
    }
}

@implementation @_cdecl("apus_random_uniform")
public func apus_random_uniform(
    _ context: OpaquePointer?, _ low: Double, _ high: Double, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        guard low.isFinite, high.isFinite, low <= high, (high - low).isFinite else {
            throw .invalid("low and high must be finite with low <= high, got \(low) and \(high).")
        }
        let view = try realOutput(out)
        let isSingle = view.dtype == .float32
        guard !isSingle || (Float(low).isFinite && Float(high).isFinite) else {
            throw .dtype("out is float32, which cannot hold [\(low), \(high)).")
        }
        let stream = context.nextStream()
        // Rounding must not reach the open end, least of all in float32.
        let below = isSingle ? Double(Float(high).nextDown) : high.nextDown
        try fill(view, context) { index in
            let value = low + (high - low) * stream.uniform(index)
            return low < high ? max(low, min(value, below)) : low
        }
    }
}

@implementation @_cdecl("apus_random_normal")
public func apus_random_normal(
    _ context: OpaquePointer?, _ mean: Double, _ deviation: Double, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        guard mean.isFinite, deviation.isFinite, deviation >= 0 else {
            throw .invalid("mean must be finite and deviation finite and >= 0, got \(mean) and \(deviation).")
        }
        let view = try realOutput(out)
        let stream = context.nextStream()
        try fill(view, context) { mean + deviation * stream.normal($0) }
    }
}

@implementation @_cdecl("apus_random_integers")
public func apus_random_integers(
    _ context: OpaquePointer?, _ low: Int64, _ high: Int64, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        guard low < high else { throw .invalid("low must be below high, got \(low) and \(high).") }
        let view = try output(out, "out")
        guard view.dtype == .int64 || view.dtype == .int32 else {
            throw .dtype("out must be int32 or int64, got \(view.dtype.name).")
        }
        if view.dtype == .int32, low < Int64(Int32.min) || high - 1 > Int64(Int32.max) {
            throw .dtype("out is int32, which cannot hold [\(low), \(high)).")
        }
        let stream = context.nextStream()
        let bound = UInt64(bitPattern: high) &- UInt64(bitPattern: low)
        let buffer = try Buffer<Int64>(view.count, in: context.allocator)
        var draw: UInt64 = 0
        for index in 0..<view.count {
            buffer.pointer[index] = low &+ Int64(bitPattern: stream.below(bound, draw: &draw))
        }
        try view.write(UnsafePointer(buffer.pointer))
    }
}

@implementation @_cdecl("apus_random_permutation")
public func apus_random_permutation(_ context: OpaquePointer?, _ out: UnsafeMutablePointer<apus_array>?) -> apus_status
{
    boundary(context) { (context) throws(ApusError) in
        let view = try output(out, "out")
        guard view.shape.rank == 1 else { throw .shape("out must have one dimension, got shape \(view.shape).") }
        guard view.dtype == .int64 || (view.dtype == .int32 && view.count <= Int(Int32.max)) else {
            throw .dtype("out must be int64 or int32 and hold 0 to \(view.count - 1), got \(view.dtype.name).")
        }
        let order = try Buffer<Int>(view.count, in: context.allocator)
        context.nextStream().permute(order.pointer, count: view.count)
        try order.pointer.withMemoryRebound(to: Int64.self, capacity: max(view.count, 1)) {
            (values) throws(ApusError) in try view.write(UnsafePointer(values))
        }
    }
}
