import Core
import Networks
import Testing

extension LayerCase {
    static let dot: [LayerCase] = [
        ([6], [6], "axes=1", 0, 0), ([3, 4], [4], "axes=[2,1]", 1, 0), ([4, 3], [4, 5], "axes=1", 0, 0),
        ([3, 4], [5, 4], "axes=-1 normalize=true", 1, 1), ([2, 4, 3], [4, 2], "axes=[2,1] normalize=true", 1, 0),
        ([5, 40], [40, 17], "axes=[2,1]", 1, 0), ([70, 20], [20, 25], "axes=[-1,-2]", 1, 0),
    ].map { (a: [Int], b: [Int], parameters: String, first: Int, second: Int) in
        LayerCase(kind: "Dot", inputs: [a, b], parameters: parameters) { r in
            /// The vectors of one row of an input along its axis.
            func vectors(_ place: Int, _ row: Int, _ axis: Int) -> [[Double]] {
                let shape = r.shapes[place]
                let inner = shape[(axis + 1)...].reduce(1, *)
                let outer = shape[..<axis].reduce(1, *)
                var result: [[Double]] = []
                for o in 0..<outer {
                    for i in 0..<inner {
                        var vector = (0..<shape[axis]).map {
                            r.inputs[place][row * r.count(place) + (o * shape[axis] + $0) * inner + i]
                        }
                        if parameters.contains("normalize") {
                            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                            vector = vector.map { $0 / length }
                        }
                        result.append(vector)
                    }
                }
                return result
            }
            var y: [Double] = []
            for row in 0..<r.rows {
                let (left, right) = (vectors(0, row, first), vectors(1, row, second))
                for u in left {
                    for v in right { y.append(zip(u, v).reduce(0) { $0 + $1.0 * $1.1 }) }
                }
            }
            return [y]
        }
    }
}

struct DotTests {
    @Test func axesOfOtherExtentsAreNamed() throws {
        let message = try #require(try Fixtures.refusal("Dot", "axes=[2,1]", [[3, 4], [3]]))
        #expect(message.contains("got 4 on axis 2") && message.contains("3 on axis 1"))
    }
}
