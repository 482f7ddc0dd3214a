import CApus
import Core
import Numerics

/// What a callback's return value means where nothing can be kept: 0 goes on, everything else ends the call.
@inline(__always)
func goOn(_ decision: Int32) throws(ApusError) {
    if decision == 0 { return }
    throw ApusError(.interrupted, "The function asked to \(decision > 0 ? "stop" : "abort") by returning \(decision).")
}

/// A caller's function of one number, run in the caller's floating-point state.
func scalarFunction(
    _ f: apus_scalar_function?, _ user: UnsafeMutableRawPointer?, _ context: Context, _ name: StaticString = "f"
) throws(ApusError) -> RealFunction {
    let f = try require(f, name)
    return { (x) throws(ApusError) in
        try context.checkInterrupt()
        var value = Double.nan
        try goOn(inCallersState(context) { f(user, x, &value) })
        return value
    }
}

/// A caller's function of n numbers, its gradient not asked for.
func pointFunction(
    _ f: apus_function?, _ user: UnsafeMutableRawPointer?, _ n: Int64, _ context: Context
) throws(ApusError) -> PointFunction {
    let f = try require(f, "f")
    return { (x) throws(ApusError) in
        try context.checkInterrupt()
        var value = Double.nan
        try goOn(inCallersState(context) { f(user, x, n, &value, nil) })
        return value
    }
}

/// A caller's function from n to m numbers.
func vectorFunction(
    _ f: apus_vector_function?, _ user: UnsafeMutableRawPointer?, _ n: Int64, _ m: Int64, _ context: Context
) throws(ApusError) -> VectorFunction {
    let f = try require(f, "f")
    return { (x, y) throws(ApusError) in
        try context.checkInterrupt()
        for index in 0..<Int(m) { y[index] = .nan }
        try goOn(inCallersState(context) { f(user, x, n, y, m) })
    }
}
