import Core
import Networks
import Testing

/// A trainer that is given gradients and no loss.
struct NoLossTests {
    @Test func gradientsOfTheCallersOwnTrain() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3], [("Dense", "units=2")], in: context)
        let trainer = try Fixtures.trainer(model, "optimizer=sgd optimizer.learning_rate=0.5", in: context)
        let x = try Fixtures.normals([4, 3], seed: 1, in: context)
        let ones = try Fixtures.tensor(Array(repeating: 1, count: 8), [4, 2], in: context)
        defer { withExtendedLifetime((x, ones)) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: false, in: context)
        try trainer.apply(scale: 1, in: context)
        #expect(try trainer.weight("dense/bias").floatArray == [-2, -2])
        let fresh = try NetworkModel(initializing: model.graph, in: context)
        let copy = try Trainer(record: trainer.record(in: context), model: fresh, in: context)
        #expect(copy.metricNames == ["loss"])
    }

    @Test func whatNeedsALossSaysSo() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3], [("Dense", "units=2")], in: context)
        let trainer = try Fixtures.trainer(model, "optimizer=sgd", in: context)
        let x = try Fixtures.normals([4, 3], seed: 1, in: context)
        let y = try Fixtures.normals([4, 2], seed: 2, in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let data = try Fixtures.dataset(x, y)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let calls: [() throws -> Void] = [
            { try trainer.fit(data, validation: nil, plan: FitPlan(), progress: nil, in: context) },
            { _ = try trainer.evaluate(data, batchSize: 4, in: context) },
            { _ = try trainer.step(data, in: context) },
            { _ = try trainer.trainOnBatch(data, classWeights: nil, in: context) },
            { _ = try trainer.loss(data, in: context) },
        ]
        for call in calls {
            do {
                try call()
                Issue.record("was done without a loss")
            } catch let error as ApusError { #expect(error.message.contains("has no loss")) }
        }
        do {
            _ = try Fixtures.trainer(model, "optimizer=sgd metrics=mae", in: context)
            Issue.record("metrics were taken without a loss")
        } catch let error as ApusError { #expect(error.message.contains("need a loss")) }
    }

    @Test func aBatchIsMeasuredAsItIsTrainedOn() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3], [("Dense", "units=4 activation=softmax")], in: context)
        let parameters = "loss=sparse_categorical_crossentropy optimizer=sgd weighted_metrics=accuracy"
        let trainer = try Fixtures.trainer(model, parameters, in: context)
        let x = try Fixtures.normals([12, 3], seed: 1, in: context)
        let y = try Fixtures.labels([12], classes: 4, seed: 2, in: context)
        let weight = try Tensor(.float32, Shape(12), in: context.allocator)
        for row in 0..<12 { weight.floats[row] = [2, 0, 1, 1][Int(y.int64s[row])] }
        defer { withExtendedLifetime((x, y, weight)) {} }
        let expected = try trainer.evaluate(Fixtures.dataset(x, y, weight: weight), batchSize: 12, in: context)
        let measured = try trainer.trainOnBatch(Fixtures.dataset(x, y), classWeights: [2, 0], in: context)
        // Training takes softmax and loss together, so that they round otherwise.
        #expect(abs(measured[0] - expected[0]) <= 1e-6 && measured[1] == expected[1])
        let other = try Fixtures.trainer(model, parameters, in: context)
        _ = try other.step(Fixtures.dataset(x, y, weight: weight), in: context)
        #expect(trainer.weights.array == other.weights.array)
    }
}
