import Core
import Glibc
import Numerics
import Testing

/// What holds for every operation: gradients are those of differences, Hessian products those of gradients, and the
/// formula reads back.
struct ExpressionLawTests {
    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let shapes: [[Int]]
        let parameters: String
        /// Added to values between 0.2 and 0.9.
        let shift: Double
        var description: String { "\(name)\(shapes) \(parameters)" }

        init(_ name: String, _ shapes: [[Int]], _ parameters: String = "", shift: Double = 0) {
            self.name = name
            self.shapes = shapes
            self.parameters = parameters
            self.shift = shift
        }
    }

    private static let special: [Case] = [
        Case("sum", [[2, 3]]), Case("sum", [[2, 3, 4]], "axes=[1]"), Case("sum", [[2, 3, 4]], "axes=[0, -1] keepdims=true"),
        Case("mean", [[5]]), Case("mean", [[3, 4]], "axes=[0]"),
        Case("product", [[4]]), Case("product", [[2, 3, 2]], "axes=[1]"), Case("product", [[2, 3]], "axes=[0] keepdims=true"),
        Case("max", [[2, 3]], "axes=[1]"), Case("min", [[6]]), Case("logsumexp", [[3, 2]], "axes=[0]"),
        Case("logsumexp", [[4]]), Case("norm_2", [[2, 3]], "axes=[1]"), Case("norm_2", [[5]]),
        Case("softmax", [[2, 3]]), Case("softmax", [[3, 2, 2]], "axis=0"),
        Case("matmul", [[3, 2], [2, 4]]), Case("matmul", [[3], [3]]), Case("matmul", [[3], [3, 2]]),
        Case("matmul", [[2, 3], [3]]), Case("matmul", [[2, 1, 3, 2], [4, 2, 3]]), Case("matmul", [[20, 15], [15, 10]]),
        Case("transpose", [[2, 3, 4]]), Case("transpose", [[2, 3, 4]], "axes=[1, 2, 0]"),
        Case("reshape", [[2, 6]], "shape=[3, -1]"), Case("slice", [[7]], "start=1 stop=-1 step=2"),
        Case("slice", [[2, 5, 3]], "axis=1 start=-3"), Case("slice", [[4]], "stop=9223372036854775807 start=3"),
        Case("slice", [[2, 3]], "axis=-1 start=1 step=9223372036854775807"),
        Case("concatenate", [[2, 2], [1, 2], [3, 2]]),
        Case("concatenate", [[2, 1], [2, 3]], "axis=1"), Case("where", [[3], [2, 3], [2, 1]]),
        Case("add", [[2, 3], [3]]), Case("multiply", [[2, 1], [1, 3]]), Case("divide", [[], [4]]),
        Case("power", [[3, 1], [2]]), Case("arccosh", [[3]], shift: 1), Case("gammaln", [[3]], shift: -3),
        Case("gammaln", [[3]], shift: 12), Case("erf", [[3]], shift: -2), Case("sigmoid", [[3]], shift: -20),
        Case("tanh", [[3]], shift: 5), Case("absolute", [[2]], shift: -3), Case("remainder", [[3], [3]], shift: 1),
        Case("maximum", [[4], [4]], shift: -0.5), Case("relu", [[4]], shift: -0.5), Case("arctan2", [[3], [3]], shift: -2),
        Case("reciprocal", [[2]], shift: -4), Case("cbrt", [[3]], shift: -2), Case("softplus", [[3]], shift: -3),
    ]

    /// The special cases, and each other operation on one or two arrays of four elements.
    static let cases: [Case] =
        special
        + ExpressionCatalog.names.filter { name in !special.contains { $0.name == name } }.map { name in
            let isBinary = OperationCatalog.entries.contains { $0.text == name && $0.arity == 2 }
            return Case(name, isBinary ? [[4], [4]] : [[4]])
        }

    private static func spread(_ index: Int) -> Double {
        let x = Double(index) * 0.618033988749895 + 0.37
        return x - x.rounded(.down)
    }

    /// A weighted sum of the operation's results, over variables.
    private func graph(_ item: Case) throws -> (ExpressionGraph, operation: Int, scalar: Int) {
        var graph = try ExpressionGraph()
        var operands: [Int] = []
        var number = 0
        for (index, extents) in item.shapes.enumerated() {
            let shape = Shape(extents)
            let values = (0..<shape.count).map { _ in
                number += 1
                return 0.2 + 0.7 * Self.spread(number) + item.shift
            }
            operands.append(try graph.variable("v\(index)", values, shape))
        }
        let operation = try graph.expression.apply(item.name, operands, parameters: item.parameters)
        let shape = try graph.expression.shape(of: operation)
        let weights = try graph.constant((0..<shape.count).map { Self.spread($0 + 100) - 0.4 }, shape)
        // A square on top gives linear operations a Hessian.
        let squared = try graph.apply("square", graph.apply("multiply", operation, weights))
        let scalar = try graph.apply("sum", graph.apply("add", squared, graph.apply("sin", operation)))
        return (graph, operation, scalar)
    }

    private func flat(_ arrays: [[Double]]) -> [Double] { arrays.flatMap { $0 } }

    private func shaped(_ numbers: [Double], like arrays: [[Double]]) -> [[Double]] {
        var next = 0
        return arrays.map { array in
            defer { next += array.count }
            return Array(numbers[next..<next + array.count])
        }
    }

    @Test(arguments: cases)
    func gradientsAreThoseOfDifferences(_ item: Case) throws {
        let (graph, _, scalar) = try graph(item)
        let point = flat(graph.values)
        let exact = flat(try graph.gradient(scalar))
        var differences = Differences()
        differences.step = 1e-3
        for index in point.indices where !(item.name == "where" && index < 3) {
            let result = try Derivative(at: point[index], differences, context: graph.context) { (x) throws(ApusError) in
                var moved = point
                moved[index] = x
                return ((try? graph.value(scalar, at: shaped(moved, like: graph.values))) ?? [.nan])[0]
            }
            #expect(
                (exact[index] - result.value).magnitude <= 1e-8 * max(1, result.value.magnitude),
                "element \(index): \(exact[index]), differences \(result.value)")
        }
    }

    @Test(arguments: cases)
    func hessianProductsAreThoseOfGradients(_ item: Case) throws {
        let (graph, _, scalar) = try graph(item)
        let point = flat(graph.values)
        let direction = point.indices.map { index in
            item.name == "where" && index < 3 ? 0 : Self.spread(index + 500) - 0.5
        }
        let exact = flat(try graph.hessianProduct(scalar, shaped(direction, like: graph.values)))
        var differences = Differences()
        differences.step = 1e-3
        for index in point.indices {
            let result = try Derivative(at: 0, differences, context: graph.context) { (t) throws(ApusError) in
                let moved = zip(point, direction).map { $0 + t * $1 }
                let gradient = try? graph.gradient(scalar, at: shaped(moved, like: graph.values))
                return gradient.map { flat($0)[index] } ?? .nan
            }
            #expect(
                (exact[index] - result.value).magnitude <= 1e-7 * max(1, result.value.magnitude),
                "element \(index): \(exact[index]), differences \(result.value)")
        }
    }

    @Test(arguments: cases)
    func formulasReadBack(_ item: Case) throws {
        let (graph, _, scalar) = try graph(item)
        let text = try FormulaText.write(graph.expression, node: scalar)
        let again = try graph.parse(text)
        #expect(try FormulaText.write(graph.expression, node: again) == text)
        #expect(try graph.value(again) == graph.value(scalar))
    }

    @Test func knowsEveryElementwiseOperation() {
        for entry in OperationCatalog.entries { #expect(ExpressionCatalog.names.contains(entry.text)) }
        #expect(Set(ExpressionCatalog.names).count == ExpressionCatalog.names.count)
    }
}
