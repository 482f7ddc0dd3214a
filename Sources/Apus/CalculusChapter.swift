import CApus
import Core
import Numerics

// MARK: Arguments

/// A count that a caller gives for arrays of doubles.
private func size(_ n: Int64, _ name: StaticString) throws(ApusError) -> Int {
    guard n >= 1 else { throw .invalid("\(name) must be >= 1, got \(n).") }
    guard n <= Int64(Int.max / 16) else { throw .shape("\(name) is \(n), which is too large.") }
    return Int(n)
}

/// The product of two such counts.
private func product(_ a: Int, _ b: Int) throws(ApusError) -> Int {
    let (count, overflow) = a.multipliedReportingOverflow(by: b)
    guard !overflow, count <= Int.max / 16 else { throw .shape("\(a) by \(b) numbers are too many.") }
    return count
}

private func differences(
    _ text: UnsafePointer<CChar>?, _ kind: String, with more: [ParameterSpec] = []
) throws(ApusError) -> (Differences, Parameters) {
    let parameters = try Parameters(
        kind: kind, specs: Differences.specs + more, text: optionalText(text, "parameters"))
    return (Differences(parameters), parameters)
}

private func integrator(
    _ text: UnsafePointer<CChar>?, _ kind: String, with more: [ParameterSpec] = []
) throws(ApusError) -> (Integrator, Parameters) {
    let parameters = try Parameters(
        kind: kind, specs: Integrator.specs + more, text: optionalText(text, "parameters"))
    return (try Integrator(parameters), parameters)
}

/// The caller's result, which must have been initialised.
private func require(_ result: UnsafeMutablePointer<apus_integral>?) throws(ApusError)
    -> UnsafeMutablePointer<apus_integral>
{
    let result = try require(result, "result")
    let smallest = MemoryLayout<apus_integral>.size
    guard result.pointee.struct_size >= UInt32(smallest) else {
        throw .invalid(
            "result has struct_size \(result.pointee.struct_size), expected at least \(smallest): initialise it with APUS_INTEGRAL_INIT."
        )
    }
    return result
}

/// Hands an integral over, and throws when it did not converge.
private func deliver(_ integral: Integral, to result: UnsafeMutablePointer<apus_integral>) throws(ApusError) {
    result.pointee.value = integral.value
    result.pointee.error = integral.error
    result.pointee.evaluations = Int64(integral.evaluations)
    result.pointee.subdivisions = Int64(integral.subdivisions)
    try integral.requireConvergence()
}

// MARK: Derivatives

@implementation @_cdecl("apus_derivative")
public func apus_derivative(
    _ context: OpaquePointer?, _ f: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ x: Double,
    _ parameters: UnsafePointer<CChar>?, _ value: UnsafeMutablePointer<Double>?, _ error: UnsafeMutablePointer<Double>?,
    _ evaluations: UnsafeMutablePointer<Int64>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let function = try scalarFunction(f, user, context)
        let value = try require(value, "value")
        let (differences, _) = try differences(parameters, "derivative", with: [Differences.orderSpec])
        let result = try Derivative(at: x, differences, wantsErrors: error != nil, context: context, function)
        value.pointee = result.value
        error?.pointee = result.error
        evaluations?.pointee = Int64(result.evaluations)
    }
}

@implementation @_cdecl("apus_gradient")
public func apus_gradient(
    _ context: OpaquePointer?, _ f: apus_function?, _ user: UnsafeMutableRawPointer?, _ x: UnsafePointer<Double>?,
    _ n: Int64, _ parameters: UnsafePointer<CChar>?, _ gradient: UnsafeMutablePointer<Double>?,
    _ errors: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let function = try pointFunction(f, user, n, context)
        let x = try require(x, "x")
        let gradient = try require(gradient, "gradient")
        let count = try size(n, "n")
        let (differences, _) = try differences(parameters, "gradient")
        let values = try Buffer<Double>(count, in: context.allocator)
        let bounds = errors == nil ? nil : try Buffer<Double>(count, in: context.allocator)
        try Gradient.compute(
            at: x, count, differences, context: context, function, into: values.pointer, errors: bounds?.pointer)
        gradient.update(from: values.pointer, count: count)
        if let errors, let bounds { errors.update(from: bounds.pointer, count: count) }
    }
}

@implementation @_cdecl("apus_directional_derivative")
public func apus_directional_derivative(
    _ context: OpaquePointer?, _ f: apus_function?, _ user: UnsafeMutableRawPointer?, _ x: UnsafePointer<Double>?,
    _ n: Int64, _ direction: UnsafePointer<Double>?, _ parameters: UnsafePointer<CChar>?,
    _ value: UnsafeMutablePointer<Double>?, _ error: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let function = try pointFunction(f, user, n, context)
        let x = try require(x, "x")
        let direction = try require(direction, "direction")
        let value = try require(value, "value")
        let count = try size(n, "n")
        let (differences, checked) = try differences(
            parameters, "directional derivative", with: [Differences.orderSpec, Differences.normalizeSpec])
        let result = try Gradient.along(
            direction, isUnit: checked.boolean("normalize"), at: x, count, differences, context: context, function)
        value.pointee = result.value
        error?.pointee = result.error
    }
}

