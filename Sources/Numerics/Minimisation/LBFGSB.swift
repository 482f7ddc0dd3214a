import Core

/// The limited-memory BFGS method, within bounds where there are some. Without bounds directions come from the two-loop
/// recursion (Liu and Nocedal 1989, doi:10.1007/BF01589116), with bounds from `BoundedModel` (Byrd, Lu, Nocedal and Zhu
/// 1995, doi:10.1137/0916069). Steps meet the strong Wolfe conditions, or end at a bound.
package struct LBFGSB: Minimizer {
    package static let entry = MinimizerEntry(
        "L-BFGS-B", doc: "limited-memory BFGS, within bounds where there are some", bounds: true,
        parameters: [
            ParameterSpec("maxcor", .integer(1...1000), default: 10, "Pairs of steps and gradient changes kept."),
            ParameterSpec(
                "ftol", .real(from: 0, to: .infinity), default: 0.0,
                "Converged also when an iteration lowers the value by at most ftol max(|f|, 1); 0: never."),
        ]
    ) { (parameters) throws(ApusError) in
        LBFGSB(memory: parameters.integer("maxcor"), decrease: parameters.real("ftol"))
    }

    private let memory: Int
    private let decrease: Double

    package init(memory: Int = 10, decrease: Double = 0) {
        self.memory = max(memory, 1)
        self.decrease = decrease
    }

    package func mostIterations(_ count: Int) -> Int { 15000 }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let allocator = run.context.allocator
        let search = try WolfeLineSearch(run)
        let direction = try Buffer<Double>(n, in: allocator)
        var pairs = try CurvaturePairs(n, memory, in: allocator)
        var model: BoundedModel?
        if let bounds = run.bounds { model = try BoundedModel(n, memory: memory, bounds: bounds, in: allocator) }
        var stagnation = Stagnation(run)
        let endless = search.largest
        defer { run.inverseHessian = { [pairs] (out) throws(ApusError) in pairs.write(to: out) } }
        while true {
            let g = run.gradient.pointer
            var slope = 0.0
            if model == nil {
                for i in 0..<n { direction.pointer[i] = -g[i] }
                pairs.apply(to: direction.pointer)
                slope = innerProduct(g, direction.pointer, n)
            } else if model?.direction(pairs, run.x.pointer, g, to: direction.pointer) == true {
                slope = innerProduct(g, direction.pointer, n)
                // The whole direction stays in the box, whatever rounding says.
                if let bounds = run.bounds {
                    search.largest = min(endless, max(1, bounds.largestStep(run.x.pointer, direction.pointer)))
                }
            }
            if !(slope < 0) {
                // Rounding has spoilt the pairs, or there is no way down.
                if pairs.isEmpty { return .precision }
                pairs.forget()
                continue
            }
            // Without curvature the gradient's length says little of how far to go, a closed box more: the model's minimiser
            // in it is tried at once.
            let isBlind = pairs.isEmpty && run.bounds?.isClosed != true
            let first = isBlind ? min(1, 1 / length(direction.pointer, n)) : 1
            switch try search.search(along: direction.pointer, slope: slope, first: first) {
            case .found: break
            case .endless where search.step >= endless:
                run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
                return .unbounded
            case .endless: break
            case .failed, .notFinite:
                // Old curvature may mislead; steepest descent has the last word.
                if pairs.isEmpty { return search.sawFinite ? .precision : .notFinite }
                pairs.forget()
                continue
            }
            if pairs.append(run.x.pointer, search.point.pointer, g, search.gradient.pointer) {
                model?.appended(to: pairs)
            }
            let before = run.value
            run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
            if let stop = try run.iterated(step: search.step * length(direction.pointer, n)) { return stop }
            if decrease > 0, before - run.value <= decrease * max(abs(before), abs(run.value), 1) {
                run.message = "Converged: an iteration lowered the value by no more than ftol."
                return .converged
            }
            if stagnation.isReached(run) { return .precision }
        }
    }
}
