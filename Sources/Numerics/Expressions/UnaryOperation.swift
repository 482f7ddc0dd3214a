import Core

/// A function of one number with its first and second derivative, given x and y = value(x).
protocol UnaryRule: SendableMetatype {
    static var name: String { get }
    static func value(_ x: Double) -> Double
    static func first(_ x: Double, _ y: Double) -> Double
    static func second(_ x: Double, _ y: Double) -> Double
}

/// A function applied to each element.
struct UnaryOperation<Rule: UnaryRule>: ExpressionOperation {
    let shape: Shape
    private let count: Int

    init(_ shape: Shape) {
        self.shape = shape
        count = shape.count
    }

    var name: String { Rule.name }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        for i in 0..<count { y[i] = Rule.value(x[i]) }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let x = x[0], let dx = dx[0] else { return dy.update(repeating: 0, count: count) }
        for i in 0..<count { dy[i] = product(dx[i], Rule.first(x[i], y[i])) }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let x = x[0], let xbar = xbar[0] else { return }
        for i in 0..<count where ybar[i] != 0 { xbar[i] += ybar[i] * Rule.first(x[i], y[i]) }
    }

    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) {
        guard let x = x[0], let dxbar = dxbar[0] else { return }
        for i in 0..<count where dybar[i] != 0 { dxbar[i] += dybar[i] * Rule.first(x[i], y[i]) }
        guard let dx = dx[0] else { return }
        for i in 0..<count where ybar[i] != 0 && dx[i] != 0 {
            dxbar[i] += ybar[i] * dx[i] * Rule.second(x[i], y[i])
        }
    }
}
