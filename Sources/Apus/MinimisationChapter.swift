import CApus
import Core
import Networks
import Numerics

/// A caller's problem, its functions interruptible and run in the caller's floating-point state.
private func problem(_ pointer: UnsafePointer<apus_problem>?, _ context: Context) throws(ApusError) -> Problem {
    let given = try options(
        require(pointer, "problem"), standard: apus_problem(), atLeast: MemoryLayout<apus_problem>.size, "problem")
    guard given.n >= 1, let count = Int(exactly: given.n), count <= Int.max / 16 else {
        throw .invalid("problem->n must be at least 1 and addressable, got \(given.n).")
    }
    let function = try require(given.function, "problem->function")
    let user = given.user
    let n = given.n
    var hessian: Problem.Hessian?
    if let callback = given.hessian {
        hessian = { (x, matrix) throws(ApusError) in
            try goesOn(inCallersState(context) { callback(user, x, n, matrix) }, "problem->hessian")
        }
    }
    var product: Problem.HessianProduct?
    if let callback = given.hessian_product {
        product = { (x, vector, out) throws(ApusError) in
            try goesOn(inCallersState(context) { callback(user, x, n, vector, out) }, "problem->hessian_product")
        }
    }
    let bounds = try Bounds(lower: given.lower, upper: given.upper, count: count, in: context.allocator)
    return Problem(count: count, bounds: bounds, hessian: hessian, product: product) {
        (x, gradient) throws(ApusError) in
        var value = Double.nan
        let answer = inCallersState(context) { function(user, x, n, &value, gradient) }
        return try goesOn(answer, "problem->function") ? value : nil
    }
}

/// What a function answered: true goes on, false stops. Throws `interrupted` when it aborts.
private func goesOn(_ answer: Int32, _ name: StaticString) throws(ApusError) -> Bool {
    if answer >= 0 { return answer == 0 }
    throw ApusError(.interrupted, "\(name) returned \(answer), which aborts.")
}

/// A caller's callback after each iteration.
private func iterationStep(
    _ callback: apus_iteration_callback?, _ user: UnsafeMutableRawPointer?, _ context: Context
) -> MinimisationStep {
    guard let callback else { return { (_) throws(ApusError) in false } }
    return { (report) throws(ApusError) in
        var iteration = apus_iteration(
            struct_size: UInt32(MemoryLayout<apus_iteration>.size), reserved: 0, iteration: Int64(report.iteration),
            n: Int64(report.count), x: report.x, value: report.value, gradient_norm: report.slope, step: report.step,
            function_evaluations: Int64(report.functionEvaluations))
        let decision = inCallersState(context) { callback(user, &iteration) }
        guard decision >= 0 else {
            throw ApusError(
                .interrupted, "The callback returned \(decision) after iteration \(report.iteration), which aborts.")
        }
        return decision > 0
    }
}

private func store(_ minimum: Minimum, in result: UnsafeMutablePointer<apus_minimum>) {
    result.pointee.status = minimum.stop.rawValue
    result.pointee.value = minimum.value
    result.pointee.gradient_norm = minimum.slope
    result.pointee.iterations = Int64(minimum.iterations)
    result.pointee.function_evaluations = Int64(minimum.functionEvaluations)
    result.pointee.gradient_evaluations = Int64(minimum.gradientEvaluations)
    result.pointee.hessian_evaluations = Int64(minimum.hessianEvaluations)
    store(minimum.message, in: &result.pointee.message)
}

@implementation @_cdecl("apus_minimize")
public func apus_minimize(
    _ context: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ problem: UnsafePointer<apus_problem>?, _ x: UnsafeMutablePointer<Double>?, _ callback: apus_iteration_callback?,
    _ callback_user: UnsafeMutableRawPointer?, _ result: UnsafeMutablePointer<apus_minimum>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let method = try optionalText(method, "method")
        let parameters = try optionalText(parameters, "parameters")
        let x = try require(x, "x")
        let result = try initialised(result, "result", "APUS_MINIMUM_INIT")
        let minimum = try MinimizerCatalog.minimise(
            method, parameters, Apus.problem(problem, context), from: x, gradient: result.pointee.gradient,
            inverseHessian: result.pointee.inverse_hessian, in: context,
            step: iterationStep(callback, callback_user, context))
        store(minimum, in: result)
    }
}

@implementation @_cdecl("apus_trainer_minimize")
public func apus_trainer_minimize(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ train: OpaquePointer?, _ method: UnsafePointer<CChar>?,
    _ parameters: UnsafePointer<CChar>?, _ callback: apus_iteration_callback?,
    _ callback_user: UnsafeMutableRawPointer?, _ result: UnsafeMutablePointer<apus_minimum>?
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let method = try optionalText(method, "method")
        let parameters = try optionalText(parameters, "parameters")
        let result = try initialised(result, "result", "APUS_MINIMUM_INIT")
        let minimum = try trainer.minimise(
            dataset(train, "train"), method: method, parameters: parameters, gradient: result.pointee.gradient,
            inverseHessian: result.pointee.inverse_hessian, in: context,
            step: iterationStep(callback, callback_user, context))
        store(minimum, in: result)
    }
}

@implementation @_cdecl("apus_line_search")
public func apus_line_search(
    _ context: OpaquePointer?, _ parameters: UnsafePointer<CChar>?, _ problem: UnsafePointer<apus_problem>?,
    _ x: UnsafePointer<Double>?, _ direction: UnsafePointer<Double>?, _ step: UnsafeMutablePointer<Double>?,
    _ result: UnsafeMutablePointer<apus_minimum>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let parameters = try optionalText(parameters, "parameters")
        let x = try require(x, "x")
        let direction = try require(direction, "direction")
        let step = try require(step, "step")
        let result = try initialised(result, "result", "APUS_MINIMUM_INIT")
        do throws(ApusError) {
            let found = try LineSearch.search(
                parameters, Apus.problem(problem, context), from: x, along: direction,
                gradient: result.pointee.gradient, in: context)
            step.pointee = found.step
            store(found.minimum, in: result)
        } catch {
            if error.code == .notConverged { step.pointee = 0 }
            throw error
        }
    }
}
