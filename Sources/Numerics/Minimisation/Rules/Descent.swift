import Core

/// Iterations of an update rule on the full gradient: one gradient, one step. The value may rise on the way, so the
/// lowest point met is kept, or the last one where that is asked for.
package struct Descent<Rule: UpdateRule>: Minimizer {
    private let rule: Rule
    private let shaping: GradientShaping
    private let keepsLast: Bool

    /// The catalog line of a rule.
    static func entry(
        _ name: String, doc: String, decay: GradientShaping.Decay = .gradient, parameters: [ParameterSpec],
        make: @escaping @Sendable (Parameters) throws(ApusError) -> Rule
    ) -> MinimizerEntry {
        let keep = ParameterSpec(
            "keep", .choice(["best", "last"]), default: "best", "Return the lowest point met, or the last one.")
        return MinimizerEntry(name, doc: doc, parameters: parameters + GradientShaping.specs(decay) + [keep]) {
            (parameters) throws(ApusError) in
            Descent(
                rule: try make(parameters), shaping: GradientShaping(parameters),
                keepsLast: parameters.text("keep") == "last")
        }
    }

    package func mostIterations(_ count: Int) -> Int { 10000 }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let allocator = run.context.allocator
        let initial = rule.initialState
        let (cells, overflow) = n.multipliedReportingOverflow(by: initial.count)
        if overflow { throw .limit("\(initial.count) state arrays of \(n) numbers are too many.") }
        let memory = try Buffer<Double>(cells, in: allocator)
        let state = try Buffer<UnsafeMutablePointer<Double>>(initial.count, in: allocator)
        for (index, value) in initial.enumerated() {
            state.pointer[index] = memory.pointer + index &* n
            for i in 0..<n { state.pointer[index][i] = value }
        }
        let before = try Buffer<Double>(n, in: allocator)
        let slope = try Buffer<Double>(n, in: allocator)
        try run.remember(ifLower: false)
        while true {
            before.pointer.update(from: run.x.pointer, count: n)
            slope.pointer.update(from: run.gradient.pointer, count: n)
            if let lookahead = rule.lookahead, run.iterations > 0 {
                addProduct(lookahead, state.pointer[0], to: run.x.pointer, n)
                let value = try run.evaluate(run.x.pointer, gradient: slope.pointer)
                run.x.pointer.update(from: before.pointer, count: n)
                guard value.isFinite else { return diverged(run) }
            }
            shaping.shape(slope.pointer, run.x.pointer, n, learningRate: rule.learningRate)
            rule.update(
                run.x.pointer, gradient: slope.pointer, state: UnsafePointer(state.pointer), count: n,
                learningRate: rule.learningRate, step: run.iterations + 1)
            let value = try run.evaluate(run.x.pointer, gradient: run.gradient.pointer)
            guard value.isFinite, largestMagnitude(run.gradient.pointer, n).isFinite else { return diverged(run) }
            run.value = value
            for i in 0..<n { before.pointer[i] -= run.x.pointer[i] }
            try run.remember(ifLower: !keepsLast)
            if let stop = try run.iterated(step: length(before.pointer, n)) {
                if stop == .converged { run.forget() }
                return stop
            }
            // A rule whose steps have become nothing, without convergence, goes nowhere any more.
            if largestMagnitude(before.pointer, n) == 0, run.iterations > 1 { return .precision }
        }
    }

    private func diverged(_ run: Minimisation) -> StopReason {
        run.message = "The steps led where the function is not finite: lower learning_rate."
        return .notFinite
    }
}
