import CVector
import Core

/// The update of a step, in Keras's order: clipping, decay of the weights, the optimizer's rule, the average of the
/// weights, constraints.
extension Trainer {
    /// Numbers of the trainable weights handled as one slice; sums over slices depend on it, never on threads.
    static let numbersOfSlice = 1 << 15

    /// One update with the gradients held, times `scale`. Throws `invalidArgument` when there are none, and for a
    /// schedule that leaves the numbers of float32.
    package func apply(scale: Double = 1, in context: Context) throws(ApusError) {
        guard holdsGradients else { throw .invalid("There are no gradients to apply: call backward first.") }
        if learningRate.isSchedule { try begin(at: learningRate.value(at: state.iteration)) }
        holdsGradients = false
        state.group = BatchGroup()
        state.isAveraged = false
        state.iteration += 1
        let (step, rate) = (state.iteration, state.learningRate)
        var factor = scale
        var limit: Float?
        switch settings.clipping {
        case .none: break
        case .value(let size): limit = Float(size)
        case .norm(let size):
            for slot in model.graph.slots where slot.isTrainable {
                clip(slot.offset..<slot.offset + slot.count, to: size, scale: scale, in: context)
            }
            factor = 1
        case .globalNorm(let size):
            let norm = abs(scale) * gradientNorm(0..<model.graph.trainableCount, in: context)
            factor *= size / max(norm, size)
        }
        let decay = settings.weightDecay.map { Float(-$0 * rate) } ?? 0
        let average = average?.pointer
        let gain = step == 1 ? 1 : Float(1 - (settings.averageMomentum ?? 0))
        let overwrites = settings.overwriteFrequency.map { step.isMultiple(of: $0) } ?? false
        let pointers = UnsafePointer(slotPointers.pointer)
        let (gradientFactor, gradientLimit) = (Float(factor), limit)
        context.parallel(over: model.graph.trainableCount, by: Trainer.numbersOfSlice) { range in
            let count = Int64(range.count)
            let gradient = gradients.pointer + range.lowerBound
            let weight = weights.pointer + range.lowerBound
            if gradientFactor != 1 { context.kernels.scale(gradientFactor, gradient, count) }
            if let gradientLimit { context.kernels.clip(gradient, gradientLimit, count) }
            if decay != 0 {
                for part in decayRanges where part.overlaps(range) {
                    let part = part.clamped(to: range)
                    let decayed = weights.pointer + part.lowerBound
                    context.kernels.axpy(decay, decayed, decayed, Int64(part.count))
                }
            }
            optimizer.update(
                weight, gradient: gradient, slots: pointers, offset: range.lowerBound, count: range.count,
                learningRate: rate, step: step, context.kernels)
            if let average {
                context.kernels.average(average + range.lowerBound, weight, gain, count)
                if overwrites { weight.update(from: average + range.lowerBound, count: range.count) }
            }
        }
        for slot in constrained { slot.constraint?.apply(weights.pointer + slot.offset, slot.shape) }
    }

    /// The average of the trainable weights, where it is kept.
    var average: Buffer<Float>? { settings.averageMomentum == nil ? nil : slots.last }

    /// Lets the average stand for the weights, as Keras does at the end of a fit. The working weights stay what training
    /// goes on from.
    func standForWeights() { state.isAveraged = average != nil && state.iteration > 0 }

    /// Runs `body` on the weights that the trainer stands for.
    func onPublishedWeights<Result>(_ body: () throws(ApusError) -> Result) throws(ApusError) -> Result {
        guard state.isAveraged, let average else { return try body() }
        func exchange() {
            for index in 0..<average.count { swap(&average.pointer[index], &weights.pointer[index]) }
        }
        exchange()
        defer { exchange() }
        return try body()
    }

    /// Scales the gradients of a range, and cuts their norm off at a size.
    private func clip(_ range: Range<Int>, to size: Double, scale: Double, in context: Context) {
        let norm = abs(scale) * gradientNorm(range, in: context)
        let factor = Float(scale * (size / max(norm, size)))
        guard factor != 1 else { return }
        let gradient = gradients.pointer + range.lowerBound
        context.parallel(over: range.count, by: Trainer.numbersOfSlice) { part in
            context.kernels.scale(factor, gradient + part.lowerBound, Int64(part.count))
        }
    }

    /// The norm of the gradients of a range.
    private func gradientNorm(_ range: Range<Int>, in context: Context) -> Double {
        guard !range.isEmpty else { return 0 }
        let gradient = gradients.pointer + range.lowerBound
        let sums = squares.pointer
        context.parallel(over: range.count, by: Trainer.numbersOfSlice) { part in
            sums[part.lowerBound / Trainer.numbersOfSlice] =
                context.kernels.sum_squares(gradient + part.lowerBound, Int64(part.count))
        }
        var sum = 0.0
        for slice in 0...((range.count - 1) / Trainer.numbersOfSlice) { sum += sums[slice] }
        return sum.squareRoot()
    }
}
