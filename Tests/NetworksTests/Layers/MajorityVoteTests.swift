import Core
import Networks
import Testing

extension LayerCase {
    static let majorityVote: [LayerCase] = [
        ([4], 3, "", [1, 1, 1], 0.5), ([5, 3], 2, "weights=[2,0.5]", [2, 0.5], 0.5), ([1], 4, "", [1, 1, 1, 1], 0.5),
        ([6, 1], 3, "threshold=-0.25 weights=[1,2,4]", [1, 2, 4], -0.25), ([3], 1, "", [1], 0.5),
    ].map { (shape: [Int], count: Int, parameters: String, weights: [Double], threshold: Double) in
        LayerCase(
            kind: "MajorityVote", inputs: Array(repeating: shape, count: count), parameters: parameters
        ) { r in
            let width = shape[shape.count - 1]
            let total = weights.reduce(0, +)
            var y = r.inputs[0].map { _ in 0.0 }
            for (input, weight) in zip(r.inputs, weights) {
                for place in 0..<(y.count / width) {
                    let votes = Array(input[place * width..<(place + 1) * width])
                    if width == 1 {
                        if votes[0] > threshold { y[place] += weight / total }
                    } else if let best = votes.indices.max(by: { votes[$0] < votes[$1] }) {
                        y[place * width + best] += weight / total
                    }
                }
            }
            return [y]
        }
    }
}

struct MajorityVoteTests {
    @Test func equalVotesAreForTheLowerClassAndNaNHasNone() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        for name in ["a", "b"] {
            let given: [(key: String, value: JSON)] = [(key: "shape", value: [3]), (key: "name", value: .string(name))]
            try builder.add("Input", given: given, inputs: nil)
        }
        let node = try builder.add("MajorityVote", given: [], inputs: [0, 1])
        let model = try NetworkModel(initializing: builder.graph(outputs: [node]), in: context)
        let a = try Fixtures.tensor([5, 5, 1, 0, 1, 0, .nan, 1, 2], [3, 3], in: context)
        let b = try Fixtures.tensor([0, 0, 9, 1, 1, 1, 0, 0, 1], [3, 3], in: context)
        defer { withExtendedLifetime((a, b)) {} }
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let data = try Dataset(inputs: [a.view, b.view], targets: [], sampleWeight: nil)
        try trainer.runForward(data, training: false, in: context)
        let y = try trainer.output(0).floatArray
        #expect(Array(y[0..<6]) == [0.5, 0, 0.5, 0.5, 0.5, 0])
        #expect(y[6...].allSatisfy { $0.isNaN })
    }

    @Test func shapesAndWeightsMustFit() throws {
        let shapes = try #require(try Fixtures.refusal("MajorityVote", "", [[3], [4]]))
        #expect(shapes.contains("input 1 has"))
        let weights = try #require(try Fixtures.refusal("MajorityVote", "weights=[1]", [[3], [3]]))
        #expect(weights.contains("1 weights, but 2 inputs"))
        for wrong in ["weights=[0,0]", "weights=[1,-1]", "weights=3", "weights=[1e39,1]"] {
            let message = try #require(try Fixtures.refusal("MajorityVote", wrong, [[3], [3]]))
            #expect(message.contains("The weights of MajorityVote must be"))
        }
    }
}
