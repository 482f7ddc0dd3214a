import Core
import Networks
import Testing

extension LayerCase {
    static let dropout: [LayerCase] = [LayerCase(kind: "Dropout", inputs: [[6]], parameters: "rate=0.5") { $0.inputs }]
}

struct DropoutTests {
    @Test func keepsTheShareItSaysAndScalesIt() throws {
        let context = try Fixtures.context(threads: 2)
        let model = try Fixtures.network([100], [("Dropout", "rate=0.25")], in: context)
        let x = try Fixtures.tensor(Array(repeating: 1, count: 100_000), [1000, 100], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        let scale: Float = 1 / (1 - 0.25)
        #expect(y.allSatisfy { $0 == 0 || abs($0 - scale) < 1e-6 })
        let kept = Double(y.filter { $0 != 0 }.count) / Double(y.count)
        // Five standard deviations of a share of 100,000 draws.
        #expect(abs(kept - 0.75) < 5 * (0.25 * 0.75 / 100_000).squareRoot())
        let again = try trainer.output(0).floatArray
        #expect(again == y)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(try trainer.output(0).floatArray != y)
    }

    @Test func isTheIdentityInInference() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([8], [("Dropout", "rate=0.9")], in: context)
        let x = try Fixtures.normals([3, 8], seed: 1, in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        #expect(try trainer.output(0).floatArray == x.floatArray)
    }

    @Test func backwardUsesTheMaskOfForward() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([64], [("Dropout", "rate=0.5")], in: context)
        let x = try Fixtures.tensor(Array(repeating: 1, count: 640), [10, 64], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        try trainer.backward(outputGradients: [x.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray == y)
    }
}
