import Core
import Networks
import Testing

extension LayerCase {
    static let reshape: [LayerCase] = [
        LayerCase(kind: "Reshape", inputs: [[2, 3]], parameters: "target_shape=[6]") { $0.inputs },
        LayerCase(kind: "Reshape", inputs: [[4, 3]], parameters: "target_shape=[2, -1]") { $0.inputs },
    ]
}

struct ReshapeTests {
    @Test func shapesOfAnotherSizeAreRefused() throws {
        let context = try Fixtures.context()
        #expect(throws: ApusError.self) { try Fixtures.network([2, 3], [("Reshape", "target_shape=[4]")], in: context) }
        #expect(throws: ApusError.self) { try Fixtures.network([2, 3], [("Reshape", "target_shape=[4, -1]")], in: context) }
        #expect(throws: ApusError.self) { try Fixtures.network([4], [("Reshape", "target_shape=[-1, -1]")], in: context) }
        #expect(throws: ApusError.self) { try Fixtures.network([4], [("Reshape", "target_shape=[0]")], in: context) }
    }
}
