import Core

/// Newton's method with the Hessian's Cholesky factor: a multiple of the identity is added where the Hessian is not
/// positive definite, and every step meets the strong Wolfe conditions. Nocedal and Wright, "Numerical Optimization",
/// 2nd ed., section 3.4 (doi:10.1007/978-0-387-40065-5).
package struct Newton: Minimizer {
    package init() {}

    package func mostIterations(_ count: Int) -> Int { 1000 }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let (cells, overflow) = n.multipliedReportingOverflow(by: n)
        if overflow { throw .limit("\(n) parameters are too many for Newton's method.") }
        run.context.holdBLAS()
        let allocator = run.context.allocator
        let matrix = try Buffer<Double>(cells, in: allocator)
        let search = try WolfeLineSearch(run)
        let direction = try Buffer<Double>(n, in: allocator)
        while true {
            guard try run.hessian(run.x.pointer, to: matrix.pointer) else {
                throw .invalid("Newton's method needs the Hessian.")
            }
            for i in 0..<n { direction.pointer[i] = -run.gradient.pointer[i] }
            try Newton.solve(matrix, direction, in: allocator)
            var slope = innerProduct(run.gradient.pointer, direction.pointer, n)
            var first = 1.0
            if !(slope < 0) {
                for i in 0..<n { direction.pointer[i] = -run.gradient.pointer[i] }
                slope = -innerProduct(run.gradient.pointer, run.gradient.pointer, n)
                first = min(1, 1 / (-slope).squareRoot())
            }
            switch try search.search(along: direction.pointer, slope: slope, first: first) {
            case .found: break
            case .failed: return .precision
            case .notFinite: return .notFinite
            case .endless: return .unbounded
            }
            run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
            let step = search.step * length(direction.pointer, n)
            if let stop = try run.iterated(step: step) { return stop }
        }
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
