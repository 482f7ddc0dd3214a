import Networks
import Testing

extension LayerCase {
    static let rmsNormalization: [LayerCase] = [
        ([6], "", 6, 1), ([3, 20], "epsilon=0.1", 20, 1), ([2, 3, 4], "axis=[2,3]", 12, 1), ([4, 3], "axis=1", 4, 3),
        ([5, 17], "axis=-2", 5, 17), ([40, 300], "", 300, 1),
    ].map { (shape: [Int], parameters: String, width: Int, inner: Int) in
        LayerCase(kind: "RMSNormalization", inputs: [shape], parameters: parameters) { r in
            let epsilon = parameters.contains("epsilon") ? 0.1 : 1e-6
            var y = r.inputs[0]
            for place in 0..<(y.count / width) {
                let start = place / inner * inner * width + place % inner
                let x = (0..<width).map { r.inputs[0][start + $0 * inner] }
                let square = x.reduce(0) { $0 + $1 * $1 } / Double(width)
                for (index, value) in x.enumerated() {
                    y[start + index * inner] = r.weights[0][index] * value / (square + epsilon).squareRoot()
                }
            }
            return [y]
        }
    }
}

struct RMSNormalizationTests {
    @Test func anAxisOfUnknownExtentIsRefused() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [.null, 3])], inputs: nil)
        #expect(throws: (any Error).self) {
            try builder.add("RMSNormalization", given: [(key: "axis", value: 1)], inputs: nil)
        }
        try builder.add("RMSNormalization", given: [], inputs: nil)
        #expect(try builder.graph().slots.map(\.path) == ["rms_normalization/scale"])
    }

    @Test func zerosStay() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("RMSNormalization", "")], in: context)
        let x = try Fixtures.tensor([0, 0, 1e20, 1e20], [2, 2], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        defer { withExtendedLifetime(x) {} }
        let y = try trainer.output(0).floatArray
        #expect(y == [0, 0, 1, 1])
    }
}
