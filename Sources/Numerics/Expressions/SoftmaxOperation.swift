import Core
import Glibc

/// exp(x) / sum exp(x) along an axis, without overflow.
struct SoftmaxOperation: ExpressionOperation {
    let shape: Shape
    private let axis: Int
    private let axes: ReducedAxes
    var name: String { "softmax" }
    var settings: [String] { axis == -1 ? [] : ["axis=\(axis)"] }

    static let specs = [
        ParameterSpec(
            "axis", .integer(-Shape.maximumRank...Shape.maximumRank - 1), default: .integer(-1),
            "The dimension whose elements sum to 1.")
    ]

    init(_ input: Shape, _ parameters: Parameters) throws(ApusError) {
        shape = input
        axis = parameters.integer("axis")
        axes = try ReducedAxes(input, axes: [axis], keepsDimensions: true, kind: "softmax")
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        axes.forEachGroup { _, start in
            var largest = -Double.infinity
            axes.forEachElement(of: start) { if x[$0] > largest || x[$0].isNaN { largest = x[$0] } }
            var sum = CompensatedSum()
            axes.forEachElement(of: start) {
                y[$0] = exp(x[$0] - largest)
                sum.add(y[$0])
            }
            axes.forEachElement(of: start) { y[$0] /= sum.value }
        }
    }

    /// y (v - sum v y): the derivative, which is symmetric, times a vector.
    private func times(
        _ v: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ body: (_ place: Int, _ result: Double) -> Void
    ) {
        axes.forEachGroup { _, start in
            var mean = CompensatedSum()
            axes.forEachElement(of: start) { mean.add(product(y[$0], v[$0])) }
            axes.forEachElement(of: start) { body($0, product(y[$0], v[$0] - mean.value)) }
        }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let dx = dx[0] else { return dy.update(repeating: 0, count: shape.count) }
        times(dx, y) { dy[$0] = $1 }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let xbar = xbar[0] else { return }
        times(ybar, y) { xbar[$0] += $1 }
    }

    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) {
        guard let dxbar = dxbar[0] else { return }
        reverse(x, y, dybar, [dxbar], context)
        axes.forEachGroup { _, start in
            var mean = CompensatedSum()
            var change = CompensatedSum()
            axes.forEachElement(of: start) {
                mean.add(product(y[$0], ybar[$0]))
                change.add(product(dy[$0], ybar[$0]))
            }
            axes.forEachElement(of: start) {
                dxbar[$0] += product(dy[$0], ybar[$0] - mean.value) - product(y[$0], change.value)
            }
        }
    }
}