@implementation @_cdecl("apus_jacobian")
public func apus_jacobian(
    _ context: OpaquePointer?, _ f: apus_vector_function?, _ user: UnsafeMutableRawPointer?,
    _ x: UnsafePointer<Double>?, _ n: Int64, _ m: Int64, _ parameters: UnsafePointer<CChar>?,
    _ jacobian: UnsafeMutablePointer<Double>?, _ errors: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let columns = try size(n, "n")
        let rows = try size(m, "m")
        let function = try vectorFunction(f, user, n, m, context)
        let x = try require(x, "x")
        let jacobian = try require(jacobian, "jacobian")
        let (differences, _) = try differences(parameters, "jacobian")
        let count = try product(rows, columns)
        let values = try Buffer<Double>(count, in: context.allocator)
        let bounds = errors == nil ? nil : try Buffer<Double>(count, in: context.allocator)
        try Jacobian.compute(
            at: x, columns, rows, differences, context: context, function, into: values.pointer,
            errors: bounds?.pointer)
        jacobian.update(from: values.pointer, count: count)
        if let errors, let bounds { errors.update(from: bounds.pointer, count: count) }
    }
}

@implementation @_cdecl("apus_hessian")
public func apus_hessian(
    _ context: OpaquePointer?, _ f: apus_function?, _ user: UnsafeMutableRawPointer?, _ x: UnsafePointer<Double>?,
    _ n: Int64, _ parameters: UnsafePointer<CChar>?, _ hessian: UnsafeMutablePointer<Double>?,
    _ errors: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let function = try pointFunction(f, user, n, context)
        let x = try require(x, "x")
        let hessian = try require(hessian, "hessian")
        let side = try size(n, "n")
        let (differences, _) = try differences(parameters, "hessian")
        let count = try product(side, side)
        let values = try Buffer<Double>(count, in: context.allocator)
        let bounds = errors == nil ? nil : try Buffer<Double>(count, in: context.allocator)
        try Hessian.compute(
            at: x, side, differences, context: context, function, into: values.pointer, errors: bounds?.pointer)
        hessian.update(from: values.pointer, count: count)
        if let errors, let bounds { errors.update(from: bounds.pointer, count: count) }
    }
}

// MARK: Integrals

@implementation @_cdecl("apus_integrate")
public func apus_integrate(
    _ context: OpaquePointer?, _ f: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double, _ b: Double,
    _ parameters: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<apus_integral>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let function = try scalarFunction(f, user, context)
        let result = try require(result)
        let (integrator, _) = try integrator(parameters, "integrate")
        try deliver(integrator.integrate(a, b, context: context, function), to: result)
    }
}

@implementation @_cdecl("apus_integrate_box")
public func apus_integrate_box(
    _ context: OpaquePointer?, _ f: apus_function?, _ user: UnsafeMutableRawPointer?, _ lower: UnsafePointer<Double>?,
    _ upper: UnsafePointer<Double>?, _ n: Int64, _ parameters: UnsafePointer<CChar>?,
    _ result: UnsafeMutablePointer<apus_integral>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let function = try pointFunction(f, user, n, context)
        let lower = try require(lower, "lower")
        let upper = try require(upper, "upper")
        let result = try require(result)
        guard n >= 1, n <= Int64(BoxIntegral.mostDimensions) else {
            throw .invalid("n must be 1 to \(BoxIntegral.mostDimensions), got \(n).")
        }
        let (integrator, _) = try integrator(parameters, "integrate_box")
        try deliver(
            BoxIntegral.integrate(
                integrator, from: Array(UnsafeBufferPointer(start: lower, count: Int(n))),
                to: Array(UnsafeBufferPointer(start: upper, count: Int(n))), context: context, function),
            to: result)
    }
}

/// Samples of the caller as dense doubles, with what goes with them.
private struct GivenSamples {
    let values: Buffer<Double>
    let positions: Buffer<Double>?
    let samples: Samples
    let shape: Shape
    let axis: Int

    init(
        _ y: UnsafePointer<apus_array>?, _ x: UnsafePointer<apus_array>?, _ dx: Double, _ axis: Int32, _ context: Context
    ) throws(ApusError) {
        let y = try input(y, "y")
        shape = y.shape
        guard shape.rank >= 1 else { throw .shape("y must have at least one dimension.") }
        let place = Int(axis) < 0 ? Int(axis) + shape.rank : Int(axis)
        guard place >= 0, place < shape.rank else {
            throw .invalid("axis must be \(-shape.rank) to \(shape.rank - 1), got \(axis).")
        }
        self.axis = place
        values = try Buffer(y.count, in: context.allocator)
        try y.copy(to: values.pointer, name: "y")
        samples = Samples(values.pointer, shape: shape, axis: place)
        if let x {
            let x = try input(x, "x")
            guard x.shape == Shape(shape[place]) else {
                throw .shape("x must have shape \(Shape(shape[place])), as y has along axis \(place); got \(x.shape).")
            }
            let positions = try Buffer<Double>(x.count, in: context.allocator)
            try x.copy(to: positions.pointer, name: "x")
            self.positions = positions
        } else {
            guard dx.isFinite else { throw .invalid("dx must be finite, got \(dx).") }
            positions = nil
        }
    }

