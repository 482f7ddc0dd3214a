import Core
import Networks
import Testing

extension LayerCase {
    static let rescaling: [LayerCase] = [
        LayerCase(kind: "Rescaling", inputs: [[3, 4]], parameters: "scale=0.5 offset=-2") { r in r.map { 0.5 * $0 - 2 } },
        LayerCase(kind: "Rescaling", inputs: [[5, 3]], parameters: "scale=[1,2,-3] offset=[0.5,0,1]") { r in
            [r.inputs[0].enumerated().map { [1.0, 2, -3][$0.offset % 3] * $0.element + [0.5, 0, 1][$0.offset % 3] }]
        },
        LayerCase(kind: "Rescaling", inputs: [[300, 3]], parameters: "scale=2 offset=[0.5,0,1]") { r in
            [r.inputs[0].enumerated().map { 2 * $0.element + [0.5, 0, 1][$0.offset % 3] }]
        },
    ]
}

struct RescalingTests {
    @Test func asManyNumbersAsChannelsAreNeeded() throws {
        let message = try #require(try Fixtures.refusal("Rescaling", "scale=[1,2]", [[4]]))
        #expect(message.contains("2 numbers as scale"))
    }
}
