import Core
import Glibc
import Numerics
import Testing

/// Exact results, conventions where there is no derivative, and limits.
struct ExpressionTests {
    @Test func chainRulesComeOutExact() throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [0.75])
        _ = try graph.variable("z", [3])
        let cases: [(String, Double, Double)] = [
            ("x^2", 1.5, 0), ("2 * z^3 * x^2", 2 * 27 * 2 * 0.75, 2 * 9 * 3 * 0.5625),
            ("(3 * x + z)^2", 2 * (3 * 0.75 + 3) * 3, 2 * (3 * 0.75 + 3)), ("x / z", 1 / 3.0, -(0.75 / 3) / 3),
            ("cos((4 * x)^2)", -sin(9) * (2 * (4 * 0.75)) * 4, 0), ("exp(-x)", -exp(-0.75), 0),
            ("x * x * x", 3 * 0.75 * 0.75, 0), ("sqrt(x + z)", 0.5 / sqrt(3.75), 0.5 / sqrt(3.75)),
            ("abs(x - z)", -1, 1), ("x - x", 0, 0), ("pi * x + e", .pi, 0), ("x^0", 0, 0), ("2^z", 0, 8 * M_LN2),
        ]
        for (formula, byX, byZ) in cases {
            let gradient = try graph.gradient(graph.parse(formula))
            #expect(gradient[0] == [byX], "\(formula) by x: \(gradient[0])")
            #expect(gradient[1] == [byZ], "\(formula) by z: \(gradient[1])")
        }
    }

    @Test func rosenbrockHasItsGradientAndHessian() throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [-1.2])
        _ = try graph.variable("y", [1])
        let f = try graph.parse("100 * (y - x^2)^2 + (1 - x)^2")
        #expect((try graph.value(f)[0] - 24.2).magnitude < 1e-14)
        let gradient = try graph.gradient(f)
        #expect((gradient[0][0] + 215.6).magnitude < 1e-12 && (gradient[1][0] + 88).magnitude < 1e-12)
        #expect((try graph.hessianProduct(f, [[1], [0]])[0][0] - 1330).magnitude < 1e-12)
        #expect((try graph.hessianProduct(f, [[1], [0]])[1][0] - 480).magnitude < 1e-12)
        #expect(try graph.hessianProduct(f, [[0], [1]])[1] == [200])
    }

    @Test func conventionsHoldWhereThereIsNoDerivative() throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [0])
        _ = try graph.variable("y", [0])
        _ = try graph.variable("v", [1, 3, 3, 2], Shape(4))
        for (formula, byX, byY) in [
            ("abs(x)", 0.0, 0.0), ("relu(x)", 0, 0), ("maximum(x, y)", 0.5, 0.5), ("minimum(x, 1)", 1, 0), ("max(x, y)", 0.5, 0.5),
            ("sign(x)", 0, 0), ("floor(x)", 0, 0), ("x < y", 0, 0), ("hypot(x, y)", 0, 0), ("x * log(x + 1)", 0, 0),
            ("where(x > 0, log(x), 2 * y)", 0, 2), ("where(x > 0, 1 / x, x)", 1, 0),
            ("x^2 * y", 0, 0), ("x^y", 0, -.infinity),
        ] {
            let gradient = try graph.gradient(graph.parse(formula))
            #expect(gradient[0] == [byX] && gradient[1] == [byY], "\(formula): \(gradient)")
        }
        #expect(try graph.gradient(graph.parse("max(v)"))[2] == [0, 0.5, 0.5, 0])
        #expect(try graph.gradient(graph.parse("min(v)"))[2] == [1, 0, 0, 0])
        #expect(try graph.gradient(graph.parse("norm_2(0 * v)"))[2] == [0, 0, 0, 0])
        #expect(try graph.gradient(graph.parse("product(v - 1)"))[2] == [4, 0, 0, 0])
        #expect(try graph.gradient(graph.parse("product(v * [0, 0, 1, 1])"))[2] == [0, 0, 0, 0])
    }

    @Test func neitherOverflowsNorUnderflows() throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("v", [1000, 999], Shape(2))
        _ = try graph.variable("w", [0x3p600, 0x4p600], Shape(2))
        _ = try graph.variable("x", [-800])
        #expect((try graph.value(graph.parse("logsumexp(v)"))[0] - 1000.3132616875182).magnitude < 1e-12)
        #expect((try graph.gradient(graph.parse("logsumexp(v)"))[0][0] - 0.7310585786300049).magnitude < 1e-15)
        #expect(try graph.value(graph.parse("norm_2(w)")) == [0x5p600])
        #expect(try graph.gradient(graph.parse("norm_2(w)"))[1] == [0.6, 0.8])
        #expect(try graph.value(graph.parse("sigmoid(x)")) == [0] && graph.value(graph.parse("softplus(-x)")) == [800])
        #expect(try graph.value(graph.parse("sum(softmax(v))")) == [1])
    }

    @Test func evaluatesWhatIsNeededOnly() throws {
        var graph = try ExpressionGraph()
        let x = try graph.variable("x", [2])
        _ = try graph.variable("y", [3])
        // Would need 2^40 numbers.
        let big = try graph.apply("multiply", x, graph.apply("reshape", x, parameters: "shape=[1]"))
        let unused = try graph.apply("add", big, big)
        let wanted = try graph.apply("square", x)
        #expect(try graph.value(wanted) == [4])
        #expect(try graph.gradient(wanted) == [[4], [0]])
        #expect(try graph.gradient(unused, wanted: [false, true]) == [[0], [0]])
    }

    @Test(arguments: [
        ("", 1), ("x +", 4), ("x + )", 5), ("(x", 3), ("x y", 3), ("2x", 2), ("q", 1), ("x + qq * 2", 5), ("f(x)", 1), ("sin()", 5),
        ("sin(x, x)", 1), ("sum(x, axes=[1])", 1), ("sum(x, axis=0)", 1), ("sum(axes=[0], x)", 15), ("x $ 2", 3), ("x ° 2", 3), ("°+$", 1),
        ("[1, 2", 6), ("[1, [2]]", 8), ("[[1, 2], [3]]", 13), ("[x]", 2), ("x ^", 4), ("1e", 2), ("v @ v @ v @ [1]", 7), ("v + [1, 2, 3]", 3),
        ("x = 2", 3), ("=", 1), (",", 1), ("x,", 2), ("é", 1), ("x + é", 5),
    ])
    func faultsNameTheirColumn(_ formula: String, _ column: Int) throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [2])
        _ = try graph.variable("v", [2, 3], Shape(2))
        let before = graph.expression.nodeCount
        let error = #expect(throws: ApusError.self) { try graph.parse(formula) }
        #expect(error?.message.contains("column \(column):") == true, "\(error?.message ?? "")")
        #expect(graph.expression.nodeCount == before)
    }

    @Test(arguments: ["(", "-", "sin(", "2^", "[", "x^-", "sum(x, axes=["])
    func hostileDepthIsRefused(_ piece: String) throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [2])
        #expect(throws: ApusError.self) { try graph.parse(String(repeating: piece, count: 100_000)) }
        #expect(throws: ApusError.self) { try graph.parse(String(repeating: piece, count: 1_000_000)) }
    }

    @Test func longFormulasAreFine() throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [1])
        let node = try graph.parse(Array(repeating: "x", count: 20_000).joined(separator: " + "))
        #expect(try graph.value(node) == [20_000] && graph.gradient(node) == [[20_000]])
        let text = try FormulaText.write(graph.expression, node: node)
        #expect(text.hasPrefix("x + x + x"))
    }

    @Test func textOfSharedNodesIsLimited() throws {
        var graph = try ExpressionGraph()
        var node = try graph.variable("x", [1])
        for _ in 0..<200 { node = try graph.apply("add", node, node) }
        #expect(try graph.value(node) == [0x1p200])
        #expect(try graph.gradient(node) == [[0x1p200]])
        let error = #expect(throws: ApusError.self) { try FormulaText.write(graph.expression, node: node) }
        #expect(error?.code == .limit)
    }

    @Test func sizesThatOverflowAreRefused() throws {
        var graph = try ExpressionGraph()
        let huge = try graph.variable("a", [], Shape(1 << 30, 1))
        let wide = try graph.variable("b", [], Shape(1 << 40))
        #expect(throws: ApusError.self) { try graph.apply("add", huge, wide) }
        let error = #expect(throws: ApusError.self) { try graph.expression.addVariable("c", Shape(1 << 40, 1 << 40)) }
        #expect(error?.code == .shape)
    }

    @Test func constantsAndSignsAreReadAsWritten() throws {
        var graph = try ExpressionGraph()
        _ = try graph.variable("x", [3])
        for (formula, value) in [
            ("-x^2", -9.0), ("(-x)^2", 9), ("2^-1", 0.5), ("2^3^2", 512), ("2 ** 3", 8), ("-2^2", -4), ("1 - 2 - 3", -4),
            ("8 / 4 / 2", 1), ("1 - (2 - 3)", 2), ("- - x", 3), ("+x", 3), ("1.5e2 + .5 + 1.", 151.5), ("1e3", 1000), ("(x > 2) * 5", 5),
            ("1 < 2 == 1", 1), ("sum([[1, 2], [3, 4]] @ [1, -1])", -2), ("ln(e)", 1), ("inf", .infinity), ("max(1, 2) + min(1, 2)", 3),
        ] {
            let node = try graph.parse(formula)
            #expect(try graph.value(node) == [value], "\(formula)")
            let again = try graph.parse(FormulaText.write(graph.expression, node: node))
            #expect(try graph.value(again) == [value], "\(formula)")
        }
    }

    @Test func memoryLimitsHold() throws {
        let context = try Context(threads: 1, allocator: Allocator(limit: 1 << 20))
        let expression = Expression(context: context)
        let x = try expression.addVariable("x", Shape(1 << 10))
        let row = try expression.apply("reshape", [x], parameters: "shape=[1, -1]")
        let column = try expression.apply("reshape", [x], parameters: "shape=[-1, 1]")
        let table = try expression.apply("add", [row, column], parameters: "")
        let buffer = try Buffer<Double>(zeros: 1 << 10, in: Allocator())
        let view = ArrayView(data: UnsafeMutableRawPointer(buffer.pointer), dtype: .float64, shape: Shape(1 << 10))
        let error = #expect(throws: ApusError.self) {
            try ExpressionEvaluation(expression, node: table, values: [view], context: context)
        }
        #expect(error?.code == .limit && context.allocator.bytesInUse == 0)
    }
}
