import Core
import Networks
import Testing

extension LayerCase {
    /// One case: the equation without "...", shapes of a row, of the kernel, of the output and of the bias (nil: none), the
    /// letters of a row of the input first.
    private struct Sum {
        let parameters: String
        let input: [Int]
        let letters: (x: String, k: String, y: String)
        var bias: String? = nil
        var activation: @Sendable (Double) -> Double = { $0 }
    }

    private static let sums = [
        Sum(parameters: "equation=ab,bc->ac output_shape=5 bias_axes=c activation=tanh", input: [4], letters: ("b", "bc", "c"),
            bias: "c", activation: { Double(Tanh.of($0)) }),
        Sum(parameters: "equation=abc,cde->abde output_shape=[null,2,3] bias_axes=de", input: [4, 5],
            letters: ("bc", "cde", "bde"), bias: "de"),
        Sum(parameters: "equation=...a,ab->...b output_shape=7", input: [2, 3, 4], letters: ("uva", "ab", "uvb")),
        Sum(parameters: "equation=ab...,bc->ac... output_shape=3 bias_axes=c", input: [4, 5], letters: ("bu", "bc", "cu"),
            bias: "c"),
        Sum(parameters: "equation=abcd,cde->abe output_shape=[null,6] bias_axes=b", input: [3, 2, 4],
            letters: ("bcd", "cde", "be"), bias: "b"),
        Sum(parameters: "equation=abc,bcd->abd output_shape=[3,5]", input: [3, 4], letters: ("bc", "bcd", "bd")),
        Sum(parameters: "equation=abcd,edb->aecb output_shape=[6,null,null]", input: [2, 3, 4],
            letters: ("bcd", "edb", "ecb")),
        Sum(parameters: "equation=abc,cd->abd output_shape=[null,20]", input: [16, 24], letters: ("bc", "cd", "bd")),
    ]

    static let einsumDense: [LayerCase] = sums.map { sum in
        LayerCase(kind: "EinsumDense", inputs: [sum.input], parameters: sum.parameters) { r in
            var extents: [Character: Int] = [:]
            for (letter, extent) in zip(sum.letters.x, sum.input) { extents[letter] = extent }
            let told = sum.parameters.components(after: "output_shape=")
            let named = sum.letters.y.filter { !"uv".contains($0) }
            for (letter, extent) in zip(named, told) { if let extent { extents[letter] = extent } }
            let summed = sum.letters.k.filter { !sum.letters.y.contains($0) }
            let letters = Array(sum.letters.y + summed)
            let sizes = letters.map { extents[$0] ?? 1 }
            /// How far apart neighbours along each letter are in an array of some letters.
            func steps(_ names: String) -> [Int] {
                letters.map { letter in
                    guard let place = names.firstIndex(of: letter) else { return 0 }
                    return names[names.index(after: place)...].reduce(1) { $0 * (extents[$1] ?? 1) }
                }
            }
            let (x, k, bias) = (steps(sum.letters.x), steps(sum.letters.k), steps(sum.bias ?? ""))
            let inner = summed.reduce(1) { $0 * (extents[$1] ?? 1) }
            let total = sizes.reduce(1, *)
            var y: [Double] = []
            for row in 0..<r.rows {
                var value = 0.0
                for number in 0..<total {
                    var (rest, atX, atK, atBias) = (number, row * r.count(), 0, 0)
                    for axis in letters.indices.reversed() {
                        let place = rest % sizes[axis]
                        rest /= sizes[axis]
                        atX += place * x[axis]
                        atK += place * k[axis]
                        atBias += place * bias[axis]
                    }
                    if number % inner == 0 { value = sum.bias == nil ? 0 : r.weights[1][atBias] }
                    value += r.inputs[0][atX] * r.weights[0][atK]
                    if number % inner == inner - 1 { y.append(sum.activation(value)) }
                }
            }
            return [y]
        }
    }
}

private enum Tanh {
    static func of(_ x: Double) -> Double {
        // By (e^2x - 1) / (e^2x + 1), from the exponential's series.
        var (term, sum) = (1.0, 0.0)
        let z = 2 * x / 64
        for n in 1..<24 {
            sum += term
            term *= z / Double(n)
        }
        for _ in 0..<6 { sum *= sum }
        return (sum - 1) / (sum + 1)
    }
}

extension String {
    /// The extents after a key, nil for null.
    fileprivate func components(after key: String) -> [Int?] {
        guard let start = self.range(of: key) else { return [] }
        let rest = self[start.upperBound...].prefix { $0 != " " }
        return rest.filter { $0 != "[" && $0 != "]" }.split(separator: ",").map { Int($0) }
    }

    private func range(of text: String) -> Range<String.Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}

struct EinsumDenseTests {
    @Test(arguments: [
        "ab", "ab,bc", "ab,bc->", "ab,b1->a1", "aab,bc->ac", "...ab,bc->ac", "a...b,bc->a...c", "abcdefghi,ij->j",
    ]) func whatIsNoEquationIsRefused(_ equation: String) throws {
        let message = try #require(try Fixtures.refusal("EinsumDense", "equation='\(equation)' output_shape=3", [[4]]))
        #expect(message.contains("equation"))
    }

    @Test(arguments: [
        ("ab,bc->ac", "[2,3]", "output_shape of 1"), ("ab,bc->ac", "null", "each new axis"), ("ba,bc->ac", "3", "batch"),
        ("abc,cd->abd", "3", "does not fit"), ("ab,c->ac", "3", "sums over"), ("ab,bcd->ac", "3", "kernel axis"),
    ]) func equationsThatDoNotFitAreNamed(_ equation: String, _ shape: String, _ words: String) throws {
        let parameters = "equation=\(equation) output_shape=\(shape)"
        let message = try #require(try Fixtures.refusal("EinsumDense", parameters, [[4]]))
        #expect(message.contains(words))
    }

    /// Glorot's bound follows from the sums, not from the order of the kernel's axes.
    @Test func theKernelIsInitializedByItsFans() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([6, 50], [("EinsumDense", "equation=abc,cde->abde output_shape=[null,10,15]")], in: context)
        let values = NetworkModel.view(model.graph.slots[0], in: model.weights).floatArray
        let bound = Float((6.0 / (50 + 150)).squareRoot())
        let largest = values.map { abs($0) }.max() ?? 0
        #expect(largest <= bound && largest > 0.98 * bound)
    }
}
