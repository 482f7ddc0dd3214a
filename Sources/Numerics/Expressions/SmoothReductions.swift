import Core
import Glibc

/// A reduction y of x with its derivative by each element, and the derivative of that along a direction.
protocol SmoothReduction: ExpressionOperation {
    var axes: ReducedAxes { get }
    /// Two numbers that the derivatives of a group need.
    func frame(_ x: UnsafePointer<Double>, _ start: Int, _ y: Double) -> (Double, Double)
    /// dy/dx of one element.
    func slope(_ x: Double, _ y: Double, _ frame: (Double, Double)) -> Double
    /// The derivative of `slope` when x moves by dx and y by dy.
    func bend(_ x: Double, _ y: Double, _ frame: (Double, Double), _ dx: Double, _ dy: Double) -> Double
}

extension SmoothReduction {
    var shape: Shape { axes.shape }
    var settings: [String] { axes.settings }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let x = x[0], let dx = dx[0] else { return dy.update(repeating: 0, count: axes.groups) }
        axes.forEachGroup { group, start in
            var sum = CompensatedSum()
            let frame = frame(x, start, y[group])
            axes.forEachElement(of: start) { sum.add(product(dx[$0], slope(x[$0], y[group], frame))) }
            dy[group] = sum.value
        }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let x = x[0], let xbar = xbar[0] else { return }
        axes.forEachGroup { group, start in
            let share = ybar[group]
            if share == 0 { return }
            let frame = frame(x, start, y[group])
            axes.forEachElement(of: start) { xbar[$0] += share * slope(x[$0], y[group], frame) }
        }
    }

    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) throws(ApusError) {
        try reverse(x, y, dybar, dxbar, context)
        guard let x = x[0], let dxbar = dxbar[0], let dx = dx[0] else { return }
        axes.forEachGroup { group, start in
            let share = ybar[group]
            if share == 0 { return }
            let frame = frame(x, start, y[group])
            axes.forEachElement(of: start) {
                dxbar[$0] += share * bend(x[$0], y[group], frame, dx[$0], dy[group])
            }
        }
    }
}

/// log sum exp(x), without overflow. Its derivative is the softmax.
struct LogSumExpOperation: SmoothReduction {
    let axes: ReducedAxes
    var name: String { "logsumexp" }

    init(_ axes: ReducedAxes) throws(ApusError) {
        self.axes = axes
        if axes.size == 0, axes.groups > 0 { throw .shape("The logsumexp of no elements is not defined.") }
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        axes.forEachGroup { group, start in
            let (largest, sum) = frame(x, start, 0)
            y[group] = largest.isFinite ? largest + log(sum) : largest
        }
    }

    /// The largest element m, and sum exp(x - m): by them the derivative keeps its digits however large x is.
    func frame(_ x: UnsafePointer<Double>, _ start: Int, _ y: Double) -> (Double, Double) {
        var largest = -Double.infinity
        axes.forEachElement(of: start) { if x[$0] > largest || x[$0].isNaN { largest = x[$0] } }
        guard largest.isFinite else { return (largest, 1) }
        var sum = CompensatedSum()
        axes.forEachElement(of: start) { sum.add(exp(x[$0] - largest)) }
        return (largest, sum.value)
    }

    func slope(_ x: Double, _ y: Double, _ frame: (Double, Double)) -> Double {
        frame.0 == -.infinity ? 0 : exp(x - frame.0) / frame.1
    }

    func bend(_ x: Double, _ y: Double, _ frame: (Double, Double), _ dx: Double, _ dy: Double) -> Double {
        slope(x, y, frame) * (dx - dy)
    }
}

/// The Euclidean length, without overflow; its derivative at 0 is 0.
struct NormOperation: SmoothReduction {
    let axes: ReducedAxes
    var name: String { "norm_2" }

    init(_ axes: ReducedAxes) { self.axes = axes }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        axes.forEachGroup { group, start in
            var largest = 0.0
            axes.forEachElement(of: start) {
                if x[$0].magnitude > largest || x[$0].isNaN { largest = x[$0].magnitude }
            }
            guard largest > 0, largest.isFinite else { return y[group] = largest }
            // A power of two scales without rounding.
            let scale = largest.binade
            var sum = CompensatedSum()
            axes.forEachElement(of: start) { sum.add((x[$0] / scale) * (x[$0] / scale)) }
            y[group] = sum.value.squareRoot() * scale
        }
    }

    func frame(_ x: UnsafePointer<Double>, _ start: Int, _ y: Double) -> (Double, Double) { (0, 0) }

    func slope(_ x: Double, _ y: Double, _ frame: (Double, Double)) -> Double { y == 0 ? 0 : x / y }

    func bend(_ x: Double, _ y: Double, _ frame: (Double, Double), _ dx: Double, _ dy: Double) -> Double {
        y == 0 ? 0 : (dx - x / y * dy) / y
    }
}
