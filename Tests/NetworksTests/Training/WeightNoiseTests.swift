import Core
import Networks
import Testing

struct WeightNoiseTests {
    private static let dense = [("Dense", "units=2000 use_bias=false kernel_initializer=ones")]

    @Test func passesOfTrainingHaveFreshNoiseAndOthersNone() throws {
        let context = try Fixtures.context(threads: 2)
        let model = try Fixtures.network([1], Self.dense, in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd weight_noise=0.1", in: context)
        let x = try Fixtures.tensor([1], [1, 1], in: context)
        defer { withExtendedLifetime(x) {} }
        func outputs(training: Bool) throws -> [Float] {
            try trainer.runForward(Fixtures.dataset(x), training: training, in: context)
            return try trainer.output(0).floatArray
        }
        let first = try outputs(training: true)
        let variance = first.reduce(0) { $0 + Double(($1 - 1) * ($1 - 1)) } / 2000
        // Five standard errors of the variance of 2,000 normals.
        #expect(abs(variance - 0.01) < 5 * 0.01 * (2.0 / 2000).squareRoot())
        #expect(try outputs(training: true) != first)
        let plain = try outputs(training: false)
        #expect(plain.allSatisfy { $0 == 1 })
        #expect(try trainer.weight("dense/kernel").floatArray == plain)
    }

    @Test func gradientsAreThoseAtTheNoisyWeightsAndChangeTheWeights() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([1], Self.dense, in: context)
        let trainer = try Fixtures.trainer(
            model, "loss=mse optimizer=sgd optimizer.learning_rate=0.5 weight_noise=0.1", in: context)
        let x = try Fixtures.tensor([2], [1, 1], in: context)
        let ones = try Fixtures.tensor(Array(repeating: 1, count: 2000), [1, 2000], in: context)
        defer { withExtendedLifetime((x, ones)) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let sum = try trainer.output(0).floatArray.reduce(0) { $0 + Double($1) } / 2
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        #expect(abs(Double(try trainer.inputGradient(0).floatArray[0]) - sum) < 1e-2)
        try trainer.apply(in: context)
        #expect(try trainer.weight("dense/kernel").floatArray.allSatisfy { $0 == 1 - 0.5 * 2 })
    }

    @Test func averagesOfBatchNormalizationStillMove() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("BatchNormalization", "momentum=0.5")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd weight_noise=0.1", in: context)
        let x = try Fixtures.tensor([1, 2, 3, 6], [2, 2], in: context)
        defer { withExtendedLifetime(x) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(try trainer.weight("batch_normalization/moving_mean").floatArray == [1, 2])
    }

    @Test func checkpointsGoOnWithTheSameNoise() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3], [("Dense", "units=4")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=adam weight_noise=0.05", in: context)
        let x = try Fixtures.normals([6, 3], seed: 1, in: context)
        let y = try Fixtures.normals([6, 4], seed: 2, in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let data = try Fixtures.dataset(x, y)
        _ = try trainer.step(data, in: context)
        let record = try trainer.record(in: context)
        _ = try trainer.step(data, in: context)
        let fresh = try Fixtures.context(threads: 3, seed: 9)
        let graph = try KerasConfig.read(record.config, in: fresh)
        let again = try Trainer(record: record, model: NetworkModel(record: record, graph: graph, in: fresh), in: fresh)
        _ = try again.step(data, in: fresh)
        #expect(again.weights.array == trainer.weights.array)
    }
}
