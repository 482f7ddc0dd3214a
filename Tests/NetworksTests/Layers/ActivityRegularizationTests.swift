import Core
import Networks
import Testing

extension LayerCase {
    static let activityRegularization: [LayerCase] = [
        // The gradients of the penalty are part of backward, but not of the reference's outputs.
        LayerCase(kind: "ActivityRegularization", inputs: [[4]]) { $0.inputs }
    ]
}

struct ActivityRegularizationTests {
    @Test func theLossHasThePenaltyForEachRow() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.tensor([1, -2, 3, 0.5], [2, 2], in: context)
        let zero = try Fixtures.tensor([1, -2, 3, 0.5], [2, 2], in: context)
        let model = try Fixtures.network([2], [("ActivityRegularization", "l1=0.1 l2=0.01")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let targets = try Dataset(inputs: [], targets: [zero.view], sampleWeight: nil)
        let expected = (0.1 * 6.5 + 0.01 * 14.25) / 2
        #expect(abs(try trainer.loss(targets, in: context) - expected) < 1e-7)
        try trainer.backward(outputGradients: nil, wantsInputGradients: true, in: context)
        let gradient = try trainer.inputGradient(0).floatArray
        for (g, x) in zip(gradient, x.floatArray) {
            #expect(abs(g - ((x > 0 ? 0.1 : -0.1) + 0.02 * x) / 2) < 1e-6)
        }
    }
}
