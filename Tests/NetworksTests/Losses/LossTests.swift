import Core
import Glibc
import Networks
import Testing

/// Losses against plain double-precision formulas, through a network of one linear layer that passes its input on.
struct LossTests {
    /// A case: the loss, the outputs' range, and the formula for one position.
    struct Case: Sendable, CustomTestStringConvertible {
        let loss: String
        /// "real", "probability" or "distribution".
        let outputs: String
        /// "real", "binary", "distribution" or "labels".
        let targets: String
        /// Loss of one position from its outputs and targets (labels as one-hot).
        let formula: @Sendable ([Double], [Double]) -> Double
        var testDescription: String { loss }
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    private static func clip(_ p: Double) -> Double { min(max(p, 1e-7), 1 - 1e-7) }
    private static func crossentropy(_ p: [Double], _ t: [Double]) -> Double {
        let total = p.reduce(0, +)
        return -zip(p, t).reduce(0) { $0 + $1.1 * log(clip($1.0 / total)) }
    }
    private static func softmax(_ x: [Double]) -> [Double] {
        let exponentials = x.map { exp($0) }
        return exponentials.map { $0 / exponentials.reduce(0, +) }
    }
    private static func binary(_ p: [Double], _ t: [Double]) -> Double {
        mean(zip(p, t).map { -$1 * log(clip($0)) - (1 - $1) * log(1 - clip($0)) })
    }
    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    static let cases: [Case] = [
        Case(loss: "mse", outputs: "real", targets: "real") { p, t in mean(zip(p, t).map { ($0 - $1) * ($0 - $1) }) },
        Case(loss: "mae", outputs: "real", targets: "real") { p, t in mean(zip(p, t).map { abs($0 - $1) }) },
        Case(loss: "huber loss.delta=0.7", outputs: "real", targets: "real") { p, t in
            mean(zip(p, t).map { let a = abs($0 - $1); return a <= 0.7 ? a * a / 2 : 0.7 * a - 0.245 })
        },
        Case(loss: "bce", outputs: "probability", targets: "binary") { binary($0, $1) },
        Case(loss: "bce loss.from_logits=true", outputs: "real", targets: "binary") { binary($0.map(sigmoid), $1) },
        Case(loss: "bce loss.label_smoothing=0.2", outputs: "probability", targets: "binary") { p, t in
            binary(p, t.map { $0 * 0.8 + 0.1 })
        },
        Case(loss: "categorical_crossentropy", outputs: "probability", targets: "distribution") { crossentropy($0, $1) },
        Case(loss: "categorical_crossentropy loss.from_logits=true", outputs: "real", targets: "distribution") {
            crossentropy(softmax($0), $1)
        },
        Case(
            loss: "categorical_crossentropy loss.from_logits=true loss.label_smoothing=0.3", outputs: "real",
            targets: "distribution"
        ) { x, t in crossentropy(softmax(x), t.map { $0 * 0.7 + 0.3 / Double(t.count) }) },
        Case(loss: "sparse_categorical_crossentropy", outputs: "probability", targets: "labels") { crossentropy($0, $1) },
        Case(loss: "sparse_categorical_crossentropy loss.from_logits=true", outputs: "real", targets: "labels") {
            crossentropy(softmax($0), $1)
        },
        Case(loss: "mse loss.reduction=sum", outputs: "real", targets: "real") { p, t in
            mean(zip(p, t).map { ($0 - $1) * ($0 - $1) })
        },
        Case(loss: "mape", outputs: "real", targets: "real") { p, t in
            mean(zip(p, t).map { 100 * abs($0 - $1) / abs($1) })
        },
        Case(loss: "msle", outputs: "probability", targets: "distribution") { p, t in
            mean(zip(p, t).map { (log(1 + $0) - log(1 + $1)) * (log(1 + $0) - log(1 + $1)) })
        },
        Case(loss: "log_cosh", outputs: "real", targets: "real") { p, t in mean(zip(p, t).map { log(cosh($0 - $1)) }) },
        Case(loss: "hinge", outputs: "real", targets: "binary") { p, t in
            mean(zip(p, t).map { max(0, 1 - (2 * $1 - 1) * $0) })
        },
        Case(loss: "squared_hinge", outputs: "real", targets: "binary") { p, t in
            mean(zip(p, t).map { max(0, 1 - (2 * $1 - 1) * $0) }.map { $0 * $0 })
        },
        Case(loss: "categorical_hinge", outputs: "real", targets: "distribution") { p, t in
            let right = zip(p, t).reduce(0) { $0 + $1.0 * $1.1 }
            let wrong = zip(p, t).map { $0 * (1 - $1) }.reduce(-Double.infinity, max)
            return max(0, 1 + wrong - right)
        },
        Case(loss: "kl_divergence", outputs: "probability", targets: "distribution") { p, t in
            zip(p, t).reduce(0) { $0 + $1.1 * log($1.1 / $1.0) }
        },
        Case(loss: "poisson", outputs: "probability", targets: "distribution") { p, t in
            mean(zip(p, t).map { $0 - $1 * log($0 + 1e-7) })
        },
        Case(loss: "cosine_similarity", outputs: "real", targets: "real") { p, t in
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            return -dot(p, t) / (dot(p, p) * dot(t, t)).squareRoot()
        },
        Case(loss: "binary_focal_crossentropy", outputs: "probability", targets: "binary") { focal($0, $1, 2, 0.5, 2) },
        Case(
            loss: "binary_focal_crossentropy loss.apply_class_balancing=true loss.alpha=0.3 loss.gamma=1.5",
            outputs: "probability", targets: "binary"
        ) { focal($0, $1, 1.5, 0.3, 1) },
        Case(
            loss: "binary_focal_crossentropy loss.from_logits=true loss.label_smoothing=0.1", outputs: "real",
            targets: "binary"
        ) { p, t in focal(p.map(sigmoid), t.map { $0 * 0.9 + 0.05 }, 2, 0.5, 2) },
        Case(loss: "categorical_focal_crossentropy", outputs: "probability", targets: "distribution") {
            categoricalFocal($0, $1, 2)
        },
        Case(loss: "dice loss.axis=-1", outputs: "probability", targets: "binary") { overlap($0, $1, 0.5, 0.5) },
        Case(
            loss: "tversky loss.axis=1 loss.alpha=0.3 loss.beta=0.9", outputs: "probability", targets: "distribution"
        ) { overlap($0, $1, 0.3, 0.9) },
        Case(
            loss: "categorical_focal_crossentropy loss.from_logits=true loss.gamma=0", outputs: "real",
            targets: "distribution"
        ) { categoricalFocal(softmax($0), $1, 0) },
    ]

