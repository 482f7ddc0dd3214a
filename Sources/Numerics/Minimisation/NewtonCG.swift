import Core

/// Newton's method with directions from truncated conjugate gradients, so that the Hessian is needed only in products
/// with vectors, and steps that meet the strong Wolfe conditions. Dembo and Steihaug 1983, "Truncated-Newton algorithms
/// for large-scale unconstrained optimization", doi:10.1007/BF02592055; Nocedal and Wright, "Numerical Optimization",
/// 2nd ed., algorithm 7.1.
package struct NewtonCG: Minimizer {
    package init() {}

    static let entry = MinimizerEntry(
        "Newton-CG", doc: "Newton's method by truncated conjugate gradients, with a line search.", hessian: true
    ) { (_) throws(ApusError) in NewtonCG() }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let allocator = run.context.allocator
        let derivatives = try SecondDerivatives(run, products: true)
        let search = try WolfeLineSearch(run)
        let direction = try Buffer<Double>(n, in: allocator)
        let residual = try Buffer<Double>(n, in: allocator)
        let conjugate = try Buffer<Double>(n, in: allocator)
        let product = try Buffer<Double>(n, in: allocator)
        let (p, r, d, hd) = (direction.pointer, residual.pointer, conjugate.pointer, product.pointer)
        while true {
            let g = run.gradient.pointer
            derivatives.moved()
            for i in 0..<n {
                p[i] = 0
                r[i] = g[i]
                d[i] = -g[i]
            }
            let steepest = length(g, n)
            let enough = min(0.5, steepest.squareRoot()) * steepest
            var squares = innerProduct(r, r, n)
            for inner in 0..<max(2 * n, 20) {
                guard try derivatives.product(d, to: hd) else {
                    run.message = "The Hessian is not finite at the point reached."
                    return .notFinite
                }
                let curvature = innerProduct(d, hd, n)
                if !(curvature > 0x1p-50 * innerProduct(d, d, n)) {
                    // Along the first direction the function falls ever faster; how far is for the line search to say.
                    if inner == 0 {
                        let along = curvature < 0 ? squares / -curvature : 1
                        addProduct(along.isFinite ? along : 1, d, to: p, n)
                    }
                    break
                }
                let along = squares / curvature
                addProduct(along, d, to: p, n)
                addProduct(along, hd, to: r, n)
                let left = innerProduct(r, r, n)
                if left.squareRoot() <= enough { break }
                let part = left / squares
                for i in 0..<n { d[i] = part * d[i] - r[i] }
                squares = left
            }
            var slope = innerProduct(g, p, n)
            if !(slope < 0) || !slope.isFinite {
                for i in 0..<n { p[i] = -g[i] }
                slope = -innerProduct(g, g, n)
            }
            switch try search.search(along: p, slope: slope, first: 1) {
            case .found: break
            case .failed: return .precision
            case .notFinite: return .notFinite
            case .endless: return .unbounded
            }
            run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
            if let stop = try run.iterated(step: search.step * length(p, n)) { return stop }
        }
    }
}
