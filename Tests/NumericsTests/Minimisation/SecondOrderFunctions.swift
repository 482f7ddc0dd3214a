import Core
import Glibc
import Numerics

/// A named function with its exact derivatives, for the tests of methods that use second ones.
struct SecondOrderFunction: Sendable {
    typealias Evaluation = @Sendable (_ x: [Double]) -> (value: Double, gradient: [Double], hessian: [[Double]])

    let evaluate: Evaluation

    /// What the problem gives of second derivatives.
    enum Given: CaseIterable, Sendable {
        case hessian
        case product
        case neither
    }

    func problem(_ count: Int, _ given: Given = .hessian) -> Problem {
        let evaluate = evaluate
        func numbers(_ x: UnsafePointer<Double>) -> [Double] { Array(UnsafeBufferPointer(start: x, count: count)) }
        var hessian: Problem.Hessian?
        var product: Problem.HessianProduct?
        switch given {
        case .hessian:
            hessian = { (x, out) throws(ApusError) in
                let rows = evaluate(numbers(x)).hessian
                for i in 0..<count { for j in 0..<count { out[i * count + j] = rows[i][j] } }
                return true
            }
        case .product:
            product = { (x, vector, out) throws(ApusError) in
                let rows = evaluate(numbers(x)).hessian
                for i in 0..<count {
                    out[i] = 0
                    for j in 0..<count { out[i] += rows[i][j] * vector[j] }
                }
                return true
            }
        case .neither: break
        }
        return Problem(count: count, hessian: hessian, product: product) { (x, gradient) throws(ApusError) in
            let all = evaluate(numbers(x))
            if let gradient { for i in 0..<count { gradient[i] = all.gradient[i] } }
            return all.value
        }
    }

    static let rosenbrock = SecondOrderFunction { x in
        let n = x.count
        var value = 0.0
        var g = [Double](repeating: 0, count: n)
        var h = [[Double]](repeating: g, count: n)
        for i in 0..<n - 1 {
            let a = x[i + 1] - x[i] * x[i]
            let b = 1 - x[i]
            value += 100 * a * a + b * b
            g[i] += -400 * a * x[i] - 2 * b
            g[i + 1] += 200 * a
            h[i][i] += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2
            h[i + 1][i + 1] += 200
            h[i][i + 1] -= 400 * x[i]
            h[i + 1][i] -= 400 * x[i]
        }
        return (value, g, h)
    }

    /// A sum of weighted powers of linear forms, whose Hessian at the minimum, 0, is singular.
    static let powellSingular = SecondOrderFunction { x in
        let forms: [([Double], Double, Int)] = [
            ([1, 10, 0, 0], 1, 2), ([0, 0, 1, -1], 5, 2), ([0, 1, -2, 0], 1, 4), ([1, 0, 0, -1], 10, 4),
        ]
        var value = 0.0
        var g = [Double](repeating: 0, count: 4)
        var h = [[Double]](repeating: g, count: 4)
        for (form, weight, power) in forms {
            var t = 0.0
            for i in 0..<4 { t += form[i] * x[i] }
            let p = Double(power)
            value += weight * pow(t, p)
            for i in 0..<4 {
                g[i] += weight * p * pow(t, p - 1) * form[i]
                for j in 0..<4 { h[i][j] += weight * p * (p - 1) * pow(t, p - 2) * form[i] * form[j] }
            }
        }
        return (value, g, h)
    }

    /// x^2 - y^2 + y^4: a saddle at 0, minima -1/4 at y^2 = 1/2.
    static let saddle = SecondOrderFunction { x in
        (
            x[0] * x[0] - x[1] * x[1] + pow(x[1], 4), [2 * x[0], -2 * x[1] + 4 * pow(x[1], 3)],
            [[2, 0], [0, -2 + 12 * x[1] * x[1]]]
        )
    }

    /// cosh(x - 1): one variable.
    static let cosine = SecondOrderFunction { x in (cosh(x[0] - 1), [sinh(x[0] - 1)], [[cosh(x[0] - 1)]]) }
}

/// What a test needs to know of a run.
struct Ending {
    let minimum: Minimum
    let x: [Double]
}

/// Runs a method by name.
func minimise(
    _ method: String, _ problem: Problem, from start: [Double], parameters: String = "gtol=1e-8",
    step: @escaping MinimisationStep = { (_) throws(ApusError) in false }
) throws -> Ending {
    let context = try Context(threads: 1)
    let x = try Buffer(start, in: context.allocator)
    let minimum = try MinimizerCatalog.minimise(method, parameters, problem, from: x.pointer, in: context, step: step)
    return Ending(minimum: minimum, x: x.array)
}
