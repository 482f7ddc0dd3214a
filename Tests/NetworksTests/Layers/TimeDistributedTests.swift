import Core
import Networks
import Testing

extension LayerCase {
    static let timeDistributed: [LayerCase] = [
        LayerCase(
            kind: "TimeDistributed", inputs: [[4, 3]],
            parameters: #"layer={"class_name": "Dense", "config": {"units": 2, "activation": "tanh"}}"#
        ) { r in
            var y: [Double] = []
            for position in 0..<r.rows * 4 {
                for unit in 0..<2 {
                    y.append(r.weights[1][unit] + (0..<3).reduce(0) { $0 + r.inputs[0][position * 3 + $1] * r.weights[0][$1 * 2 + unit] })
                }
            }
            return [ReferenceActivation.apply("tanh", y, width: 2)]
        },
        LayerCase(kind: "TimeDistributed", inputs: [[4, 2, 3]], parameters: "layer=Flatten", masked: true) { $0.inputs },
    ]
}

struct TimeDistributedTests {
    @Test func weightsBearTheNamesOfTheInnerLayer() throws {
        let model = try Fixtures.network(
            [4, 3], [("TimeDistributed", #"name=td layer={"class_name": "Dense", "config": {"units": 2, "name": "d"}}"#)],
            in: Fixtures.context())
        #expect(model.graph.slots.map(\.path) == ["td/d/kernel", "td/d/bias"])
    }

    @Test func aFrozenInnerLayerDoesNotTrain() throws {
        let model = try Fixtures.network(
            [4, 3],
            [("TimeDistributed", #"layer={"class_name": "Dense", "config": {"units": 2, "trainable": false}}"#)],
            in: Fixtures.context())
        #expect(model.graph.slots.allSatisfy { !$0.isTrainable })
    }

    @Test func unknownParametersOfTheInnerLayerAreRefused() throws {
        #expect(throws: ApusError.self) {
            try Fixtures.network(
                [4, 3], [("TimeDistributed", #"layer={"class_name": "Dense", "config": {"units": 2, "unit": 3}}"#)],
                in: Fixtures.context())
        }
    }
}