    /// Alpha 1/2 and a factor of 2 are no balancing.
    private static func focal(
        _ p: [Double], _ t: [Double], _ gamma: Double, _ alpha: Double, _ factor: Double
    ) -> Double {
        mean(
            zip(p, t).map { p, t in
                let entropy = -t * log(p) - (1 - t) * log(1 - p)
                let miss = 1 - (t * p + (1 - t) * (1 - p))
                return factor * (t * alpha + (1 - t) * (1 - alpha)) * pow(miss, gamma) * entropy
            })
    }

    private static func categoricalFocal(_ p: [Double], _ t: [Double], _ gamma: Double) -> Double {
        let total = p.reduce(0, +)
        return -zip(p, t).reduce(0) { $0 + 0.25 * pow(1 - $1.0 / total, gamma) * $1.1 * log($1.0 / total) }
    }

    private static func overlap(_ p: [Double], _ t: [Double], _ alpha: Double, _ beta: Double) -> Double {
        let both = zip(p, t).reduce(0) { $0 + $1.0 * $1.1 }
        let missed = t.reduce(0, +) - both
        let beside = p.reduce(0, +) - both
        return 1 - both / (both + alpha * missed + beta * beside + (alpha == 0.5 ? 5e-8 : 1e-7))
    }

    @Test func everyLossIsCovered() throws {
        for entry in LossCatalog.family.entries {
            #expect(
                try Self.cases.contains { item in
                    let name = String(item.loss.prefix { $0 != " " })
                    return try LossCatalog.family.entry(name).className == entry.className
                }, "\(entry.className)")
        }
    }

