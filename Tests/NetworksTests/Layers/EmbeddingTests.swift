import Core
import Networks
import Testing

extension LayerCase {
    static let embedding: [LayerCase] = [
        ([4], "input_dim=7 output_dim=3"), ([2, 3], "input_dim=7 output_dim=20 mask_zero=true"),
    ].map { shape, parameters in
        LayerCase(kind: "Embedding", inputs: [shape], parameters: parameters, classes: 7) { r in
            let width = r.weights[0].count / 7
            return [r.inputs[0].flatMap { r.weights[0][Int($0) * width..<(Int($0) + 1) * width] }]
        }
    }
}

struct EmbeddingTests {
    @Test func numbersOutsideOfTheTableGiveZeros() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([5], [("Embedding", "input_dim=3 output_dim=2")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([-1, 3, 1e30, .nan, .infinity], [1, 5], in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(try trainer.output(0).floatArray.allSatisfy { $0 == 0 })
        let ones = try Fixtures.tensor(Array(repeating: 1, count: 10), [1, 5, 2], in: context)
        defer { withExtendedLifetime((x, ones)) {} }
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
    }
}
