import CApus
import Core
import Numerics

/// A choice of an enumeration by its name; NULL is the standard one.
private func choice<T: RawRepresentable & CaseIterable>(
    _ pointer: UnsafePointer<CChar>?, _ name: StaticString, standard: T
) throws(ApusError) -> T where T.RawValue == String {
    guard let pointer else { return standard }
    let text = try text(pointer, name)
    guard let value = T(rawValue: text) else {
        throw .invalid("\(name) must be one of \(T.allCases.map(\.rawValue).joined(separator: ", ")), got '\(text)'.")
    }
    return value
}

/// A checked real array for results.
private func realOutput(_ pointer: UnsafeMutablePointer<apus_array>?, _ name: String) throws(ApusError) -> ArrayView {
    let view = try output(pointer, name)
    guard !view.dtype.isInteger else {
        throw .dtype("\(name) must be float64 or float32, got \(view.dtype.name).")
    }
    return view
}

/// Throws unless an array has one of two shapes.
private func require(_ view: ArrayView, _ name: String, _ shape: Shape, or other: Shape? = nil) throws(ApusError) {
    guard view.shape == shape || view.shape == other else {
        throw .shape("\(name) must have shape \(shape), got \(view.shape).")
    }
}

/// Writes doubles that are whole numbers or fit a real array.
func write(_ values: Buffer<Double>, to out: ArrayView, _ name: String, in context: Context) throws(ApusError) {
    guard out.dtype.isInteger else {
        try out.write(UnsafePointer(values.pointer), name: name)
        return
    }
    let whole = try Buffer<Int64>(values.count, in: context.allocator)
    for index in 0..<values.count {
        guard let value = Int64(exactly: values.pointer[index]) else {
            throw .dtype("\(name) is \(out.dtype.name), which cannot hold \(values.pointer[index]).")
        }
        whole.pointer[index] = value
    }
    try out.write(UnsafePointer(whole.pointer), name: name)
}

@implementation @_cdecl("apus_statistic")
public func apus_statistic(
    _ context: OpaquePointer?, _ statistic: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ a: UnsafePointer<apus_array>?, _ weights: UnsafePointer<apus_array>?, _ axes: UnsafePointer<Int32>?,
    _ n_axes: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let name = try text(statistic, "statistic")
        let a = try input(a, "a")
        let weights: ArrayView? = if let weights { try input(weights, "weights") } else { nil }
        guard n_axes >= 0, Int(n_axes) <= Shape.maximumRank else {
            throw .invalid("n_axes must be 0 to \(Shape.maximumRank), got \(n_axes).")
        }
        var list: [Int]?
        if n_axes > 0 {
            let axes = try require(axes, "axes")
            list = (0..<Int(n_axes)).map { Int(axes[$0]) }
        }
        let result = try ArrayStatistic(
            name, parameters: optionalText(parameters, "parameters"), of: a, weights: weights, axes: list, in: context)
        let view = try realOutput(out, "out")
        try require(view, "out", result.shapes.0, or: result.shapes.1)
        try write(result.make(), to: view, "out", in: context)
    }
}

@implementation @_cdecl("apus_quantile")
public func apus_quantile(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ q: UnsafePointer<Double>?, _ n_q: Int64,
    _ method: UnsafePointer<CChar>?, _ axis: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let a = try input(a, "a")
        guard n_q >= 0, n_q <= 1 << 20 else { throw .invalid("n_q must be 0 to 2^20, got \(n_q).") }
        let q = n_q == 0 ? [] : Array(UnsafeBufferPointer(start: try require(q, "q"), count: Int(n_q)))
        let method = try choice(method, "method", standard: QuantileMethod.linear)
        let runs = try Runs(a, name: "a", axes: [Int(axis)], in: context)
        let view = try realOutput(out, "out")
        guard runs.shape.rank < Shape.maximumRank else { throw .shape("a has too many dimensions.") }
        try require(view, "out", runs.shape.prefixed(by: q.count))
        try write(runs.quantiles(q, method, name: "a", in: context), to: view, "out", in: context)
    }
}

@implementation @_cdecl("apus_covariance")
public func apus_covariance(
    _ context: OpaquePointer?, _ x: UnsafePointer<apus_array>?, _ ddof: Int32, _ weights: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let x = try input(x, "x")
        let weights: ArrayView? = if let weights { try input(weights, "weights") } else { nil }
        guard ddof >= 0 else { throw .invalid("ddof must be >= 0, got \(ddof).") }
        let view = try realOutput(out, "out")
        try require(view, "out", Shape(x.rowCount, x.rowCount))
        let result = try Covariance.covariance(of: x, ddof: Int(ddof), weights: weights, in: context)
        try write(result, to: view, "out", in: context)
    }
}

@implementation @_cdecl("apus_correlation")
public func apus_correlation(
    _ context: OpaquePointer?, _ x: UnsafePointer<apus_array>?, _ method: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let x = try input(x, "x")
        let method = try choice(method, "method", standard: CorrelationMethod.pearson)
        let view = try realOutput(out, "out")
        try require(view, "out", Shape(x.rowCount, x.rowCount))
        try write(method.correlation(of: x, in: context), to: view, "out", in: context)
    }
}

