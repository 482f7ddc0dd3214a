import Core
import Numerics

/// Full-batch training: the methods of Numerics on the loss over all rows, as a function of the trainable weights.
extension Trainer {
    /// Rows that go through the network at once; the loss and gradient of all are the means over such parts.
    private static let rowsOfPart = 1024

    /// Minimises the loss over a dataset from the working weights and publishes what was reached.
    ///
    /// Weights, loss and gradient are the network's in float32, the method's own numbers double. Layers behave as in
    /// training, random ones with the same numbers each time. A loss that is not finite counts as undefined. The
    /// optimizer's state and the count of its updates stay; an error leaves all as it was.
    ///
    /// Throws `unsupported` for weights with constraints, `invalidArgument` for a method, parameter or data.
    package func minimise(
        _ train: Dataset, method: String, parameters: String, gradient: UnsafeMutablePointer<Double>? = nil,
        inverseHessian: UnsafeMutablePointer<Double>? = nil, in context: Context, step: @escaping MinimisationStep
    ) throws(ApusError) -> Numerics.Minimum {
        try check(train, targets: true)
        if let slot = constrained.first {
            throw .unsupported("Weight '\(slot.path)' has a constraint, which these methods do not keep.")
        }
        try prepare(rows: min(train.count, Trainer.rowsOfPart), rowShapes(train), in: context)
        let function = try BatchFunction(self, train, context)
        guard function.count > 0 else { throw .invalid("The network has no weights to train.") }
        let before = try snapshot(in: context)
        defer { forgetPass() }
        do {
            zeroGradients()
            state.isAveraged = false
            let x = try Buffer<Double>(function.count, in: allocator)
            function.each { index, weight in x.pointer[index] = Double(weights.pointer[weight]) }
            let problem = Problem(
                count: function.count, precision: .single,
                product: { (x, vector, product) throws(ApusError) in
                    try function.hessianProduct(x, vector, to: product)
                    return true
                },
                { (x, gradient) throws(ApusError) in try function.evaluate(x, gradient: gradient) })
            let minimum = try MinimizerCatalog.minimise(
                method, parameters, problem, from: x.pointer, gradient: gradient, inverseHessian: inverseHessian,
                in: context, step: step)
            function.set(x.pointer)
            state.passes = before.state.passes
            zeroGradients()
            try publish(in: context)
            return minimum
        } catch {
            restore(before)
            throw error
        }
    }

    /// The loss over all rows as a function of the trainable weights.
    private final class BatchFunction {
        private let trainer: Trainer
        private let data: Dataset
        private let context: Context
        private let passes: Int
        /// Trainable weights, without what lies between them in the trainer's buffers.
        let count: Int
        /// Of Hessian products: a point beside, and the gradients on both sides.
        private let point: Buffer<Double>
        private let sides: [Buffer<Double>]

        init(_ trainer: Trainer, _ data: Dataset, _ context: Context) throws(ApusError) {
            self.trainer = trainer
            self.data = data
            self.context = context
            count = trainer.model.graph.trainableNumbers
            passes = trainer.state.passes
            point = try Buffer(count, in: context.allocator)
            sides = [try Buffer(count, in: context.allocator), try Buffer(count, in: context.allocator)]
        }

        /// Every trainable weight: its place among them and in the trainer's buffers.
        func each(_ body: (_ index: Int, _ weight: Int) -> Void) {
            var index = 0
            for slot in trainer.model.graph.slots where slot.isTrainable {
                for weight in slot.offset..<slot.offset + slot.count {
                    body(index, weight)
                    index += 1
                }
            }
        }

        func set(_ x: UnsafePointer<Double>) {
            let weights = trainer.weights.pointer
            each { index, weight in weights[weight] = Float(x[index]) }
        }

        /// The mean loss, and its gradient where there is a place for it.
        func evaluate(_ x: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>?) throws(ApusError) -> Double {
            set(x)
            // The same random numbers at every point.
            trainer.state.passes = passes
            gradient?.update(repeating: 0, count: count)
            var (loss, size) = (0.0, 0.0)
            var start = 0
            while start < data.count {
                try context.checkInterrupt()
                let rows = min(Trainer.rowsOfPart, data.count - start)
                try trainer.forward(data, start: start, count: rows, training: true, borrows: true, in: context)
                let part = try trainer.evaluate(
                    data, start: start, withGradients: gradient != nil, withMetrics: false, in: context)
                guard part.loss.isFinite else { return .infinity }
                trainer.plan?.commitUpdates()
                let weight = max(part.size, 0x1p-20)
                loss += weight * part.loss
                size += weight
                start += rows
                guard let gradient else { continue }
                trainer.zeroGradients()
                try trainer.backward(outputGradients: nil, wantsInputGradients: false, in: context)
                let own = trainer.gradients.pointer
                each { index, place in gradient[index] += weight * Double(own[place]) }
            }
            if let gradient {
                for index in 0..<count { gradient[index] /= size }
            }
            return loss / size
        }

        /// The difference of the gradients on both sides of a point, a step apart that suits single precision.
        func hessianProduct(
            _ x: UnsafePointer<Double>, _ vector: UnsafePointer<Double>, to product: UnsafeMutablePointer<Double>
        ) throws(ApusError) {
            var (size, reach) = (0.0, 0.0)
            for index in 0..<count {
                size += vector[index] * vector[index]
                reach += x[index] * x[index]
            }
            guard size > 0 else { return product.update(repeating: 0, count: count) }
            let step = 0x1p-8 * (1 + reach.squareRoot()) / size.squareRoot()
            for (side, sign) in zip(sides, [1.0, -1.0]) {
                for index in 0..<count { point.pointer[index] = x[index] + sign * step * vector[index] }
                _ = try evaluate(point.pointer, gradient: side.pointer)
            }
            for index in 0..<count {
                product[index] = (sides[0].pointer[index] - sides[1].pointer[index]) / (2 * step)
            }
        }
    }
}
