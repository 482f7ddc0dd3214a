import CApus
import Core
import Numerics
import Synchronization

/// What an `apus_expression *` points to: one thread at a time.
private final class ExpressionHandle {
    let expression: Expression
    private let busy = Atomic<Bool>(false)

    init(_ expression: Expression) { self.expression = expression }

    /// Runs `body` alone. Throws `busy` while another thread is inside.
    func alone(_ body: (Expression) throws(ApusError) -> Void) throws(ApusError) {
        guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw ApusError(.busy, "The expression is in use by another thread.")
        }
        defer { busy.store(false, ordering: .releasing) }
        try body(expression)
    }
}

/// What every function of the chapter goes through.
private func within(
    _ context: OpaquePointer?, _ expression: OpaquePointer?,
    _ body: (Expression, Context) throws(ApusError) -> Void
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let handle = object(try require(expression, "expression"), as: ExpressionHandle.self)
        try handle.alone { (expression) throws(ApusError) in try body(expression, context) }
    }
}

/// A node number as the header counts.
private func number(_ node: Int) -> Int32 { Int32(truncatingIfNeeded: node) }

@implementation @_cdecl("apus_expression_create")
public func apus_expression_create(_ context: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?) -> apus_status
{
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        out.pointee = handle(ExpressionHandle(Expression(context: context)))
    }
}

@implementation @_cdecl("apus_expression_free")
public func apus_expression_free(_ expression: OpaquePointer?) {
    release(expression, as: ExpressionHandle.self)
}

@implementation @_cdecl("apus_expression_variable")
public func apus_expression_variable(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ name: UnsafePointer<CChar>?,
    _ shape: UnsafePointer<Int64>?, _ ndim: Int32, _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    within(context, expression) { (expression, _) throws(ApusError) in
        let name = try text(name, "name")
        let node = try require(node, "node")
        guard ndim >= 0, ndim <= Int32(Shape.maximumRank) else {
            throw .shape("ndim must be 0 to \(Shape.maximumRank), got \(ndim).")
        }
        var extents = Shape()
        if ndim > 0 {
            let shape = try require(shape, "shape")
            for index in 0..<Int(ndim) {
                guard shape[index] >= 0 else { throw .shape("shape[\(index)] must be >= 0, got \(shape[index]).") }
                extents.append(Int(shape[index]))
            }
        }
        node.pointee = number(try expression.addVariable(name, extents))
    }
}

@implementation @_cdecl("apus_expression_constant")
public func apus_expression_constant(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ value: UnsafePointer<apus_array>?,
    _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    within(context, expression) { (expression, _) throws(ApusError) in
        let node = try require(node, "node")
        node.pointee = number(try expression.addConstant(input(value, "value")))
    }
}

@implementation @_cdecl("apus_expression_apply")
public func apus_expression_apply(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ operation: UnsafePointer<CChar>?,
    _ inputs: UnsafePointer<Int32>?, _ count: Int32, _ parameters: UnsafePointer<CChar>?,
    _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    within(context, expression) { (expression, _) throws(ApusError) in
        let name = try text(operation, "operation")
        let node = try require(node, "node")
        guard count >= 1 else { throw .invalid("n_inputs must be >= 1, got \(count).") }
        guard count <= 1024 else { throw .limit("An operation may have 1024 operands, got \(count).") }
        let inputs = try require(inputs, "inputs")
        let operands = (0..<Int(count)).map { Int(inputs[$0]) }
        node.pointee = number(
            try expression.apply(name, operands, parameters: optionalText(parameters, "parameters")))
    }
}

@implementation @_cdecl("apus_expression_parse")
public func apus_expression_parse(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ formula: UnsafePointer<CChar>?,
    _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    within(context, expression) { (expression, _) throws(ApusError) in
        let formula = try text(formula, "formula")
        let node = try require(node, "node")
        node.pointee = number(try FormulaParser.parse(formula, in: expression))
    }
}

@implementation @_cdecl("apus_expression_shape")
public func apus_expression_shape(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ node: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    within(context, expression) { (expression, _) throws(ApusError) in
        let out = try require(out, "out")
        try describe(.float64, expression.shape(of: Int(node)), in: out)
    }
}

/// A result array for a value of this shape.
private func result(_ out: UnsafeMutablePointer<apus_array>?, _ name: String, _ shape: Shape) throws(ApusError) -> ArrayView
{
    let view = try output(out, name)
    guard view.dtype == .float64 || view.dtype == .float32 else {
        throw .dtype("\(name) must be float64 or float32, got \(view.dtype.name).")
    }
    guard view.shape == shape else { throw .shape("\(name) must have shape \(shape), got \(view.shape).") }
    return view
}

