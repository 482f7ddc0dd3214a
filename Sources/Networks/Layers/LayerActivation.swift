import Core

extension Activation {
    /// Whether a step keeps what was before this activation, which ends its layer: at the beginning of its scratch.
    func keeps(_ step: LayerStep) -> Bool { needsInput && step.isDifferentiable }

    /// Turns a step's output gradient into that by what was before this activation, which ends the layer; what was kept
    /// for it is at the beginning of the step's scratch.
    func backward(
        _ step: LayerStep, _ dy: UnsafeMutablePointer<Float>, columns: Int, in context: Context
    ) {
        if step.gradientIsBeforeActivation || isLinear || columns == 0 { return }
        let rows = step.rows * step.outputCount / columns
        let y = step.output
        let kept = needsInput ? UnsafePointer(step.scratch) : nil
        context.parallel(over: rows, by: max(1, (1 << 15) / columns)) { range in
            let offset = range.lowerBound * columns
            gradient(
                context.kernels, y + offset, kept: kept.map { $0 + offset }, dy + offset, dy + offset, rows: range.count,
                columns: columns)
        }
    }
}