    /// Value and gradient by the outputs, with and without sample weights; 700 rows make several slices.
    @Test(arguments: cases, [3, 700]) func valueAndGradientMatchTheFormula(_ item: Case, rows: Int) throws {
        let context = try Fixtures.context(threads: 2)
        let width = 4
        let model = try Fixtures.network([width], [("Activation", "activation=linear")], in: context)
        let x = try Fixtures.normals([rows, width], seed: 8, in: context)
        if item.outputs == "probability" {
            for index in 0..<x.count { x.floats[index] = Float(Self.sigmoid(Double(x.floats[index]))) }
        }
        let real = try Fixtures.normals([rows, width], seed: 9, in: context)
        var y = real
        var rowTargets: [[Double]] = []
        for row in 0..<rows {
            var values = (0..<width).map { Double(real.floats[row * width + $0]) }
            if item.targets == "binary" { values = values.map { $0 > 0 ? 1 : 0 } }
            if item.targets == "distribution" { values = Self.softmax(values) }
            for column in 0..<width { real.floats[row * width + column] = Float(values[column]) }
            rowTargets.append((0..<width).map { Double(real.floats[row * width + $0]) })
        }
        if item.targets == "labels" {
            y = try Fixtures.labels([rows], classes: width, seed: 10, in: context)
            rowTargets = (0..<rows).map { row in (0..<width).map { Int64($0) == y.int64s[row] ? 1 : 0 } }
        }
        let weights = try Fixtures.tensor((0..<rows).map { Float($0 % 3) / 2 }, [rows], in: context)
        let sums = item.loss.contains("reduction=sum")

        for weight in [nil, weights] {
            let trainer = try Fixtures.trainer(model, "loss=\(item.loss) optimizer=sgd", in: context)
            let data = try Fixtures.dataset(x, y, weight: weight)
            try trainer.runForward(data, training: true, in: context)
            let loss = try trainer.loss(data, in: context)
            try trainer.backward(outputGradients: nil, wantsInputGradients: true, in: context)
            let gradient = try trainer.inputGradient(0).floatArray

            let divisor = sums ? 1 : Double(rows)
            var expected = 0.0
            for row in 0..<rows {
                let share = weight.map { Double($0.floats[row]) } ?? 1
                var p = (0..<width).map { Double(x.floats[row * width + $0]) }
                expected += share * item.formula(p, rowTargets[row]) / divisor
                if row % 97 > 1 { continue }
                for column in 0..<width {
                    let held = p[column]
                    p[column] = held + 1e-5
                    let above = item.formula(p, rowTargets[row])
                    p[column] = held - 1e-5
                    let below = item.formula(p, rowTargets[row])
                    p[column] = held
                    let numeric = share * (above - below) / 2e-5 / divisor
                    let got = Double(gradient[row * width + column])
                    #expect(
                        abs(got - numeric) <= 2e-5 * max(1 / divisor, abs(numeric)), "row \(row), column \(column)")
                }
            }
            #expect(abs(loss - expected) <= 1e-5 * max(1, abs(expected)))
        }
    }

    /// Behind softmax or sigmoid the gradient is taken before the activation; it must be what the two steps give.
    @Test(arguments: [
        ("softmax", "categorical_crossentropy", "distribution"), ("softmax", "sparse_categorical_crossentropy", "labels"),
        ("sigmoid", "bce", "binary"),
    ])
    func fusedGradientsEqualTheTwoSteps(_ item: (activation: String, loss: String, targets: String)) throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([40, 3], seed: 1, in: context)
        let y: Tensor
        if item.targets == "labels" {
            y = try Fixtures.labels([40], classes: 3, seed: 2, in: context)
        } else {
            y = try Fixtures.tensor(
                (0..<120).map { item.targets == "binary" ? Float($0 % 2) : ($0 % 3 == 0 ? 1 : 0) }, [40, 3], in: context)
        }
        let fused = try Fixtures.network([3], [("Activation", "activation=\(item.activation)")], in: context)
        // A linear layer behind the activation keeps the loss from seeing it.
        let plain = try Fixtures.network(
            [3], [("Activation", "activation=\(item.activation)"), ("Activation", "activation=linear")], in: context)
        var gradients: [[Float]] = []
        for model in [fused, plain] {
            let trainer = try Fixtures.trainer(model, "loss=\(item.loss) optimizer=sgd", in: context)
            let data = try Fixtures.dataset(x, y)
            try trainer.runForward(data, training: true, in: context)
            _ = try trainer.loss(data, in: context)
            try trainer.backward(outputGradients: nil, wantsInputGradients: true, in: context)
            gradients.append(try trainer.inputGradient(0).floatArray)
        }
        #expect(zip(gradients[0], gradients[1]).allSatisfy { abs($0 - $1) <= 1e-6 })
    }

    @Test(arguments: ["sparse_categorical_crossentropy loss.from_logits=true", "categorical_crossentropy loss.from_logits=true", "bce loss.from_logits=true"])
    func extremeLogitsStayFinite(_ loss: String) throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([3], [("Activation", "activation=linear")], in: context)
        let x = try Fixtures.tensor([3e4, -3e4, 0, -3e4, 3e4, 1], [2, 3], in: context)
        let y = loss.hasPrefix("sparse")
            ? try Fixtures.labels([2], classes: 3, seed: 1, in: context)
            : try Fixtures.tensor([0, 1, 0, 1, 0, 0], [2, 3], in: context)
        let trainer = try Fixtures.trainer(model, "loss=\(loss) optimizer=sgd", in: context)
        let data = try Fixtures.dataset(x, y)
        try trainer.runForward(data, training: true, in: context)
        #expect(try trainer.loss(data, in: context).isFinite)
        try trainer.backward(outputGradients: nil, wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray.allSatisfy(\.isFinite))
    }
}
