import Core
import Glibc
import Networks
import Testing

/// Attention in a few naive lines.
private enum Naive {
    /// x [n, a] times kernel [a, b], plus a bias.
    static func project(_ x: [[Double]], _ kernel: [Double], _ bias: [Double]?, _ width: Int) -> [[Double]] {
        x.map { row in
            (0..<width).map { j in
                row.indices.reduce(bias?[j] ?? 0) { $0 + row[$1] * kernel[$1 * width + j] }
            }
        }
    }

    static func softmax(_ x: [Double]) -> [Double] {
        let top = x.max() ?? 0
        let e = x.map { exp($0 - top) }
        return e.map { $0 / e.reduce(0, +) }
    }

    static func matrix(_ values: [Double], _ row: Int, _ height: Int, _ width: Int) -> [[Double]] {
        (0..<height).map { t in Array(values[((row * height + t) * width)..<((row * height + t + 1) * width)]) }
    }
}

extension LayerCase {
    /// Attention and AdditiveAttention.
    private static func attention(
        _ kind: String, _ parameters: String, _ inputs: [[Int]], masked: Bool = false,
        score: @escaping @Sendable (_ q: [Double], _ k: [Double], _ weights: [[Double]]) -> Double
    ) -> LayerCase {
        LayerCase(kind: kind, inputs: inputs, parameters: parameters, masked: masked) { r in
            let (queries, keys) = (inputs[0][0], inputs[1][0])
            var (y, weights): ([Double], [Double]) = ([], [])
            for row in 0..<r.rows {
                let q = Naive.matrix(r.inputs[0], row, queries, inputs[0][1])
                let v = Naive.matrix(r.inputs[1], row, keys, inputs[1][1])
                let k = inputs.count > 2 ? Naive.matrix(r.inputs[2], row, keys, inputs[2][1]) : v
                for t in 0..<queries {
                    let scores = (0..<keys).map { s in
                        let isOut = (parameters.contains("causal") && s > t) || r.masks?[1][row * keys + s] == 0
                        return score(q[t], k[s], r.weights) - (isOut ? 1e9 : 0)
                    }
                    let p = Naive.softmax(scores)
                    weights += p
                    let counts = r.masks?[0][row * queries + t] ?? 1
                    y += (0..<inputs[1][1]).map { c in counts * (0..<keys).reduce(0) { $0 + p[$1] * v[$1][c] } }
                }
            }
            return parameters.contains("return") ? [y, weights] : [y]
        }
    }

    static let attention: [LayerCase] = [
        attention("Attention", "", [[3, 4], [5, 4]]) { q, k, _ in zip(q, k).reduce(0) { $0 + $1.0 * $1.1 } },
        attention("Attention", "use_scale=true use_causal_mask=true", [[5, 4], [5, 6], [5, 4]]) { q, k, w in
            w[0][0] * zip(q, k).reduce(0) { $0 + $1.0 * $1.1 }
        },
        attention("Attention", "return_attention_scores=true", [[4, 3], [5, 3]], masked: true) { q, k, _ in
            zip(q, k).reduce(0) { $0 + $1.0 * $1.1 }
        },
        attention("Attention", "score_mode=concat use_scale=true", [[3, 4], [5, 4]]) { q, k, w in
            w[1][0] * zip(q, k).reduce(0) { $0 + tanh(w[0][0] * ($1.0 + $1.1)) }
        },
        attention("Attention", "score_mode=concat", [[3, 4], [5, 2], [5, 4]], masked: true) { q, k, w in
            w[0][0] * zip(q, k).reduce(0) { $0 + tanh($1.0 + $1.1) }
        },
        attention("AdditiveAttention", "", [[3, 4], [5, 4]]) { q, k, w in
            q.indices.reduce(0) { $0 + w[0][$1] * tanh(q[$1] + k[$1]) }
        },
        attention("AdditiveAttention", "use_scale=false", [[3, 4], [5, 2], [5, 4]]) { q, k, _ in
            zip(q, k).reduce(0) { $0 + tanh($1.0 + $1.1) }
        },
    ]

