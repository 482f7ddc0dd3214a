import Core
import Networks
import Testing

extension LayerCase {
    static let unitNormalization: [LayerCase] = [
        ([5], "", 5, 1), ([3, 4], "axis=1", 3, 4), ([2, 3, 4], "axis=[2,3]", 12, 1), ([2, 30, 4], "axis=[1,2]", 60, 4),
    ].map { (shape: [Int], parameters: String, width: Int, inner: Int) in
        LayerCase(kind: "UnitNormalization", inputs: [shape], parameters: parameters) { r in
            var y = r.inputs[0]
            for vector in 0..<(y.count / width) {
                let start = vector / inner * inner * width + vector % inner
                let length = (0..<width).reduce(0) { $0 + r.inputs[0][start + $1 * inner] * r.inputs[0][start + $1 * inner] }
                    .squareRoot()
                for index in 0..<width { y[start + index * inner] /= length }
            }
            return [y]
        }
    }
}

struct UnitNormalizationTests {
    @Test func zerosStayWithoutAGradientAndTinyVectorsAreFinite() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("UnitNormalization", "")], in: context)
        let x = try Fixtures.tensor([0, 0, 1e-30, 0, 3e20, 4e20], [3, 2], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        #expect(y[0] == 0 && y[1] == 0 && abs(y[2] - 1e-18) < 1e-24)
        #expect(abs(y[4] - 0.6) < 1e-6 && abs(y[5] - 0.8) < 1e-6)
        let ones = try Fixtures.tensor([1, 1, 1, 1, 1, 1], [3, 2], in: context)
        defer { withExtendedLifetime((x, ones)) {} }
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        let gradient = try trainer.inputGradient(0).floatArray
        #expect(gradient[0] == 0 && gradient[1] == 0 && gradient.allSatisfy { $0.isFinite })
    }
}
