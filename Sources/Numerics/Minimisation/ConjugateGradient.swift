import Core

/// Nonlinear conjugate gradients with the beta of Polak and Ribiere, cut off at 0 (Gilbert and Nocedal 1992,
/// doi:10.1137/0802003), and the line search of Hager and Zhang:
///
///     d = -g + beta d,   beta = max(0, g'(g - g_last) / g_last'g_last).
///
/// Where successive gradients are far from orthogonal, |g'g_last| > 0.2 g'g, it starts anew from steepest descent
/// (Powell 1977, doi:10.1007/BF01593790).
package struct ConjugateGradient: Minimizer {
    package static let entry = MinimizerEntry(
        "CG", doc: "conjugate gradients of Polak and Ribiere, line search of Hager and Zhang"
    ) { (_) throws(ApusError) in ConjugateGradient() }

    package init() {}

    /// Share of the squared gradient that its product with the last one may reach.
    private static let overlap = 0.2

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let search = try HagerZhangLineSearch(run)
        let direction = try Buffer<Double>(n, in: run.context.allocator)
        let d = direction.pointer
        let g = run.gradient.pointer
        var stagnation = Stagnation(run)
        var isSteepest = true
        for i in 0..<n { d[i] = -g[i] }
        var squares = innerProduct(g, g, n)
        var slope = -squares
        // The first step is no longer than 1.
        var first = min(1, 1 / squares.squareRoot())
        while true {
            switch try search.search(along: d, slope: slope, first: first) {
            case .found: break
            case .endless:
                run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
                return .unbounded
            case .failed, .notFinite:
                if isSteepest { return search.sawFinite ? .precision : .notFinite }
                for i in 0..<n { d[i] = -g[i] }
                slope = -squares
                first = min(1, 1 / squares.squareRoot())
                isSteepest = true
                continue
            }
            let gNew = search.gradient.pointer
            let squaresNew = innerProduct(gNew, gNew, n)
            let overlap = innerProduct(gNew, g, n)
            let isFar = abs(overlap) > ConjugateGradient.overlap * squaresNew
            let beta = isFar ? 0 : max(0, (squaresNew - overlap) / squares)
            let reached = search.step * slope
            let fallen = 2 * (search.value - run.value)
            let step = search.step * length(d, n)
            run.move(to: search.point.pointer, value: search.value, gradient: gNew)
            if let stop = try run.iterated(step: step) { return stop }
            if stagnation.isReached(run) { return .precision }
            squares = squaresNew
            isSteepest = !(beta > 0) || !beta.isFinite
            for i in 0..<n { d[i] = isSteepest ? -g[i] : beta * d[i] - g[i] }
            slope = innerProduct(g, d, n)
            if !(slope < -1e-10 * squares) {
                for i in 0..<n { d[i] = -g[i] }
                slope = -squares
                isSteepest = true
            }
            // Between two guesses: as much decrease to first order as in the last step, and the minimum of the parabola
            // with the last step's decrease.
            first = (reached * fallen).squareRoot() / -slope
            if !first.isFinite || first <= 0 { first = min(1, 1 / squares.squareRoot()) }
        }
    }
}
