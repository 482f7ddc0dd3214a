import Core
import Glibc
import Learning
import Testing

struct OrdinalLogisticTests {
    private func problem(_ f: Fitting) throws -> (x: Tensor, y: Tensor) {
        let x = f.noise(180)
        let noise = f.noise(90, stream: 2)
        let y = (0..<90).map { row -> Int64 in
            let score = 2 * x[2 * row] - x[2 * row + 1] + 1.5 * noise[row]
            return score < -0.8 ? 3 : score < 0.3 ? 5 : score < 1.2 ? 8 : 13
        }
        return (try f.array(x, 90, 2), try f.whole(y))
    }

    @Test func twoClassesAreLogisticRegression() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(60), 30, 2)
        let y = try f.whole((0..<30).map { row -> Int64 in row * 7 % 5 < 2 ? 1 : 0 })
        let ordinal = try f.fit("ordinal_logistic", "alpha=0.5 tol=1e-11", x, y)
        let logistic = try f.fit("logistic_regression", "C=2 tol=1e-11", x, y)
        assertClose(ordinal.values("coef_"), logistic.values("coef_"), ulps: 0x1p20)
        assertClose(ordinal.values("thresholds_"), logistic.values("intercept_").map { -$0 }, ulps: 0x1p20)
        assertClose(
            try f.predict(ordinal, x, .probabilities), try f.predict(logistic, x, .probabilities), ulps: 0x1p20)
    }

    @Test func aColumnOfNoUseGivesTheSharesOfTheClasses() throws {
        let f = try Fitting()
        let model = try f.fit(
            "ordinal_logistic", "tol=1e-12", f.array([1, 1, 1, 1, 1, 1, 1, 1], 8, 1), f.whole([0, 0, 0, 0, 1, 1, 2, 2]))
        assertClose(model.values("thresholds_"), [0, log(3)], ulps: Tolerance.solved)
        assertClose(
            try f.predict(model, f.array([1], 1, 1), .probabilities), [0.5, 0.25, 0.25], ulps: Tolerance.solved)
    }

    @Test(arguments: ["proportional_odds", "all_threshold"], [0.0, 1.5])
    func theGradientVanishesByCentralDifferences(loss: String, alpha: Double) throws {
        let f = try Fitting()
        let (x, y) = try problem(f)
        let model = try f.fit("ordinal_logistic", "loss=\(loss) alpha=\(alpha) tol=1e-11", x, y)
        let labels: [Int64] = [3, 5, 8, 13]
        let cost = { (point: [Double]) -> Double in
            let t = Array(point[2...])
            var sum = alpha / 2 * (point[0] * point[0] + point[1] * point[1])
            for r in 0..<90 {
                let k = labels.firstIndex(of: y.int64s[r]) ?? 0
                let s = point[0] * x.doubles[2 * r] + point[1] * x.doubles[2 * r + 1]
                let below = { (j: Int) in j < 0 ? 0 : j >= t.count ? 1 : 1 / (1 + exp(s - t[j])) }
                if loss == "proportional_odds" {
                    sum -= log(below(k) - below(k - 1))
                } else {
                    for j in 0..<t.count { sum -= log(j >= k ? below(j) : 1 - below(j)) }
                }
            }
            return sum
        }
        let point = model.values("coef_") + model.values("thresholds_")
        for i in point.indices {
            let ends = [1e-5, -1e-5].map { move -> Double in
                var moved = point
                moved[i] += move
                return cost(moved)
            }
            #expect(abs(ends[0] - ends[1]) / 2e-5 < 1e-6)
        }
        assertClose([(model.values("loss_curve_").last ?? 0) * 90], [cost(point)], ulps: Tolerance.solved)
    }

    @Test func bothPredictionsFollowTheirRules() throws {
        let f = try Fitting()
        let (x, y) = try problem(f)
        for rule in ["most_probable", "threshold"] {
            let model = try f.fit("ordinal_logistic", "prediction=\(rule)", x, y)
            let p = try f.predict(model, x, .probabilities)
            let s = try f.predict(model, x, .decision)
            let t = model.values("thresholds_")
            let out = try Tensor(.int64, Shape(90), in: f.context.allocator)
            try model.predict(.predict, x.view, into: out.view, in: f.context)
            for r in 0..<90 {
                let own = Array(p[4 * r..<4 * r + 4])
                assertClose([own.reduce(0, +)], [1])
                let place =
                    rule == "threshold"
                    ? t.filter { $0 < s[r] }.count : own.firstIndex(of: own.max() ?? 0) ?? 0
                #expect(out.int64s[r] == [3, 5, 8, 13][place])
            }
        }
    }

    @Test func separatedClassesAreReported() throws {
        let log = Messages()
        let context = try Context(threads: 1, log: { _, text in log.texts.append(text) })
        let entry = try EstimatorCatalog.entry("ordinal_logistic")
        let x = try Tensor(doubles: [1, 2, 3, 4, 5, 6], Shape(6, 1), in: context.allocator)
        let y = try Tensor(int64s: [0, 0, 1, 1, 2, 2], Shape(6), in: context.allocator)
        for alpha in ["0", "1"] {
            log.texts = []
            let parameters = try Parameters(
                kind: "ordinal_logistic", specs: entry.parameters, text: "alpha=\(alpha)")
            _ = try entry.fit(
                FitInput(
                    context: context, parameters: parameters, x: x.view, y: y.view, sampleWeight: nil,
                    featureNames: nil, progress: nil))
            #expect(log.texts.contains { $0.contains("perfectly separated") } == (alpha == "0"))
        }
        withExtendedLifetime((x, y)) {}
    }

    private final class Messages {
        var texts: [String] = []
    }

    @Test func aClassWithoutWeightIsRefused() throws {
        let f = try Fitting()
        let said = message {
            _ = try f.fit(
                "ordinal_logistic", "{\"class_weight\": {\"1\": 0}}", try f.array([1, 2, 3], 3, 1), try f.whole([0, 1, 2]))
        }
        #expect(said?.contains("positive weight") == true)
    }

    @Test func theBitsDoNotDependOnTheThreads() throws {
        let fits = try [1, 2, 3].map { threads in
            let f = try Fitting(threads: threads)
            let x = f.noise(60_000)
            let y = (0..<30_000).map { row -> Int64 in
                let score = x[2 * row] + 0.3 * x[2 * row + 1]
                return Int64(2 * score + 3)
            }
            return try f.fit("ordinal_logistic", "alpha=1", f.array(x, 30_000, 2), f.whole(y)).bits
        }
        #expect(fits[0] == fits[1] && fits[0] == fits[2])
    }
}
