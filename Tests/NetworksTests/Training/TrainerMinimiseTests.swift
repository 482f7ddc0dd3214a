import Core
import Networks
import Numerics
import Testing

/// Full-batch training by the methods of Numerics.
struct TrainerMinimiseTests {
    private func minimise(
        _ trainer: Trainer, _ data: Dataset, _ method: String, _ parameters: String = "", in context: Context,
        step: @escaping MinimisationStep = { (_) throws(ApusError) in false }
    ) throws -> Numerics.Minimum {
        try trainer.minimise(data, method: method, parameters: parameters, in: context, step: step)
    }

    /// A linear layer with mse has the least squares solution: y = 2 a - b + 0.5 without noise.
    @Test(arguments: ["L-BFGS-B", "CG", "BFGS", "Newton", "Newton-CG", "trust-exact", "trust-ncg", "Nelder-Mead"])
    func findsTheLeastSquaresLine(_ method: String) throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([50, 2], seed: 1, in: context)
        let y = try Tensor(.float32, Shape(50, 1), in: context.allocator)
        for row in 0..<50 { y.floats[row] = 2 * x.floats[2 * row] - x.floats[2 * row + 1] + 0.5 }
        defer { withExtendedLifetime((x, y)) {} }
        let model = try Fixtures.network([2], [("Dense", "units=1")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let minimum = try minimise(trainer, Fixtures.dataset(x, y), method, in: context)
        #expect(minimum.isSettled || minimum.stop == .iterations, "\(minimum.message)")
        let weights = try trainer.weight("dense/kernel").floatArray + trainer.weight("dense/bias").floatArray
        #expect(largestError(weights, [2, -1, 0.5]) < 1e-3, "\(weights)")
        #expect(model.weights.array == trainer.weights.array)
        #expect(trainer.state.iteration == 0)
    }

    /// Rows beyond one part count like the others, and dropout is the same function at every point.
    @Test func manyRowsAndDropoutAreOneFunction() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([2500, 6], seed: 5, in: context)
        let y = try Tensor(.float32, Shape(2500, 1), in: context.allocator)
        for row in 0..<2500 { y.floats[row] = x.floats[6 * row] * x.floats[6 * row + 1] }
        defer { withExtendedLifetime((x, y)) {} }
        let model = try Fixtures.network(
            [6], [("Dense", "units=8 activation=tanh"), ("Dropout", "rate=0.1"), ("Dense", "units=1")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=adam", in: context)
        let data = try Fixtures.dataset(x, y)
        let before = try trainer.evaluate(data, batchSize: 100, in: context)[0]
        var last = Double.infinity
        let minimum = try minimise(
            trainer, data, "BFGS", "maxiter=150", in: context,
            step: { (report) throws(ApusError) in
                #expect(report.value <= last)
                last = report.value
                return false
            })
        #expect(minimum.value < 0.5 * before)
        let after = try trainer.evaluate(data, batchSize: 100, in: context)[0]
        #expect(after < 0.5 * before)
    }

    @Test func threadsDoNotChangeABit() throws {
        var seen: [[Float]] = []
        for threads in [1, 3] {
            let context = try Fixtures.context(threads: threads)
            let x = try Fixtures.normals([300, 20], seed: 5, in: context)
            let y = try Fixtures.labels([300], classes: 3, seed: 6, in: context)
            defer { withExtendedLifetime((x, y)) {} }
            let model = try Fixtures.network(
                [20], [("Dense", "units=9 activation=tanh"), ("Dense", "units=3 activation=softmax")], in: context)
            let trainer = try Fixtures.trainer(
                model, "loss=sparse_categorical_crossentropy optimizer=adam", in: context)
            _ = try minimise(trainer, Fixtures.dataset(x, y), "L-BFGS-B", "maxiter=20", in: context)
            seen.append(trainer.weights.array)
        }
        #expect(seen[0] == seen[1])
    }

    @Test func anErrorTakesEverythingBack() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([20, 2], seed: 1, in: context)
        let y = try Fixtures.normals([20, 1], seed: 2, in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let model = try Fixtures.network([2], [("Dense", "units=1")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let before = trainer.weights.array
        #expect(throws: ApusError.self) {
            try minimise(
                trainer, Fixtures.dataset(x, y), "CG", in: context,
                step: { (_) throws(ApusError) in throw ApusError(.interrupted, "No more.") })
        }
        #expect(trainer.weights.array == before && model.weights.array == before)
        for (method, parameters) in [("banana", ""), ("CG", "gtol=-1"), ("CG", "banana=1")] {
            #expect(throws: ApusError.self) {
                try minimise(trainer, Fixtures.dataset(x, y), method, parameters, in: context)
            }
        }
        let held = try Fixtures.network([2], [("Dense", "units=1 kernel_constraint=non_neg")], in: context)
        let other = try Fixtures.trainer(held, "loss=mse optimizer=sgd", in: context)
        let error = #expect(throws: ApusError.self) { try minimise(other, Fixtures.dataset(x, y), "CG", in: context) }
        #expect(error?.code == .unsupported && error?.message.contains("dense/kernel") == true)
    }
}
