import Core
import Glibc
import Numerics

/// min F(v) + sum_c l1_c |v_c| for a smooth convex F with a Hessian: each step minimises F's quadratic model with the
/// absolute values by coordinate descent, and is halved until the cost falls by a share of what the model promises
/// (Lee, Sun, Saunders 2014, doi:10.1137/130921428). Coefficients that are 0 at the optimum become exactly 0.
struct ProximalNewton {
    let count: Int
    let l1: UnsafePointer<Double>
    /// Ends when no component of the smallest subgradient is larger.
    let tolerance: Double
    let mostIterations: Int

    typealias Function =
        (_ v: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>?) throws(ApusError) -> Double
    typealias Hessian = (_ v: UnsafePointer<Double>, _ matrix: UnsafeMutablePointer<Double>) throws(ApusError) -> Void

    private static let enough = 1e-4
    private static let halvings = 40

    /// From `v`, in place. `report` is called with each iteration's cost and ends the run with true.
    func run(
        _ v: UnsafeMutablePointer<Double>, _ function: Function, hessian: Hessian, in context: Context,
        report: (_ iteration: Int, _ cost: Double) throws(ApusError) -> Bool
    ) throws(ApusError) -> (iterations: Int, converged: Bool) {
        let allocator = context.allocator
        let n = count
        let (cells, overflow) = n.multipliedReportingOverflow(by: n)
        if overflow { throw .limit("\(n) parameters are too many for Newton's method.") }
        let matrix = try Buffer<Double>(zeros: cells, in: allocator)
        let gradient = try Buffer<Double>(n, in: allocator)
        let trial = try Buffer<Double>(n, in: allocator)
        let target = try Buffer<Double>(n, in: allocator)
        let model = try CoordinateColumns(gram: matrix, order: n, in: allocator)
        var cost = try function(v, gradient.pointer) + lengths(v)
        for iteration in 0..<mostIterations {
            let slope = subgradient(v, gradient.pointer)
            if slope <= tolerance { return (iteration, true) }
            try hessian(v, matrix.pointer)
            for i in 0..<n {
                for j in 0..<i { matrix.pointer[i &* n + j] = matrix.pointer[j &* n + i] }
            }
            // The model's products with its "target": H v - gradient.
            for i in 0..<n {
                model.cross.pointer[i] = sumOfProducts(matrix.pointer + i &* n, v, n) - gradient.pointer[i]
            }
            target.pointer.update(from: v, count: n)
            try model.begin(0, at: v)
            let inner = CoordinateDescent(
                l1: 1, factors: l1, l2: 0, positive: false, tolerance: 1e-14, mostSweeps: 1000, isRandom: false)
            _ = try inner.run(model, target.pointer, in: context) { (_) throws(ApusError) in false }
            var promise = lengths(target.pointer) - lengths(v)
            for i in 0..<n { promise += gradient.pointer[i] * (target.pointer[i] - v[i]) }
            if !(promise < 0) { return (iteration, slope <= 100 * tolerance) }
            var step = 1.0
            var found = false
            for _ in 0..<ProximalNewton.halvings {
                for i in 0..<n {
                    trial.pointer[i] = step == 1 ? target.pointer[i] : v[i] + step * (target.pointer[i] - v[i])
                }
                let next = try function(trial.pointer, nil) + lengths(trial.pointer)
                // Close to the optimum the cost's own rounding is all that is seen.
                if next <= cost + ProximalNewton.enough * step * promise + 4 * cost.ulp {
                    found = true
                    break
                }
                step *= 0.5
            }
            if !found { return (iteration, false) }
            v.update(from: trial.pointer, count: n)
            cost = try function(v, gradient.pointer) + lengths(v)
            if try report(iteration + 1, cost) { return (iteration + 1, false) }
        }
        return (mostIterations, subgradient(v, gradient.pointer) <= tolerance)
    }

    private func lengths(_ v: UnsafePointer<Double>) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += l1[i] * abs(v[i]) }
        return sum
    }

    /// The largest component of the smallest subgradient.
    private func subgradient(_ v: UnsafePointer<Double>, _ gradient: UnsafePointer<Double>) -> Double {
        var largest = 0.0
        for i in 0..<count {
            let slope =
                v[i] > 0 ? abs(gradient[i] + l1[i]) : v[i] < 0 ? abs(gradient[i] - l1[i]) : abs(gradient[i]) - l1[i]
            largest = max(largest, slope)
        }
        return largest
    }
}
