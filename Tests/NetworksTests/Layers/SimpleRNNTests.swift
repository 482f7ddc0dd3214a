import Core
import Networks
import Testing

extension LayerCase {
    static let simpleRNN: [LayerCase] = [
        RecurrentReference(kind: "SimpleRNN", units: 3).item(4, 2),
        RecurrentReference(kind: "SimpleRNN", units: 3, activation: "softmax", sequences: true).item(3, 2),
        RecurrentReference(kind: "SimpleRNN", units: 3, usesBias: false, backwards: true, sequences: true)
            .item(4, 2, masked: true),
        RecurrentReference(kind: "SimpleRNN", units: 17, activation: "relu", returnsState: true)
            .item(2, 19, states: true),
        RecurrentReference(kind: "SimpleRNN", units: 2, sequences: true, zeroes: true).item(4, 3, masked: true),
        RecurrentReference(kind: "SimpleRNN", units: 2, zeroes: true).item(4, 3, masked: true),
    ]
}

struct SimpleRNNTests {
    @Test func addsUpWithUnitWeights() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [3, 1], [("SimpleRNN", "units=1 activation=linear return_sequences=true kernel_initializer=ones recurrent_initializer=ones")],
            in: context)
        let x = try Fixtures.tensor([1, 2, 3, 10, 20, 30], [2, 3, 1], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        #expect(try trainer.output(0).floatArray == [1, 3, 6, 10, 30, 60])
    }

    @Test(arguments: ["SimpleRNN", "LSTM", "GRU"]) func aStatefulLayerGoesOnWhereTheBatchBeforeEnded(_ kind: String) throws {
        let context = try Fixtures.context()
        let whole = try Fixtures.network([6, 2], [(kind, "units=3 return_sequences=true")], in: context)
        let halves = try Fixtures.network([3, 2], [(kind, "units=3 return_sequences=true stateful=true")], in: context)
        for (a, b) in zip(whole.graph.slots, halves.graph.slots) {
            try halves.set(b.path, to: NetworkModel.view(a, in: whole.weights), in: context)
        }
        let x = try Fixtures.normals([2, 6, 2], seed: 3, in: context)
        let long = try Fixtures.trainer(whole, "loss=mse optimizer=sgd", in: context)
        try long.runForward(Fixtures.dataset(x), training: false, in: context)
        let expected = try long.output(0).floatArray
        let short = try Fixtures.trainer(halves, "loss=mse optimizer=sgd", in: context)
        var seen: [[Float]] = []
        for half in [0, 1, 0] {
            if seen.count == 2 { short.resetStates() }
            let values = (0..<2).flatMap { row in (0..<6).map { x.floats[row * 12 + half * 6 + $0] } }
            let part = try Fixtures.tensor(values, [2, 3, 2], in: context)
            try short.runForward(Fixtures.dataset(part), training: false, in: context)
            seen.append(try short.output(0).floatArray)
        }
        for row in 0..<2 {
            for half in 0..<2 {
                let error = largestError(
                    Array(seen[half][row * 9..<row * 9 + 9]), Array(expected[row * 18 + half * 9..<row * 18 + half * 9 + 9]))
                #expect(error <= roundingOfSums)
            }
        }
        #expect(seen[2] == seen[0])
    }

    /// With the input the same in every step and no recurrence, every step of a row must lose the same features.
    @Test func dropoutDropsTheSameFeaturesInEveryStep() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [5, 1],
            [("SimpleRNN", "units=1 activation=linear return_sequences=true dropout=0.5 kernel_initializer=ones recurrent_initializer=zeros")],
            in: context)
        let x = try Fixtures.tensor(Array(repeating: 1, count: 2000), [400, 5, 1], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        var kept = 0
        for row in 0..<400 {
            #expect(y[row * 5] == 0 || y[row * 5] == 2)
            #expect((1..<5).allSatisfy { y[row * 5 + $0] == y[row * 5] })
            if y[row * 5] != 0 { kept += 1 }
        }
        // Five standard deviations of 400 draws.
        #expect(abs(kept - 200) < 50)
        try trainer.backward(outputGradients: [x.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray == y)
    }

    /// h = factor h + 1 from 0 with the factor of recurrent dropout, 0 or 2.
    @Test func recurrentDropoutDropsTheSameStatesInEveryStep() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [3, 1],
            [("SimpleRNN", "units=1 activation=linear recurrent_dropout=0.5 kernel_initializer=ones recurrent_initializer=ones")],
            in: context)
        let x = try Fixtures.tensor(Array(repeating: 1, count: 1200), [400, 3, 1], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        #expect(y.allSatisfy { $0 == 1 || $0 == 7 })
        #expect(abs(y.filter { $0 == 7 }.count - 200) < 50)
        let ones = try Fixtures.tensor(Array(repeating: 1, count: 400), [400, 1], in: context)
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        let dx = try trainer.inputGradient(0).floatArray
        for row in 0..<400 { #expect(Array(dx[row * 3..<row * 3 + 3]) == (y[row] == 1 ? [0, 0, 1] : [4, 2, 1])) }
    }

    @Test func inputsOfAnotherRankAndOfTooFewStatesAreRefused() throws {
        let context = try Fixtures.context()
        #expect(throws: ApusError.self) { try Fixtures.network([4], [("SimpleRNN", "units=2")], in: context) }
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [3, 2])], inputs: nil)
        try builder.add("Input", given: [(key: "shape", value: [4])], inputs: nil)
        do throws(ApusError) {
            try builder.add("LSTM", given: [(key: "units", value: 4)], inputs: [0, 1])
            Issue.record("one state of two was taken")
        } catch { #expect(error.message.contains("2 initial states, got 2"), "\(error.message)") }
        do throws(ApusError) {
            try builder.add("GRU", given: [(key: "units", value: 5)], inputs: [0, 1])
            Issue.record("a state of another size was taken")
        } catch { #expect(error.message.contains("must have shape (5,)"), "\(error.message)") }
    }
}
