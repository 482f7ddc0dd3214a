import Core

/// A function of two numbers with its derivatives, given a, b and y = value(a, b).
protocol BinaryRule: SendableMetatype {
    static var name: String { get }
    static func value(_ a: Double, _ b: Double) -> Double
    /// dy/da and dy/db
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double
    /// d2y/da2, d2y/dadb, d2y/db2
    static func byAA(_ a: Double, _ b: Double, _ y: Double) -> Double
    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double
    static func byBB(_ a: Double, _ b: Double, _ y: Double) -> Double
}

extension BinaryRule {
    static func byAA(_ a: Double, _ b: Double, _ y: Double) -> Double { 0 }
    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double { 0 }
    static func byBB(_ a: Double, _ b: Double, _ y: Double) -> Double { 0 }
}

/// A rule that is piecewise constant: comparisons and logic.
protocol ConstantRule: BinaryRule {}

extension ConstantRule {
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { 0 }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { 0 }
}

/// A function applied to the elements of two arrays that broadcast. The adjoint of an operand that was stretched is the
/// sum over what it was stretched to.
struct BinaryOperation<Rule: BinaryRule>: ExpressionOperation {
    let shape: Shape
    /// Places of y, a, b.
    private let loop: StridedLoop

    init(_ shape: Shape, _ a: Shape, _ b: Shape) {
        self.shape = shape
        loop = StridedLoop(shape, [shape, a, b])
    }

    var name: String { Rule.name }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let a = x[0], let b = x[1] else { return }
        loop.forEach { y[$0[0]] = Rule.value(a[$0[1]], b[$0[2]]) }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let a = x[0], let b = x[1] else { return }
        dy.update(repeating: 0, count: shape.count)
        if let da = dx[0] {
            loop.forEach { dy[$0[0]] += product(da[$0[1]], Rule.byA(a[$0[1]], b[$0[2]], y[$0[0]])) }
        }
        if let db = dx[1] {
            loop.forEach { dy[$0[0]] += product(db[$0[2]], Rule.byB(a[$0[1]], b[$0[2]], y[$0[0]])) }
        }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let a = x[0], let b = x[1] else { return }
        if let abar = xbar[0] {
            loop.forEach { abar[$0[1]] += product(ybar[$0[0]], Rule.byA(a[$0[1]], b[$0[2]], y[$0[0]])) }
        }
        if let bbar = xbar[1] {
            loop.forEach { bbar[$0[2]] += product(ybar[$0[0]], Rule.byB(a[$0[1]], b[$0[2]], y[$0[0]])) }
        }
    }

    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) {
        guard let a = x[0], let b = x[1] else { return }
        reverse(x, y, dybar, dxbar, context)
        if let out = dxbar[0] {
            if let da = dx[0] {
                loop.forEach {
                    out[$0[1]] += product(ybar[$0[0]] * da[$0[1]], Rule.byAA(a[$0[1]], b[$0[2]], y[$0[0]]))
                }
            }
            if let db = dx[1] {
                loop.forEach {
                    out[$0[1]] += product(ybar[$0[0]] * db[$0[2]], Rule.byAB(a[$0[1]], b[$0[2]], y[$0[0]]))
                }
            }
        }
        if let out = dxbar[1] {
            if let da = dx[0] {
                loop.forEach {
                    out[$0[2]] += product(ybar[$0[0]] * da[$0[1]], Rule.byAB(a[$0[1]], b[$0[2]], y[$0[0]]))
                }
            }
            if let db = dx[1] {
                loop.forEach {
                    out[$0[2]] += product(ybar[$0[0]] * db[$0[2]], Rule.byBB(a[$0[1]], b[$0[2]], y[$0[0]]))
                }
            }
        }
    }
}
