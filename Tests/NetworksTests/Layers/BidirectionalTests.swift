import Core
import Networks
import Testing

extension LayerCase {
    static let bidirectional: [LayerCase] = [
        inBothDirections("LSTM", "concat", sequences: true), inBothDirections("GRU", "sum", sequences: true),
        inBothDirections("SimpleRNN", "mul", sequences: false), inBothDirections("SimpleRNN", "ave", sequences: true, masked: true),
        inBothDirections("GRU", nil, sequences: true, masked: true), inBothDirections("GRU", nil, sequences: false),
        inBothDirections("LSTM", "concat", sequences: false, returnsState: true, states: true),
        inBothDirections("LSTM", "sum", sequences: true, backwards: true),
    ]

    private static func inBothDirections(
        _ kind: String, _ mode: String?, sequences: Bool, masked: Bool = false, returnsState: Bool = false,
        states: Bool = false, backwards: Bool = false
    ) -> LayerCase {
        let (units, steps) = (3, 4)
        @Sendable func direction(_ backwards: Bool) -> RecurrentReference {
            RecurrentReference(
                kind: kind, units: units, backwards: backwards, sequences: sequences, returnsState: returnsState,
                zeroes: sequences)
        }
        let stateCount = kind == "LSTM" ? 2 : 1
        let config = #"{"units": 3, "return_sequences": \#(sequences), "return_state": \#(returnsState), "go_backwards": \#(backwards)}"#
        return LayerCase(
            kind: "Bidirectional",
            inputs: [[steps, 2]] + (states ? Array(repeating: [units], count: 2 * stateCount) : []),
            parameters: #"layer={"class_name": "\#(kind)", "config": \#(config)} merge_mode=\#(mode ?? "null")"#,
            masked: masked
        ) { r in
            let given = Array(r.inputs.dropFirst())
            let half = given.count / 2
            let a = direction(backwards).run(r, weights: Array(r.weights[0..<3]), states: Array(given.prefix(half)))
            let b = direction(!backwards).run(r, weights: Array(r.weights[3..<6]), states: Array(given.dropFirst(half)))
            let count = sequences ? steps : 1
            let left = (0..<r.rows * count).map { Array(a[0][$0 * units..<($0 + 1) * units]) }
            let right = (0..<r.rows * count).map { place -> [Double] in
                let turned = place / count * count + (count - 1 - place % count)
                return Array(b[0][turned * units..<(turned + 1) * units])
            }
            let rest = Array(a.dropFirst() + b.dropFirst())
            guard let mode else { return [left.flatMap { $0 }, right.flatMap { $0 }] + rest }
            let merged = zip(left, right).flatMap { left, right -> [Double] in
                switch mode {
                case "concat": left + right
                case "sum": zip(left, right).map { $0 + $1 }
                case "mul": zip(left, right).map { $0 * $1 }
                default: zip(left, right).map { ($0 + $1) / 2 }
                }
            }
            return [merged] + rest
        }
    }
}

struct BidirectionalTests {
    private func network(_ text: String) throws -> NetworkModel {
        try Fixtures.network([4, 2], [("Bidirectional", text)], in: Fixtures.context())
    }

    @Test func weightsBearTheNamesOfBothDirections() throws {
        for name in ["", #", "name": "gru""#, #", "name": "forward_gru""#] {
            let model = try network(#"layer={"class_name": "GRU", "config": {"units": 2, "use_bias": false\#(name)}}"#)
            #expect(
                model.graph.slots.map(\.path) == [
                    "bidirectional/forward_gru/gru_cell/kernel", "bidirectional/forward_gru/gru_cell/recurrent_kernel",
                    "bidirectional/backward_gru/gru_cell/kernel", "bidirectional/backward_gru/gru_cell/recurrent_kernel",
                ])
        }
    }

    @Test func aBackwardLayerOfAnotherKindIsKept() throws {
        let model = try network(
            #"layer={"class_name": "GRU", "config": {"units": 2}} backward_layer={"class_name": "LSTM", "config": {"units": 3, "go_backwards": true, "name": "back"}}"#)
        #expect(model.graph.outputShape(0) == Shape(5))
        let config = KerasConfig.write(model.graph)
        let again = try KerasConfig.read(JSONParser.parse(config.text), in: Fixtures.context())
        #expect(again.slots.map(\.path) == model.graph.slots.map(\.path))
        #expect(again.slots.map(\.path).contains("bidirectional/back/lstm_cell/kernel"))
    }

    @Test func layersThatDoNotGoTogetherAreRefused() throws {
        let gru = #"{"class_name": "GRU", "config": {"units": 2}}"#
        for (text, part) in [
            (#"layer={"class_name": "Dense", "config": {"units": 2}}"#, "must be a SimpleRNN, LSTM or GRU"),
            ("layer=\(gru) backward_layer=\(gru)", "go_backwards"),
            (
                #"layer=\#(gru) backward_layer={"class_name": "GRU", "config": {"units": 2, "go_backwards": true, "return_sequences": true}}"#,
                "return_sequences"
            ),
            (
                #"merge_mode=sum layer=\#(gru) backward_layer={"class_name": "GRU", "config": {"units": 3, "go_backwards": true}}"#,
                "cannot merge 2 and 3 units"
            ),
        ] {
            do throws(ApusError) {
                _ = try NetworkBuilder(name: "n", allocator: Allocator()).addAll([4, 2], "Bidirectional", text)
                Issue.record("taken: \(text)")
            } catch { #expect(error.message.contains(part), "\(error.message)") }
        }
    }
}

extension NetworkBuilder {
    /// An input and one layer.
    fileprivate func addAll(_ shape: [Int], _ kind: String, _ text: String) throws(ApusError) -> Int {
        try add("Input", given: [(key: "shape", value: .array(shape.map { .integer($0) }))], inputs: nil)
        return try add(kind, given: ParameterText.parse(text, for: kind), inputs: nil)
    }
}
