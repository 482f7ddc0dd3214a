import Core

/// An operation of an expression with its shapes fixed: the value, and the rules that carry derivatives through it.
///
/// x are the operands, y is the result; dx and dy are tangents (derivatives along a direction; nil stands for zero),
/// ybar is the adjoint (derivatives of the final value by y), and dybar its tangent. All arrays are dense doubles.
protocol ExpressionOperation: Sendable {
    /// The name that `apus_expression_apply` knows it by.
    var name: String { get }
    /// Shape of the result.
    var shape: Shape { get }
    /// Parameters as they stand in a formula, "axes=[0]"; none where they are the defaults.
    var settings: [String] { get }

    /// y = f(x)
    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) throws(ApusError)
    /// dy = J dx
    func tangent(_ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context)
        throws(ApusError)
    /// xbar += J^T ybar, for the operands that are not nil.
    func reverse(_ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context)
        throws(ApusError)
    /// dxbar += J^T dybar + dJ^T ybar, the derivative of `reverse` along the direction.
    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) throws(ApusError)
}

/// Addresses of operands; nil for a tangent that is zero.
typealias Operands = [UnsafePointer<Double>?]
/// Addresses to add to; nil for an operand that needs no derivative.
typealias Results = [UnsafeMutablePointer<Double>?]

extension ExpressionOperation {
    var settings: [String] { [] }
}

/// An operation that is linear in its operands (those it differentiates by): its derivative does not change.
protocol LinearOperation: ExpressionOperation {}

extension LinearOperation {
    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) throws(ApusError) {
        try reverse(x, y, dybar, dxbar, context)
    }
}

/// a b, but 0 for a = 0 whatever b: what is multiplied by nothing is not there. So the branch that `where` did not
/// choose adds nothing to a gradient, not even NaN.
@inline(__always)
func product(_ a: Double, _ b: Double) -> Double { a == 0 ? 0 : a * b }