/// The values of all variables, counted before any is read.
private func variables(
    _ values: UnsafePointer<apus_array>?, _ count: Int32, _ expression: Expression
) throws(ApusError) -> [ArrayView] {
    guard Int(count) == expression.variableCount else {
        throw .invalid("n_values must be \(expression.variableCount), one for each variable, got \(count).")
    }
    return try inputs(values, count, "values")
}

/// Result arrays for the variables; nil where data is NULL.
private func results(
    _ arrays: UnsafeMutablePointer<apus_array>?, _ count: Int32, _ name: String, _ expression: Expression
) throws(ApusError) -> [ArrayView?] {
    guard Int(count) == expression.variableCount else {
        throw .invalid("n_\(name) must be \(expression.variableCount), one for each variable, got \(count).")
    }
    if count == 0 { return [] }
    guard let arrays else { throw .invalid("\(name) must not be NULL.") }
    var views: [ArrayView?] = []
    for index in 0..<Int(count) {
        let shape = expression.variable(index).shape
        let isWanted = arrays[index].data != nil
        views.append(isWanted ? try result(arrays + index, "\(name)[\(index)]", shape) : nil)
    }
    return views
}

/// Writes derivatives by the wanted variables; zeros for those that the node does not depend on.
private func deliver(
    _ derivatives: [UnsafePointer<Double>?], to views: [ArrayView?], _ context: Context
) throws(ApusError) {
    for (index, view) in views.enumerated() {
        guard let view else { continue }
        if let derivative = derivatives[index] {
            try view.write(derivative)
        } else {
            let zeros = try Buffer<Double>(zeros: view.count, in: context.allocator)
            try withExtendedLifetime(zeros) { () throws(ApusError) in try view.write(UnsafePointer(zeros.pointer)) }
        }
    }
}

@implementation @_cdecl("apus_expression_evaluate")
public func apus_expression_evaluate(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ node: Int32, _ values: UnsafePointer<apus_array>?,
    _ count: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    within(context, expression) { (expression, context) throws(ApusError) in
        let out = try result(out, "out", expression.shape(of: Int(node)))
        let evaluation = try ExpressionEvaluation(
            expression, node: Int(node), values: variables(values, count, expression), context: context)
        try withExtendedLifetime(evaluation) { () throws(ApusError) in
            if let value = evaluation.value { try out.write(value) }
        }
    }
}

@implementation @_cdecl("apus_expression_gradient")
public func apus_expression_gradient(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ node: Int32, _ values: UnsafePointer<apus_array>?,
    _ count: Int32, _ outputGradient: UnsafePointer<apus_array>?, _ value: UnsafeMutablePointer<apus_array>?,
    _ gradients: UnsafeMutablePointer<apus_array>?, _ gradientCount: Int32
) -> apus_status {
    within(context, expression) { (expression, context) throws(ApusError) in
        let shape = try expression.shape(of: Int(node))
        let value = value == nil ? nil : try result(value, "value", shape)
        let wanted = try results(gradients, gradientCount, "gradients", expression)
        let output = outputGradient == nil ? nil : try input(outputGradient, "output_gradient")
        let evaluation = try ExpressionEvaluation(
            expression, node: Int(node), values: variables(values, count, expression), context: context)
        let derivatives = try evaluation.gradient(wanted: wanted.map { $0 != nil }, output: output)
        try withExtendedLifetime(evaluation) { () throws(ApusError) in
            if let value, let computed = evaluation.value { try value.write(computed) }
            try deliver(derivatives, to: wanted, context)
        }
    }
}

@implementation @_cdecl("apus_expression_hessian_product")
public func apus_expression_hessian_product(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ node: Int32, _ values: UnsafePointer<apus_array>?,
    _ count: Int32, _ directions: UnsafePointer<apus_array>?, _ products: UnsafeMutablePointer<apus_array>?,
    _ productCount: Int32
) -> apus_status {
    within(context, expression) { (expression, context) throws(ApusError) in
        let wanted = try results(products, productCount, "products", expression)
        let given = try variables(values, count, expression)
        var moves: [ArrayView?] = []
        if count > 0 {
            let directions = try require(directions, "directions")
            for index in 0..<Int(count) {
                let isGiven = directions[index].data != nil
                moves.append(isGiven ? try input(directions + index, "directions[\(index)]") : nil)
            }
        }
        let evaluation = try ExpressionEvaluation(expression, node: Int(node), values: given, context: context)
        let derivatives = try evaluation.hessianProduct(wanted: wanted.map { $0 != nil }, directions: moves)
        try withExtendedLifetime(evaluation) { () throws(ApusError) in
            try deliver(derivatives, to: wanted, context)
        }
    }
}

@implementation @_cdecl("apus_expression_text")
public func apus_expression_text(
    _ context: OpaquePointer?, _ expression: OpaquePointer?, _ node: Int32, _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int, _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    within(context, expression) { (expression, _) throws(ApusError) in
        try write(FormulaText.write(expression, node: Int(node)), to: buffer, capacity, needed)
    }
}
