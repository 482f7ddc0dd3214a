import Core

/// The limited-memory BFGS method: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale
/// optimization", doi:10.1007/BF01589116. Steps meet the strong Wolfe conditions.
package struct LBFGSB: Minimizer {
    package static let entry = MinimizerEntry(
        "L-BFGS-B", doc: "limited-memory BFGS, within bounds where there are some",
        parameters: [
            ParameterSpec("maxcor", .integer(1...1000), default: 10, "Pairs of steps and gradient changes kept.")
        ]
    ) { (parameters) throws(ApusError) in LBFGSB(memory: parameters.integer("maxcor")) }

    /// Pairs of steps and gradient changes kept.
    package var memory: Int

    /// Iterations in a row that may pass without a lower value or a lower gradient.
    private static let mostIdle = 100

    package init(memory: Int = 10) { self.memory = memory }

    package func mostIterations(_ count: Int) -> Int { 15000 }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let search = try WolfeLineSearch(run)
        let direction = try Buffer<Double>(n, in: run.context.allocator)
        var pairs = try CurvaturePairs(n, memory, in: run.context.allocator)
        // Near the least value steps are taken for what they do to the gradient. When they help neither, nothing is left
        // but rounding, whatever the tolerance and the iterations allowed.
        var lowest = (value: run.value, slope: run.slope)
        var idle = 0
        while true {
            for i in 0..<n { direction.pointer[i] = -run.gradient.pointer[i] }
            pairs.apply(to: direction.pointer)
            var slope = innerProduct(run.gradient.pointer, direction.pointer, n)
            if !(slope < 0) {
                pairs.forget()
                for i in 0..<n { direction.pointer[i] = -run.gradient.pointer[i] }
                slope = -innerProduct(run.gradient.pointer, run.gradient.pointer, n)
            }
            let first = pairs.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
            switch try search.search(along: direction.pointer, slope: slope, first: first) {
            case .found: break
            case .endless: return .unbounded
            case .failed, .notFinite:
                // Old curvature may mislead; steepest descent has the last word.
                if pairs.isEmpty { return .precision }
                pairs.forget()
                continue
            }
            _ = pairs.append(run.x.pointer, search.point.pointer, run.gradient.pointer, search.gradient.pointer)
            run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
            let step = search.step * length(direction.pointer, n)
            if let stop = try run.iterated(step: step) { return stop }
            idle = run.value < lowest.value || run.slope < lowest.slope ? 0 : idle + 1
            lowest = (min(lowest.value, run.value), min(lowest.slope, run.slope))
            if idle > LBFGSB.mostIdle { return .precision }
        }
    }
}
