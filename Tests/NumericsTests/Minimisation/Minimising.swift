import Core
import Numerics

/// A minimisation by the name of its method, for tests.
struct Minimising {
    /// Value at x; writes the gradient where there is a place for it.
    typealias Function = (UnsafePointer<Double>, UnsafeMutablePointer<Double>?, Int) throws(ApusError) -> Double?

    var method: String
    var parameters = ""
    var start: [Double]
    var lower: [Double]?
    var upper: [Double]?
    var step: MinimisationStep = { (_) throws(ApusError) in false }

    init(_ method: String, _ parameters: String = "", from start: [Double]) {
        self.method = method
        self.parameters = parameters
        self.start = start
    }

    struct Outcome {
        let minimum: Minimum
        let x: [Double]
        let gradient: [Double]
    }

    func run(in context: Context? = nil, _ function: @escaping Function) throws -> Outcome {
        let context = try context ?? Context()
        let n = start.count
        var x = start
        var gradient = [Double](repeating: 0, count: n)
        let bounds = try Bounds(lower: lower, upper: upper, count: n, in: context.allocator)
        let problem = Problem(count: n, bounds: bounds) { (x, g) throws(ApusError) in try function(x, g, n) }
        let minimum = try MinimizerCatalog.minimise(
            method, parameters, problem, from: &x, gradient: &gradient, in: context, step: step)
        return Outcome(minimum: minimum, x: x, gradient: gradient)
    }
}

/// Named functions of many variables with their gradients.
enum Smooth {
    static func rosenbrock(_ x: UnsafePointer<Double>, _ g: UnsafeMutablePointer<Double>?, _ n: Int)
        throws(ApusError) -> Double?
    {
        var sum = 0.0
        if let g { for i in 0..<n { g[i] = 0 } }
        for i in 0..<n - 1 {
            let a = x[i + 1] - x[i] * x[i]
            let b = 1 - x[i]
            sum += 100 * a * a + b * b
            if let g {
                g[i] += -400 * a * x[i] - 2 * b
                g[i + 1] += 200 * a
            }
        }
        return sum
    }

    /// sum (i + 1) (x_i - i)^2 / 2.
    static func bowl(_ x: UnsafePointer<Double>, _ g: UnsafeMutablePointer<Double>?, _ n: Int)
        throws(ApusError) -> Double?
    {
        var sum = 0.0
        for i in 0..<n {
            let away = x[i] - Double(i)
            sum += 0.5 * Double(i + 1) * away * away
            g?[i] = Double(i + 1) * away
        }
        return sum
    }
}
