import CApus
import Core
import Numerics

@implementation @_cdecl("apus_distribution")
public func apus_distribution(
    _ context: OpaquePointer?, _ distribution: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ what: UnsafePointer<CChar>?, _ x: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let distribution = try DistributionCatalog.make(
            text(distribution, "distribution"), optionalText(parameters, "parameters"))
        let name = try text(what, "what")
        guard let function = DistributionFunction(rawValue: name) else {
            let names = DistributionFunction.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("what must be one of \(names), got '\(name)'.")
        }
        let x = try input(x, "x")
        let out = try output(out, "out")
        guard !out.dtype.isInteger else { throw .dtype("out must be float64 or float32, got \(out.dtype.name).") }
        guard out.shape == x.shape else { throw .shape("out must have x's shape \(x.shape), got \(out.shape).") }
        if x.dtype == .float64, x.isDense, out.dtype == .float64, out.isDense {
            try out.requireApart(from: x, named: "x", inPlace: true)
            try distribution.evaluate(
                function, x.data.assumingMemoryBound(to: Double.self), out.data.assumingMemoryBound(to: Double.self),
                x.count, in: context)
            return
        }
        let values = try Buffer<Double>(x.count, in: context.allocator)
        try x.copy(to: values.pointer, name: "x")
        try distribution.evaluate(function, values.pointer, values.pointer, x.count, in: context)
        try out.write(UnsafePointer(values.pointer))
    }
}

@implementation @_cdecl("apus_distribution_moments")
public func apus_distribution_moments(
    _ context: OpaquePointer?, _ distribution: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ mean: UnsafeMutablePointer<Double>?, _ variance: UnsafeMutablePointer<Double>?,
    _ skewness: UnsafeMutablePointer<Double>?, _ kurtosis: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (_) throws(ApusError) in
        let distribution = try DistributionCatalog.make(
            text(distribution, "distribution"), optionalText(parameters, "parameters"))
        let moments = distribution.moments
        mean?.pointee = moments.mean
        variance?.pointee = moments.variance
        skewness?.pointee = moments.skewness
        kurtosis?.pointee = moments.kurtosis
    }
}

@implementation @_cdecl("apus_random_distribution")
public func apus_random_distribution(
    _ context: OpaquePointer?, _ distribution: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let name = try text(distribution, "distribution")
        let distribution = try DistributionCatalog.make(name, optionalText(parameters, "parameters"))
        let view = try output(out, "out")
        let isWhole = view.dtype == .int64 || view.dtype == .int32
        guard !view.dtype.isInteger || (isWhole && type(of: distribution).isDiscrete) else {
            throw .dtype("out must be float64 or float32 for \(name), got \(view.dtype.name).")
        }
        let stream = context.nextStream()
        let values = try Buffer<Double>(view.count, in: context.allocator)
        try distribution.draw(values.pointer, view.count, from: stream, in: context)
        try write(values, to: view, "out", in: context)
    }
}

@implementation @_cdecl("apus_random_choice")
public func apus_random_choice(
    _ context: OpaquePointer?, _ n: Int64, _ replace: Int32, _ probabilities: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let view = try output(out, "out")
        guard view.dtype == .int64 || view.dtype == .int32 else {
            throw .dtype("out must be int64 or int32, got \(view.dtype.name).")
        }
        guard view.dtype == .int64 || n <= 1 << 31 else {
            throw .dtype("out is int32, which cannot hold numbers up to \(n - 1).")
        }
        let weights: ArrayView? = if let probabilities { try input(probabilities, "probabilities") } else { nil }
        let values = try Buffer<Int64>(view.count, in: context.allocator)
        try RandomChoice.draw(
            values.pointer, view.count, of: Int(n), replace: replace != 0, probabilities: weights, in: context,
            stream: { context.nextStream() })
        try view.write(UnsafePointer(values.pointer))
    }
}
