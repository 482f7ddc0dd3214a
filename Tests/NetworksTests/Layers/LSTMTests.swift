import Core
import Networks
import Testing

extension LayerCase {
    static let lstm: [LayerCase] = [
        RecurrentReference(kind: "LSTM", units: 3).item(4, 2),
        RecurrentReference(kind: "LSTM", units: 17, sequences: true, returnsState: true).item(3, 5),
        RecurrentReference(kind: "LSTM", units: 3, usesBias: false, backwards: true, sequences: true)
            .item(4, 2, masked: true),
        RecurrentReference(kind: "LSTM", units: 2, activation: "elu", gate: "tanh").item(3, 2, " unit_forget_bias=false"),
        RecurrentReference(kind: "LSTM", units: 3, activation: "softmax", sequences: true).item(2, 2),
        RecurrentReference(kind: "LSTM", units: 3, backwards: true, returnsState: true).item(3, 2, states: true),
        RecurrentReference(kind: "LSTM", units: 3, sequences: true, returnsState: true, zeroes: true)
            .item(5, 2, masked: true),
        // Steps of which no row counts.
        RecurrentReference(kind: "LSTM", units: 3, sequences: true, returnsState: true).item(3, 2, masked: true),
        inEachOfThree,
    ]

    /// In TimeDistributed: sequences of sequences.
    private static var inEachOfThree: LayerCase {
        let layer = RecurrentReference(kind: "LSTM", units: 2)
        return LayerCase(
            kind: "TimeDistributed", inputs: [[3, 4, 2]],
            parameters: #"layer={"class_name": "LSTM", "config": {"units": 2}}"#
        ) { r in
            let flat = LayerReference(
                rows: 3 * r.rows, shapes: [[4, 2]], inputs: r.inputs, weights: r.weights, masks: nil)
            return layer.run(flat, weights: r.weights, states: [])
        }
    }
}

struct LSTMTests {
    @Test func theBiasOfTheForgetGateBeginsAtOne() throws {
        let context = try Fixtures.context()
        for (text, expected) in [("", [0, 0, 1, 1, 0, 0, 0, 0] as [Float]), (" unit_forget_bias=false", Array(repeating: 0, count: 8))] {
            let model = try Fixtures.network([3, 2], [("LSTM", "units=2" + text)], in: context)
            let slot = try model.graph.slot("lstm/lstm_cell/bias")
            #expect(NetworkModel.view(slot, in: model.weights).floatArray == expected)
        }
    }

    @Test func weightsBearKerasNames() throws {
        let model = try Fixtures.network([3, 2], [("LSTM", "units=2 name=l")], in: Fixtures.context())
        #expect(model.graph.slots.map(\.path) == ["l/lstm_cell/kernel", "l/lstm_cell/recurrent_kernel", "l/lstm_cell/bias"])
        #expect(model.graph.slots.map(\.shape) == [Shape(2, 8), Shape(2, 8), Shape(8)])
    }
}
