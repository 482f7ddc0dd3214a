import CApus
import Core
import Numerics

/// A callback of one number as the core calls it: interruptible, in the caller's floating-point state.
private func scalar(
    _ function: @escaping apus_scalar_function, _ user: UnsafeMutableRawPointer?, _ name: StaticString,
    _ context: Context
) -> ScalarFunction {
    { (x) throws(ApusError) in
        try context.checkInterrupt()
        var value = Double.nan
        let answer = inCallersState(context) { function(user, x, &value) }
        guard answer >= 0 else {
            throw ApusError(.interrupted, "\(name) returned \(answer) at x = \(x), which aborts.")
        }
        return answer > 0 ? nil : value
    }
}

@implementation @_cdecl("apus_minimize_scalar")
public func apus_minimize_scalar(
    _ context: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ f: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double, _ b: Double,
    _ x: UnsafeMutablePointer<Double>?, _ result: UnsafeMutablePointer<apus_minimum>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let minimiser = try ScalarMinimiser(
            optionalText(method, "method"), parameters: optionalText(parameters, "parameters"))
        let f = try require(f, "f")
        let x = try require(x, "x")
        let result = try initialised(result, "result", "APUS_MINIMUM_INIT")
        let minimum = try minimiser.minimise(scalar(f, user, "f", context), a, b)
        x.pointee = minimum.x
        result.pointee.status = minimum.stop.rawValue
        result.pointee.value = minimum.value
        result.pointee.gradient_norm = .nan
        result.pointee.iterations = Int64(minimum.iterations)
        result.pointee.function_evaluations = Int64(minimum.evaluations)
        result.pointee.gradient_evaluations = 0
        result.pointee.hessian_evaluations = 0
        result.pointee.gradient?.pointee = .nan
        result.pointee.inverse_hessian?.pointee = .nan
        store(minimum.message, in: &result.pointee.message)
    }
}

@implementation @_cdecl("apus_find_root")
public func apus_find_root(
    _ context: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ f: apus_scalar_function?, _ derivative: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ a: Double,
    _ b: Double, _ result: UnsafeMutablePointer<apus_root>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let finder = try RootFinder(
            optionalText(method, "method"), parameters: optionalText(parameters, "parameters"))
        let f = try require(f, "f")
        let result = try initialised(result, "result", "APUS_ROOT_INIT")
        let root = try finder.find(
            scalar(f, user, "f", context), derivative: derivative.map { scalar($0, user, "derivative", context) }, a, b)
        result.pointee.status = root.stop.rawValue
        result.pointee.root = root.root
        result.pointee.value = root.value
        result.pointee.iterations = Int64(root.iterations)
        result.pointee.evaluations = Int64(root.evaluations)
        store(root.message, in: &result.pointee.message)
        switch root.stop {
        case .iterations, .notFinite: throw ApusError(.notConverged, "\(finder.method.rawValue): \(root.message)")
        default: break
        }
    }
}
