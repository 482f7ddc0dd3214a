import Core

/// Nonlinear conjugate gradients with the beta of Polak and Ribiere, cut off at 0 (Gilbert and Nocedal 1992,
/// doi:10.1137/0802003), and the line search of Hager and Zhang:
///
///     d = -g + beta d,   beta = max(0, g'(g - g_last) / g_last'g_last).
package struct ConjugateGradient: Minimizer {
    package static let entry = MinimizerEntry(
        "CG", doc: "conjugate gradients of Polak and Ribiere, line search of Hager and Zhang"
    ) { (_) throws(ApusError) in ConjugateGradient() }

    package init() {}

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
        // The first step moves by about 1 in the largest component; later ones expect the decrease of the last step.
        var first = min(1, 1 / squares.squareRoot())
        while true {
            switch try search.search(along: d, slope: slope, first: first) {
            case .found: break
            case .endless: return .unbounded
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
            let beta = max(0, (squaresNew - innerProduct(gNew, g, n)) / squares)
            let reached = search.step * slope
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
            first = reached / slope
            if !first.isFinite || first <= 0 { first = min(1, 1 / squares.squareRoot()) }
        }
    }
}