    /// y's shape with another extent along the axis; nil drops it.
    func shape(along extent: Int?) -> Shape {
        var result = Shape()
        for index in 0..<shape.rank {
            if index != axis { result.append(shape[index]) } else if let extent { result.append(extent) }
        }
        return result
    }
}

@implementation @_cdecl("apus_integrate_samples")
public func apus_integrate_samples(
    _ context: OpaquePointer?, _ rule: UnsafePointer<CChar>?, _ y: UnsafePointer<apus_array>?,
    _ x: UnsafePointer<apus_array>?, _ dx: Double, _ axis: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let name = try text(rule, "rule")
        guard let rule = SampledRule(rawValue: name) else {
            throw .invalid("rule must be one of trapezoid, simpson, rectangle, got '\(name)'.")
        }
        let given = try GivenSamples(y, x, dx, axis, context)
        let out = try output(out, "out")
        let shape = given.shape(along: nil)
        guard out.shape == shape else { throw .shape("out must have shape \(shape), got \(out.shape).") }
        let sums = try Buffer<Double>(shape.count, in: context.allocator)
        try rule.integrate(given.samples, positions: given.positions.map { UnsafePointer($0.pointer) }, dx: dx, into: sums.pointer)
        try out.write(UnsafePointer(sums.pointer))
    }
}

@implementation @_cdecl("apus_cumulative_integral")
public func apus_cumulative_integral(
    _ context: OpaquePointer?, _ y: UnsafePointer<apus_array>?, _ x: UnsafePointer<apus_array>?, _ dx: Double,
    _ axis: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let given = try GivenSamples(y, x, dx, axis, context)
        let out = try output(out, "out")
        let length = given.shape[given.axis]
        let short = given.shape(along: max(length - 1, 0))
        guard out.shape == given.shape || out.shape == short else {
            throw .shape("out must have shape \(short) or \(given.shape), got \(out.shape).")
        }
        let sums = try Buffer<Double>(out.count, in: context.allocator)
        SampledRule.cumulate(
            given.samples, positions: given.positions.map { UnsafePointer($0.pointer) }, dx: dx,
            startsAtZero: out.shape == given.shape, into: sums.pointer)
        try out.write(UnsafePointer(sums.pointer))
    }
}

// MARK: Expectations

/// What the three functions on densities share.
private func moments(
    _ density: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double, _ b: Double,
    _ parameters: UnsafePointer<CChar>?, _ kind: String, _ context: Context
) throws(ApusError) -> DensityMoments {
    let function = try scalarFunction(density, user, context, "density")
    let (integrator, checked) = try integrator(parameters, kind, with: [DensityMoments.normalizeSpec])
    return try DensityMoments(
        from: a, to: b, integrator, normalizes: checked.boolean("normalize"), context: context, function)
}

@implementation @_cdecl("apus_expected_value")
public func apus_expected_value(
    _ context: OpaquePointer?, _ density: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double,
    _ b: Double, _ g: apus_scalar_function?, _ gUser: UnsafeMutableRawPointer?, _ parameters: UnsafePointer<CChar>?,
    _ result: UnsafeMutablePointer<apus_integral>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let result = try require(result)
        let moments = try moments(density, user, a, b, parameters, "expected_value", context)
        let function: RealFunction =
            g == nil ? { (x) throws(ApusError) in x } : try scalarFunction(g, gUser, context, "g")
        try deliver(moments.expectation(of: function), to: result)
    }
}

@implementation @_cdecl("apus_variance_of_density")
public func apus_variance_of_density(
    _ context: OpaquePointer?, _ density: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double,
    _ b: Double, _ parameters: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<apus_integral>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let result = try require(result)
        let moments = try moments(density, user, a, b, parameters, "variance_of_density", context)
        try deliver(moments.variance(), to: result)
    }
}

@implementation @_cdecl("apus_probability")
public func apus_probability(
    _ context: OpaquePointer?, _ density: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double,
    _ b: Double, _ from: Double, _ to: Double, _ parameters: UnsafePointer<CChar>?,
    _ result: UnsafeMutablePointer<apus_integral>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let result = try require(result)
        let moments = try moments(density, user, a, b, parameters, "probability", context)
        try deliver(moments.probability(from: from, to: to), to: result)
    }
}

@implementation @_cdecl("apus_discrete_moments")
public func apus_discrete_moments(
    _ context: OpaquePointer?, _ values: UnsafePointer<Double>?, _ probabilities: UnsafePointer<Double>?, _ n: Int64,
    _ mean: UnsafeMutablePointer<Double>?, _ variance: UnsafeMutablePointer<Double>?,
    _ entropy: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (_) throws(ApusError) in
        let moments = try DiscreteMoments(
            require(values, "values"), require(probabilities, "probabilities"), size(n, "n"))
        mean?.pointee = moments.mean
        variance?.pointee = moments.variance
        entropy?.pointee = moments.entropy
    }
}
