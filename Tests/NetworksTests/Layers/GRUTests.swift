import Core
import Networks
import Testing

extension LayerCase {
    static let gru: [LayerCase] = [true, false].flatMap { after in
        [
            RecurrentReference(kind: "GRU", units: 3, resetsAfter: after).item(4, 2),
            RecurrentReference(kind: "GRU", units: 17, resetsAfter: after, sequences: true, returnsState: true)
                .item(3, 5, states: true),
            RecurrentReference(kind: "GRU", units: 3, usesBias: false, resetsAfter: after, backwards: true, sequences: true)
                .item(4, 2, masked: true),
            RecurrentReference(kind: "GRU", units: 2, activation: "elu", gate: "tanh", resetsAfter: after).item(3, 2),
            RecurrentReference(kind: "GRU", units: 3, activation: "softmax", resetsAfter: after, zeroes: true)
                .item(4, 2, masked: true),
            RecurrentReference(kind: "GRU", units: 3, resetsAfter: after, sequences: true).item(3, 2, masked: true),
            RecurrentReference(kind: "GRU", units: 3, gate: "hard_sigmoid", resetsAfter: after).item(3, 2),
        ]
    }
}

struct GRUTests {
    @Test func theBiasHasTwoRowsOnlyWithResetAfter() throws {
        for (text, shape) in [("true", Shape(2, 12)), ("false", Shape(12))] {
            let model = try Fixtures.network([3, 2], [("GRU", "units=4 reset_after=\(text)")], in: Fixtures.context())
            #expect(model.graph.slots.map(\.shape) == [Shape(2, 12), Shape(4, 12), shape])
        }
    }

    /// gelu needs what was before it: its gradient against differences of the outputs.
    @Test(arguments: ["SimpleRNN", "LSTM", "GRU"]) func gradientsThroughActivationsThatNeedTheirInput(_ kind: String) throws {
        let context = try Fixtures.context()
        let gates = kind == "SimpleRNN" ? "" : " recurrent_activation=silu"
        let model = try Fixtures.network([3, 2], [(kind, "units=2 activation=gelu" + gates)], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.normals([1, 3, 2], seed: 5, in: context)
        let ones = try Fixtures.tensor([1, 1], [1, 2], in: context)
        func value() throws -> Double {
            try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
            return try trainer.output(0).floatArray.reduce(0) { $0 + Double($1) }
        }
        _ = try value()
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        let gradient = try trainer.inputGradient(0).floatArray
        for index in 0..<x.count {
            let held = x.floats[index]
            x.floats[index] = held + 0.01
            let above = try value()
            x.floats[index] = held - 0.01
            let below = try value()
            x.floats[index] = held
            // A difference of float32 sums over 0.02.
            #expect(abs((above - below) / 0.02 - Double(gradient[index])) < 2e-3)
        }
    }
}
