import Core
import Glibc
import Networks
import Testing

extension LayerCase {
    static let sampling: [LayerCase] = [
        LayerCase(kind: "Sampling", inputs: [[5], [5]]) { [$0.inputs[0]] },
        LayerCase(kind: "Sampling", inputs: [[2, 3], [2, 3]], masked: true) { [$0.inputs[0]] },
    ]
}

struct SamplingTests {
    private func model(_ parameters: String, _ width: Int, in context: Context) throws -> NetworkModel {
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let mean = try builder.add("Input", given: [(key: "shape", value: [.integer(width)])], inputs: nil)
        let logarithm = try builder.add("Input", given: [(key: "shape", value: [.integer(width)])], inputs: nil)
        try builder.add("Sampling", given: ParameterText.parse(parameters, for: "Sampling"), inputs: [mean, logarithm])
        return try NetworkModel(initializing: builder.graph(), in: context)
    }

    @Test func samplesHaveTheMeanAndTheVariance() throws {
        let context = try Fixtures.context(threads: 2)
        let trainer = try Fixtures.trainer(model("", 100, in: context), "loss=mse optimizer=sgd", in: context)
        let mean = try Fixtures.tensor(Array(repeating: 3, count: 100_000), [1000, 100], in: context)
        let logarithm = try Fixtures.tensor(Array(repeating: Float(log(4.0)), count: 100_000), [1000, 100], in: context)
        defer { withExtendedLifetime((mean, logarithm)) {} }
        let data = try Dataset(inputs: [mean.view, logarithm.view], targets: [], sampleWeight: nil)
        try trainer.runForward(data, training: true, in: context)
        let y = try trainer.output(0).floatArray.map(Double.init)
        let average = y.reduce(0, +) / 100_000
        let variance = y.reduce(0) { $0 + ($1 - 3) * ($1 - 3) } / 100_000
        #expect(abs(average - 3) < 5 * 2 / 316 && abs(variance - 4) < 5 * 4 * 1.42 / 316)
        try trainer.backward(outputGradients: [mean.view], wantsInputGradients: true, in: context)
        // dy = 3: by the mean 3, by the logarithm 3 (y - mean) / 2.
        #expect(try trainer.inputGradient(0).floatArray.allSatisfy { $0 == 3 })
        let gradient = try trainer.inputGradient(1).floatArray
        let isRight = zip(gradient, y).allSatisfy { abs(Double($0) - 1.5 * ($1 - 3)) < 1e-4 }
        #expect(isRight)
    }

    @Test(arguments: ["sum", "mean"]) func theDivergenceJoinsLossAndGradients(_ reduction: String) throws {
        let context = try Fixtures.context()
        let network = try model("kl_weight=0.7 kl_reduction=\(reduction)", 3, in: context)
        let trainer = try Fixtures.trainer(network, "loss=mse optimizer=sgd", in: context)
        let mean = try Fixtures.normals([4, 3], seed: 1, in: context)
        let logarithm = try Fixtures.normals([4, 3], seed: 2, in: context)
        let target = try Fixtures.tensor(Array(repeating: 0, count: 12), [4, 3], in: context)
        defer { withExtendedLifetime((mean, logarithm, target)) {} }
        let data = try Dataset(inputs: [mean.view, logarithm.view], targets: [target.view], sampleWeight: nil)
        try trainer.runForward(data, training: false, in: context)
        let loss = try trainer.loss(Dataset(inputs: [], targets: [target.view], sampleWeight: nil), in: context)
        let (m, l) = (mean.floatArray.map(Double.init), logarithm.floatArray.map(Double.init))
        let squares = m.reduce(0) { $0 + $1 * $1 } / 12
        let divergence = zip(m, l).reduce(0) { $0 - 0.5 * (1 + $1.1 - $1.0 * $1.0 - exp($1.1)) }
        let share = 0.7 / (reduction == "sum" ? 4 : 12)
        #expect(abs(loss - squares - share * divergence) < 1e-5)
        try trainer.backward(outputGradients: [target.view], wantsInputGradients: true, in: context)
        let expectedMean = m.map { Float(share * $0) }
        let expectedLogarithm = l.map { Float(share * 0.5 * (exp($0) - 1)) }
        #expect(largestError(try trainer.inputGradient(0).floatArray, expectedMean) < 1e-6)
        #expect(largestError(try trainer.inputGradient(1).floatArray, expectedLogarithm) < 1e-6)
    }

    @Test func inputsOfOtherShapesAreNamed() throws {
        let message = try #require(try Fixtures.refusal("Sampling", "", [[3], [4]]))
        #expect(message.contains("(3,), (4,)"))
    }
}
