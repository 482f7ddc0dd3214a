import Core
import Foundation
import Networks
import Testing

extension LayerCase {
    static let rectifiers: [LayerCase] = [
        LayerCase(kind: "ReLU", inputs: [[6]]) { $0.map { max($0, 0) } },
        LayerCase(kind: "ReLU", inputs: [[40]], parameters: "max_value=1 negative_slope=0.1 threshold=0.5") {
            $0.map { $0 >= 1 ? 1 : $0 >= 0.5 ? $0 : 0.1 * ($0 - 0.5) }
        },
        LayerCase(kind: "LeakyReLU", inputs: [[6]]) { $0.map { $0 >= 0 ? $0 : 0.3 * $0 } },
        LayerCase(kind: "LeakyReLU", inputs: [[6]], parameters: "alpha=0.1") { $0.map { $0 >= 0 ? $0 : 0.1 * $0 } },
        LayerCase(kind: "LeakyReLU", inputs: [[6]], parameters: "negative_slope=0") { $0.map { max($0, 0) } },
        LayerCase(kind: "ELU", inputs: [[6]], parameters: "alpha=0.7") { $0.map { $0 > 0 ? $0 : 0.7 * expm1($0) } },
        LayerCase(kind: "Softmax", inputs: [[3, 6]]) { [ReferenceActivation.apply("softmax", $0.inputs[0], width: 6)] },
        LayerCase(kind: "Softmax", inputs: [[4, 3, 2]], parameters: "axis=[-2,-1]") {
            [ReferenceActivation.apply("softmax", $0.inputs[0], width: 6)]
        },
        LayerCase(kind: "Softmax", inputs: [[4, 3, 2]], parameters: "axis=[1,2]") { r in
            var y = r.inputs[0]
            for row in 0..<r.rows {
                for column in 0..<2 {
                    let places = (0..<12).map { row * 24 + $0 * 2 + column }
                    let sum = places.reduce(0) { $0 + exp(r.inputs[0][$1]) }
                    for place in places { y[place] = exp(r.inputs[0][place]) / sum }
                }
            }
            return [y]
        },
        LayerCase(kind: "PReLU", inputs: [[3, 4]]) { r in
            [r.inputs[0].enumerated().map { $1 > 0 ? $1 : r.weights[0][$0 % 12] * $1 }]
        },
        LayerCase(kind: "PReLU", inputs: [[3, 4, 20]], parameters: "shared_axes=[1,2]") { r in
            [r.inputs[0].enumerated().map { $1 > 0 ? $1 : r.weights[0][$0 % 20] * $1 }]
        },
    ]
}

struct RectifierLayerTests {
    @Test(arguments: [
        ("PReLU", "shared_axes=[3]"), ("Softmax", "axis=3"), ("Softmax", "axis=0"), ("Softmax", "axis=[1,1]"),
        ("LayerNormalization", "axis=0"), ("LeakyReLU", "negative_slope=-1"),
    ])
    func refusesWhatCannotBe(_ kind: String, _ parameters: String) throws {
        let context = try Fixtures.context()
        #expect(throws: ApusError.self) { try Fixtures.network([4, 2], [(kind, parameters)], in: context) }
    }
}
