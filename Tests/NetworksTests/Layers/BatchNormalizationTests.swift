import Core
import Networks
import Testing

extension LayerCase {
    static let batchNormalization: [LayerCase] = [
        ([3], "", false, false), ([3], "scale=false epsilon=0.1", true, false), ([2, 3], "", true, false),
        ([4, 3], "", true, true), ([4, 3], "center=false", false, true), ([3, 2], "axis=1", true, false),
        ([3, 2, 2], "axis=1", false, false), ([2, 2, 3], "axis=[3] momentum=0.5", true, false),
        // Several slices with rows left over, wide rows, and channels that rows are folded for.
        ([61, 40, 3], "", true, false), ([5, 70], "", true, false), ([5, 20], "", true, false), ([3, 7, 1], "", true, false),
        ([7, 1], "", false, false),
    ].map { shape, parameters, training, masked in
        LayerCase(
            kind: "BatchNormalization", inputs: [shape], parameters: parameters, masked: masked, training: training,
            rowsAreIndependent: true
        ) { r in
            let first = parameters.contains("axis=1")
            let channels = first ? shape[0] : shape[shape.count - 1]
            let inner = first ? shape.dropFirst().reduce(1, *) : 1
            let epsilon = parameters.contains("epsilon") ? 0.1 : 0.001
            var weights = r.weights[...]
            let gamma = parameters.contains("scale=false") ? nil : weights.removeFirst()
            let beta = parameters.contains("center=false") ? nil : weights.removeFirst()
            var (mean, variance) = (weights.removeFirst(), weights.removeFirst())
            func channel(_ index: Int) -> Int { index / inner % channels }
            if training {
                for c in 0..<channels {
                    let own = r.inputs[0].indices.filter { channel($0) == c }
                    let weight = own.map { r.masks?[0][$0 / channels] ?? 1 }
                    let count = weight.reduce(0, +)
                    mean[c] = zip(own, weight).reduce(0) { $0 + r.inputs[0][$1.0] * $1.1 } / count
                    variance[c] = zip(own, weight).reduce(0) {
                        $0 + $1.1 * (r.inputs[0][$1.0] - mean[c]) * (r.inputs[0][$1.0] - mean[c])
                    } / count
                }
            }
            return [
                r.inputs[0].enumerated().map { index, x in
                    let c = channel(index)
                    return (x - mean[c]) / (variance[c] + epsilon).squareRoot() * (gamma?[c] ?? 1) + (beta?[c] ?? 0)
                }
            ]
        }
    }
}

struct BatchNormalizationTests {
    @Test func trainingMovesTheAveragesAndInferenceDoesNot() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("BatchNormalization", "momentum=0.9")], in: context)
        let x = try Fixtures.tensor([1, 2, 3, 6], [2, 2], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        #expect(try trainer.weight("batch_normalization/moving_mean").floatArray == [0, 0])
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let mean = try trainer.weight("batch_normalization/moving_mean").floatArray
        let variance = try trainer.weight("batch_normalization/moving_variance").floatArray
        #expect(largestError(mean, [0.2, 0.4]) < 1e-6)
        #expect(largestError(variance, [0.9 + 0.1, 0.9 + 0.4]) < 1e-6)
        #expect(throws: ApusError.self) { try trainer.gradient("batch_normalization/moving_mean") }
    }

    @Test func frozenItRunsAsInInference() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("BatchNormalization", "trainable=false")], in: context)
        let x = try Fixtures.tensor([1, 2, 3, 6], [2, 2], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let training = try trainer.output(0).floatArray
        #expect(try trainer.weight("batch_normalization/moving_mean").floatArray == [0, 0])
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        #expect(try trainer.output(0).floatArray == training)
    }

    @Test func aBatchThatIsNotFiniteLeavesTheAverages() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("BatchNormalization", ""), ("Dense", "units=1")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let before = trainer.weights.array
        let x = try Fixtures.tensor([1, 2, 3, .nan], [2, 2], in: context)
        let y = try Fixtures.tensor([1, 2], [2, 1], in: context)
        #expect(throws: ApusError.self) { _ = try trainer.step(Fixtures.dataset(x, y), in: context) }
        #expect(trainer.weights.array == before)
        x.floats[3] = 4
        y.floats[1] = .infinity
        #expect(throws: ApusError.self) { _ = try trainer.step(Fixtures.dataset(x, y), in: context) }
        #expect(trainer.weights.array == before)
    }
}
