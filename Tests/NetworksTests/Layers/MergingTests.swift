import Core
import Networks
import Testing

extension LayerCase {
    private static func merge(
        _ kind: String, _ combine: @escaping @Sendable ([Double]) -> Double, inputs: Int = 3
    ) -> [LayerCase] {
        let equal = (0..<inputs).map { _ in [2, 3] }
        return [
            LayerCase(kind: kind, inputs: equal, masked: true) { r in
                [r.inputs[0].indices.map { index in combine(r.inputs.map { $0[index] }) }]
            },
            LayerCase(kind: kind, inputs: [[2, 3], [2, 1]]) { r in
                [r.inputs[0].indices.map { combine([r.inputs[0][$0], r.inputs[1][$0 / 3]]) }]
            },
            LayerCase(kind: kind, inputs: [[3], [20, 3]]) { r in
                [r.inputs[1].indices.map { combine([r.inputs[0][$0 / 60 * 3 + $0 % 3], r.inputs[1][$0]]) }]
            },
        ]
    }

    static let merging: [LayerCase] =
        merge("Subtract", { $0[0] - $0[1] }, inputs: 2) + merge("Multiply", { $0.reduce(1, *) })
        + merge("Average", { $0.reduce(0, +) / Double($0.count) }) + merge("Maximum", { $0.max() ?? 0 })
        + merge("Minimum", { $0.min() ?? 0 })
}

struct MergingTests {
    @Test func equalInputsShareTheGradientOfTheLargest() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let a = try builder.add("Input", given: [(key: "shape", value: [2])], inputs: nil)
        let b = try builder.add("Input", given: [(key: "shape", value: [2])], inputs: nil)
        try builder.add("Maximum", given: [], inputs: [a, b])
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2], [1, 2], in: context)
        let y = try Fixtures.tensor([1, 3], [1, 2], in: context)
        try trainer.runForward(Dataset(inputs: [x.view, y.view], targets: [], sampleWeight: nil), training: true, in: context)
        let ones = try Fixtures.tensor([1, 1], [1, 2], in: context)
        defer { withExtendedLifetime((x, y, ones)) {} }
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray == [0.5, 0])
        #expect(try trainer.inputGradient(1).floatArray == [0.5, 1])
    }
}
