import Core
import Networks
import Testing

extension LayerCase {
    static let groupNormalization: [LayerCase] = [
        ([6], "groups=3", 0), ([4, 6], "groups=2", 1), ([3, 2, 4], "groups=-1", 2), ([3, 2, 4], "groups=1 center=false", 2),
        ([4, 3, 5], "groups=2 axis=1 epsilon=0.1", 0), ([2, 6, 3], "groups=3 axis=-2 scale=false", 1),
        ([9, 64], "", 1),
    ].map { (shape: [Int], parameters: String, axis: Int) in
        LayerCase(kind: "GroupNormalization", inputs: [shape], parameters: parameters) { r in
            let channels = shape[axis]
            let inner = shape[(axis + 1)...].reduce(1, *)
            let groups =
                parameters.contains("groups=-1")
                ? channels : Int(parameters.split(separator: " ").first?.split(separator: "=").last ?? "") ?? 32
            let epsilon = parameters.contains("epsilon") ? 0.1 : 0.001
            let gamma = parameters.contains("scale") ? nil : r.weights[0]
            let beta = parameters.contains("center") ? nil : r.weights[r.weights.count - 1]
            var y = r.inputs[0]
            for row in 0..<r.rows {
                for group in 0..<groups {
                    let members = (0..<r.count()).filter { $0 / inner % channels * groups / channels == group }
                    let x = members.map { r.inputs[0][row * r.count() + $0] }
                    let mean = x.reduce(0, +) / Double(x.count)
                    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
                    for (value, member) in zip(x, members) {
                        let channel = member / inner % channels
                        y[row * r.count() + member] =
                            (value - mean) / (variance + epsilon).squareRoot() * (gamma?[channel] ?? 1)
                            + (beta?[channel] ?? 0)
                    }
                }
            }
            return [y]
        }
    }
}

struct GroupNormalizationTests {
    @Test func channelsThatDoNotDivideIntoTheGroupsAreNamed() throws {
        let message = try #require(try Fixtures.refusal("GroupNormalization", "groups=4", [[6]]))
        #expect(message.contains("4 groups") && message.contains("6 channels"))
    }
}
