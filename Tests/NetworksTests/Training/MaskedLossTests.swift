import Core
import Networks
import Testing

/// The loss behind a mask: the mean over the positions that count, as in Keras.
struct MaskedLossTests {
    @Test func maskedPositionsDoNotCount() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3, 1], [("Masking", "")], in: context)
        let x = try Fixtures.tensor([1, 0, 3, 0, 0, 2], [2, 3, 1], in: context)
        let y = try Fixtures.tensor([0, 9, 1, 9, 9, 4], [2, 3, 1], in: context)
        let weight = try Fixtures.tensor([2, 0.5], [2], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let plain = try Dataset(inputs: [], targets: [y.view], sampleWeight: nil)
        #expect(abs(try trainer.loss(plain, in: context) - (1.0 + 4 + 4) / 3) < 1e-6)
        try trainer.backward(outputGradients: nil, wantsInputGradients: true, in: context)
        #expect(largestError(try trainer.inputGradient(0).floatArray, [2.0 / 3, 0, 4.0 / 3, 0, 0, -4.0 / 3]) < 1e-6)
        let weighted = try Dataset(inputs: [], targets: [y.view], sampleWeight: weight.view)
        #expect(abs(try trainer.loss(weighted, in: context) - (2.0 + 8 + 2) / 3) < 1e-6)
    }

    @Test func aBatchWithoutAnyPositionHasNoLoss() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3, 1], [("Masking", ""), ("Dense", "units=1")], in: context)
        let x = try Fixtures.tensor(Array(repeating: 0, count: 6), [2, 3, 1], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let before = trainer.weights.array
        #expect(try trainer.step(Fixtures.dataset(x, x), in: context) == 0)
        #expect(trainer.weights.array == before)
    }
}