    private static func multiHead(
        _ parameters: String, _ inputs: [[Int]], heads: Int, keyWidth: Int, valueWidth: Int, out: Int, masked: Bool = false,
        batches: Int = 1
    ) -> LayerCase {
        LayerCase(kind: "MultiHeadAttention", inputs: inputs, parameters: parameters, masked: masked) { r in
            let usesBias = !parameters.contains("use_bias=false")
            let w = r.weights
            func kernel(_ place: Int) -> [Double] { w[usesBias ? 2 * place : place] }
            func bias(_ place: Int) -> [Double]? { usesBias ? w[2 * place + 1] : nil }
            func steps(_ shape: [Int]) -> Int { shape.dropLast().reduce(1, *) / batches }
            let (queries, keys) = (steps(inputs[0]), steps(inputs[1]))
            let keyInput = inputs.count > 2 ? 2 : 1
            var (y, scores): ([Double], [Double]) = ([], [])
            for row in 0..<r.rows * batches {
                func projected(_ input: Int, _ place: Int, _ count: Int, _ width: Int) -> [[Double]] {
                    Naive.project(
                        Naive.matrix(r.inputs[input], row, count, inputs[input].last ?? 1), kernel(place), bias(place),
                        heads * width)
                }
                let q = projected(0, 0, queries, keyWidth)
                let k = projected(keyInput, 1, keys, keyWidth)
                let v = projected(1, 2, keys, valueWidth)
                var joined = (0..<queries).map { _ in [Double](repeating: 0, count: heads * valueWidth) }
                for head in 0..<heads {
                    for t in 0..<queries {
                        let counts = (0..<keys).map { s in
                            (!parameters.contains("causal") || s <= t) && r.masks?[0][row * queries + t] != 0
                                && r.masks?[1][row * keys + s] != 0 && r.masks?[keyInput][row * keys + s] != 0
                        }
                        let products = (0..<keys).map { s in
                            (0..<keyWidth).reduce(0) { $0 + q[t][head * keyWidth + $1] * k[s][head * keyWidth + $1] }
                                / Double(keyWidth).squareRoot()
                        }
                        let p = zip(Naive.softmax(zip(products, counts).map { $1 ? $0 : -1e9 }), counts).map { $1 ? $0 : 0 }
                        scores += p
                        for c in 0..<valueWidth {
                            joined[t][head * valueWidth + c] = (0..<keys).reduce(0) { $0 + p[$1] * v[$1][head * valueWidth + c] }
                        }
                    }
                }
                y += Naive.project(joined, kernel(3), bias(3), out).flatMap { $0 }
            }
            return parameters.contains("return") ? [y, scores] : [y]
        }
    }

    static let multiHeadAttention: [LayerCase] = [
        multiHead("num_heads=2 key_dim=3", [[4, 5], [6, 5]], heads: 2, keyWidth: 3, valueWidth: 3, out: 5),
        multiHead(
            "num_heads=3 key_dim=2 value_dim=4 output_shape=7 use_bias=false", [[4, 5], [6, 3], [6, 2]], heads: 3, keyWidth: 2,
            valueWidth: 4, out: 7),
        multiHead(
            "num_heads=2 key_dim=3 use_causal_mask=true return_attention_scores=true", [[5, 4], [5, 4]], heads: 2, keyWidth: 3,
            valueWidth: 3, out: 4),
        multiHead("num_heads=2 key_dim=3", [[4, 5], [6, 5]], heads: 2, keyWidth: 3, valueWidth: 3, out: 5, masked: true),
        multiHead(
            "num_heads=1 key_dim=2 output_shape=[2,3]", [[2, 3, 5], [2, 2, 5]], heads: 1, keyWidth: 2, valueWidth: 2, out: 6),
        multiHead(
            "num_heads=2 key_dim=3 attention_axes=2", [[3, 4, 5], [3, 2, 5]], heads: 2, keyWidth: 3, valueWidth: 3, out: 5,
            batches: 3),
        multiHead(
            "num_heads=1 key_dim=32 value_dim=4", [[33, 4], [40, 4]], heads: 1, keyWidth: 32, valueWidth: 4, out: 4),
    ]
}

