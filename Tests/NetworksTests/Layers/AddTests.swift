import Core
import Networks
import Testing

extension LayerCase {
    static let add: [LayerCase] = [
        LayerCase(kind: "Add", inputs: [[3], [3]]) { r in [zip(r.inputs[0], r.inputs[1]).map(+)] },
        LayerCase(kind: "Add", inputs: [[2, 3], [2, 3], [2, 3]], masked: true) { r in
            [r.inputs[0].indices.map { r.inputs[0][$0] + r.inputs[1][$0] + r.inputs[2][$0] }]
        },
        LayerCase(kind: "Add", inputs: [[2, 3], [2, 1], [3]]) { r in
            var y: [Double] = []
            for row in 0..<r.rows {
                for i in 0..<2 {
                    for j in 0..<3 {
                        y.append(r.inputs[0][row * 6 + i * 3 + j] + r.inputs[1][row * 2 + i] + r.inputs[2][row * 3 + j])
                    }
                }
            }
            return [y]
        },
    ]
}

struct AddTests {
    @Test func anInputAddedToItselfGetsTwiceTheGradient() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let input = try builder.add("Input", given: [(key: "shape", value: [3])], inputs: nil)
        try builder.add("Add", given: [], inputs: [input, input])
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        let x = try Fixtures.normals([4, 3], seed: 1, in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(try trainer.output(0).floatArray == x.floatArray.map { 2 * $0 })
        try trainer.backward(outputGradients: [x.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray == x.floatArray.map { 2 * $0 })
    }

    @Test func shapesThatDoNotGoTogetherAreNamed() throws {
        let builder = NetworkBuilder(name: "n", allocator: Allocator())
        let a = try builder.add("Input", given: [(key: "shape", value: [3])], inputs: nil)
        let b = try builder.add("Input", given: [(key: "shape", value: [4])], inputs: nil)
        do throws(ApusError) {
            try builder.add("Add", given: [], inputs: [a, b])
            Issue.record("(3,) and (4,) were added")
        } catch { #expect(error.message.contains("layer 'add'") && error.message.contains("(3,), (4,)"), "\(error.message)") }
    }
}
