import Core

/// Newton's method with the Hessian's Cholesky factor: a multiple of the identity is added where the Hessian is not
/// positive definite, and every step meets the strong Wolfe conditions. Nocedal and Wright, "Numerical Optimization",
/// 2nd ed., section 3.4 (doi:10.1007/978-0-387-40065-5).
package struct Newton {
    package var mostIterations = 100
    /// Ends when no gradient component is larger.
    package var tolerance = 1e-6

    package init() {}

    /// Writes the upper triangle of the Hessian (n x n, row-major) at a point; the rest may hold anything.
    package typealias Hessian = (UnsafePointer<Double>, UnsafeMutablePointer<Double>) throws(ApusError) -> Void

    /// Minimises from `x`, which holds the best point on return.
    /// Throws `notConverged` when the value at the start is not finite, and what the closures throw.
    package func minimise(
        _ x: Buffer<Double>, in allocator: Allocator, _ function: SmoothFunction, hessian: Hessian,
        step: MinimisationStep
    ) throws(ApusError) -> Minimum {
        let n = x.count
        let (cells, overflow) = n.multipliedReportingOverflow(by: n)
        if overflow { throw .limit("\(n) parameters are too many for Newton's method.") }
        let matrix = try Buffer<Double>(cells, in: allocator)
        let search = try WolfeLineSearch(n, in: allocator)
        let gradient = try Buffer<Double>(n, in: allocator)
        let direction = try Buffer<Double>(n, in: allocator)
        var minimum = Minimum(value: 0, slope: 0, iterations: 0, evaluations: 1, stop: .iterations)
        minimum.value = try function(x.pointer, gradient.pointer)
        guard minimum.value.isFinite else {
            throw ApusError(.notConverged, "The function to minimise is not finite at the start.")
        }
        while true {
            minimum.slope = Minimum.largest(gradient.pointer, n)
            if minimum.slope <= tolerance {
                minimum.stop = .gradient
                break
            }
            if minimum.iterations >= mostIterations { break }
            try hessian(x.pointer, matrix.pointer)
            for i in 0..<n { direction.pointer[i] = -gradient.pointer[i] }
            try Newton.solve(matrix, direction, in: allocator)
            var slope = innerProduct(gradient.pointer, direction.pointer, n)
            var first = 1.0
            if !(slope < 0) {
                for i in 0..<n { direction.pointer[i] = -gradient.pointer[i] }
                slope = -innerProduct(gradient.pointer, gradient.pointer, n)
                first = min(1, 1 / (-slope).squareRoot())
            }
            let found = try search.search(
                function, from: x.pointer, along: direction.pointer, value: minimum.value, slope: slope, first: first)
            minimum.evaluations = 1 + search.evaluations
            if !found {
                minimum.stop = .precision
                break
            }
            x.pointer.update(from: search.point.pointer, count: n)
            gradient.pointer.update(from: search.gradient.pointer, count: n)
            minimum.value = search.value
            minimum.iterations += 1
            let steepest = Minimum.largest(gradient.pointer, n)
            if try step(minimum.iterations, minimum.value, steepest) {
                minimum.slope = steepest
                minimum.stop = .asked
                break
            }
        }
        return minimum
    }

    /// direction = H^-1 direction, H made positive definite by the least multiple tried of the identity.
    private static func solve(_ matrix: Buffer<Double>, _ direction: Buffer<Double>, in allocator: Allocator)
        throws(ApusError)
    {
        let n = direction.count
        var largest = 0.0
        for i in 0..<n { largest = max(largest, abs(matrix.pointer[i &* n + i])) }
        if !(largest > 0) || !largest.isFinite { return }
        var added = 0.0
        for attempt in 0..<12 {
            if let factor = try Cholesky(matrix.pointer, order: n, in: allocator), factor.reciprocalCondition > 1e-14 {
                factor.solve(direction.pointer, count: 1)
                return
            }
            let wanted = attempt == 0 ? 1e-10 * largest : added * 10
            for i in 0..<n { matrix.pointer[i &* n + i] += wanted - added }
            added = wanted
        }
    }
}