struct AttentionTests {
    @Test func dropoutScalesWhatItKeepsAndGoesBackTheSameWay() throws {
        let context = try Fixtures.context(threads: 2)
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let query = try builder.add("Input", given: [(key: "shape", value: [30, 4])], inputs: nil)
        let value = try builder.add("Input", given: [(key: "shape", value: [40, 1])], inputs: nil)
        let key = try builder.add("Input", given: [(key: "shape", value: [40, 4])], inputs: nil)
        try builder.add(
            "Attention", given: ParameterText.parse("dropout=0.5", for: "Attention"), inputs: [query, value, key])
        let trainer = try Fixtures.trainer(
            NetworkModel(initializing: builder.graph(), in: context), "loss=mse optimizer=sgd", in: context)
        // Equal keys: each weight is 1/40, so that a result is the share of the values kept, over 1/2.
        let zeros = try Fixtures.tensor(Array(repeating: 0, count: 20 * 120), [20, 30, 4], in: context)
        let ones = try Fixtures.tensor(Array(repeating: 1, count: 20 * 40), [20, 40, 1], in: context)
        let keys = try Fixtures.tensor(Array(repeating: 1, count: 20 * 160), [20, 40, 4], in: context)
        let gradient = try Fixtures.tensor(Array(repeating: 1, count: 600), [20, 30, 1], in: context)
        defer { withExtendedLifetime((zeros, ones, keys, gradient)) {} }
        let data = try Dataset(inputs: [zeros.view, ones.view, keys.view], targets: [], sampleWeight: nil)
        try trainer.runForward(data, training: true, in: context)
        let y = try trainer.output(0).floatArray
        let mean = y.reduce(0) { $0 + Double($1) } / 600
        #expect(abs(mean - 1) < 5 * 1 / (24_000.0).squareRoot())
        #expect(Set(y).count > 5)
        try trainer.backward(outputGradients: [gradient.view], wantsInputGradients: true, in: context)
        // What was kept of each value, over all queries, is what was kept for each query, over all values.
        let byValue = try trainer.inputGradient(1).floatArray
        for row in 0..<20 {
            let kept = y[row * 30..<(row + 1) * 30].reduce(0, +)
            #expect(abs(byValue[row * 40..<(row + 1) * 40].reduce(0, +) - kept) < 1e-3)
        }
    }

    /// With each key masked there is nothing to attend to: the result is the last projection's bias.
    @Test func withoutAnythingToAttendToTheResultIsTheBias() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let input = try builder.add("Input", given: [(key: "shape", value: [3, 2])], inputs: nil)
        let masked = try builder.add("Masking", given: [], inputs: [input])
        let query = try builder.add("Input", given: [(key: "shape", value: [4, 2])], inputs: nil)
        try builder.add(
            "MultiHeadAttention", given: ParameterText.parse("num_heads=2 key_dim=2 bias_initializer=ones", for: "m"),
            inputs: [query, masked])
        let trainer = try Fixtures.trainer(
            NetworkModel(initializing: builder.graph(), in: context), "loss=mse optimizer=sgd", in: context)
        let zeros = try Fixtures.tensor(Array(repeating: 0, count: 6), [1, 3, 2], in: context)
        let x = try Fixtures.normals([1, 4, 2], seed: 1, in: context)
        defer { withExtendedLifetime((zeros, x)) {} }
        let data = try Dataset(inputs: [zeros.view, x.view], targets: [], sampleWeight: nil)
        try trainer.runForward(data, training: true, in: context)
        #expect(try trainer.output(0).floatArray == Array(repeating: 1, count: 8))
        try trainer.backward(outputGradients: [x.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(1).floatArray.allSatisfy { $0 == 0 })
    }

    @Test func shapesThatDoNotGoTogetherAreNamed() throws {
        let cases = [
            ("Attention", "", [[3, 4], [5, 3]]), ("Attention", "", [[3, 4], [6, 4], [5, 3]]),
            ("MultiHeadAttention", "num_heads=1 key_dim=2", [[3, 4], [5, 3], [6, 4]]),
        ]
        for (kind, parameters, shapes) in cases {
            let message = try #require(try Fixtures.refusal(kind, parameters, shapes))
            #expect(message.contains("needs queries and keys"))
        }
    }
}