@implementation @_cdecl("apus_ranks")
public func apus_ranks(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ method: UnsafePointer<CChar>?, _ axis: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let a = try input(a, "a")
        let method = try choice(method, "method", standard: RankMethod.average)
        let view = try output(out, "out")
        try require(view, "out", a.shape)
        try write(method.ranks(of: a, name: "a", axis: Int(axis), in: context), to: view, "out", in: context)
    }
}

@implementation @_cdecl("apus_histogram")
public func apus_histogram(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ weights: UnsafePointer<apus_array>?, _ low: Double,
    _ high: Double, _ given_edges: Int32, _ density: Int32, _ counts: UnsafeMutablePointer<apus_array>?,
    _ edges: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let a = try input(a, "a")
        let weights: ArrayView? = if let weights { try input(weights, "weights") } else { nil }
        let counts = try output(counts, "counts")
        guard counts.shape.rank == 1, counts.count >= 1 else {
            throw .shape("counts must be a vector of at least one bin, got shape \(counts.shape).")
        }
        let result: Histogram
        if given_edges != 0 {
            let given = try input(edges.map { UnsafePointer($0) }, "edges")
            try require(given, "edges", Shape(counts.count + 1))
            result = try Histogram(of: a, edges: given, weights: weights, density: density != 0, in: context)
            try write(result.counts, to: counts, "counts", in: context)
        } else {
            let made: ArrayView? = if let edges { try realOutput(edges, "edges") } else { nil }
            if let made { try require(made, "edges", Shape(counts.count + 1)) }
            result = try Histogram(
                of: a, bins: counts.count, low: low, high: high, weights: weights, density: density != 0, in: context)
            try write(result.counts, to: counts, "counts", in: context)
            if let made { try write(result.edges, to: made, "edges", in: context) }
        }
    }
}

@implementation @_cdecl("apus_histogram_bins")
public func apus_histogram_bins(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ rule: UnsafePointer<CChar>?,
    _ bins: UnsafeMutablePointer<Int64>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let a = try input(a, "a")
        let rule = try choice(rule, "rule", standard: HistogramRule.auto)
        let bins = try require(bins, "bins")
        bins.pointee = Int64(try rule.bins(for: a, in: context))
    }
}

/// The moments of a caller's struct.
private func moments(_ pointer: UnsafePointer<apus_moments>?, _ name: StaticString) throws(ApusError) -> RunningMoments {
    let given = try require(pointer, name)
    let size = given.pointee.struct_size
    guard size >= UInt32(MemoryLayout<apus_moments>.size) else {
        throw .invalid(
            "\(name) has struct_size \(size), expected at least \(MemoryLayout<apus_moments>.size): initialise it with APUS_MOMENTS_INIT."
        )
    }
    guard given.pointee.count >= 0 else { throw .invalid("\(name) has count \(given.pointee.count).") }
    var result = RunningMoments()
    result.count = given.pointee.count
    result.weight = given.pointee.weight
    result.mean = given.pointee.mean
    result.meanRest = given.pointee.mean_rest
    result.second = given.pointee.m2
    result.third = given.pointee.m3
    result.fourth = given.pointee.m4
    result.minimum = given.pointee.minimum
    result.maximum = given.pointee.maximum
    return result
}

private func store(_ moments: RunningMoments, in pointer: UnsafeMutablePointer<apus_moments>) {
    pointer.pointee.count = moments.count
    pointer.pointee.weight = moments.weight
    pointer.pointee.mean = moments.mean
    pointer.pointee.mean_rest = moments.meanRest
    pointer.pointee.m2 = moments.second
    pointer.pointee.m3 = moments.third
    pointer.pointee.m4 = moments.fourth
    pointer.pointee.minimum = moments.minimum
    pointer.pointee.maximum = moments.maximum
}

@implementation @_cdecl("apus_moments_add")
public func apus_moments_add(
    _ context: OpaquePointer?, _ moments: UnsafeMutablePointer<apus_moments>?, _ values: UnsafePointer<apus_array>?,
    _ weights: UnsafePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let pointer = try require(moments, "moments")
        var all = try Apus.moments(UnsafePointer(pointer), "moments")
        let values = try input(values, "values")
        let weights: ArrayView? = if let weights { try input(weights, "weights") } else { nil }
        try all.merge(RunningMoments(of: values, weights: weights, in: context))
        store(all, in: pointer)
    }
}

@implementation @_cdecl("apus_moments_merge")
public func apus_moments_merge(
    _ context: OpaquePointer?, _ moments: UnsafeMutablePointer<apus_moments>?, _ other: UnsafePointer<apus_moments>?
) -> apus_status {
    boundary(context, denormals: .kept) { (_) throws(ApusError) in
        let pointer = try require(moments, "moments")
        var all = try Apus.moments(UnsafePointer(pointer), "moments")
        try all.merge(Apus.moments(other, "other"))
        store(all, in: pointer)
    }
}

@implementation @_cdecl("apus_moments_statistic")
public func apus_moments_statistic(
    _ context: OpaquePointer?, _ moments: UnsafePointer<apus_moments>?, _ statistic: UnsafePointer<CChar>?,
    _ ddof: Int32, _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (_) throws(ApusError) in
        let all = try Apus.moments(moments, "moments")
        let name = try text(statistic, "statistic")
        guard ddof >= 0 else { throw .invalid("ddof must be >= 0, got \(ddof).") }
        let out = try require(out, "out")
        out.pointee = try all.statistic(name, ddof: Int(ddof))
    }
}
