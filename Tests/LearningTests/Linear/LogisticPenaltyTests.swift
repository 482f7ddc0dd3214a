import Core
import Glibc
import Learning
import Testing

/// Absolute values in the penalty, classes against the rest, class weights and thresholds.
struct LogisticPenaltyTests {
    private func problem(_ f: Fitting, _ rows: Int = 80, classes: Int) throws -> (x: Tensor, y: Tensor) {
        let x = f.noise(5 * rows)
        let noise = f.noise(rows, stream: 2)
        let y = (0..<rows).map { row -> Int64 in
            let score = x[5 * row] + x[5 * row + 1] + noise[row]
            return classes == 2 ? (score > 0 ? 1 : 0) : (score < -0.5 ? 0 : score < 0.5 ? 1 : 2)
        }
        return (try f.array(x, rows, 5), try f.whole(y))
    }

    @Test(arguments: [2, 3], [(1.0, "penalty=l1"), (0.4, "penalty=elasticnet l1_ratio=0.4")])
    func theSmallestSubgradientVanishes(classes: Int, penalty: (Double, String)) throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: classes)
        let model = try f.fit("logistic_regression", "\(penalty.1) C=0.3 tol=1e-10", x, y)
        let b = model.values("coef_")
        let p = try f.predict(model, x, .probabilities)
        let outputs = classes == 2 ? 1 : classes
        for k in 0..<outputs {
            let own = classes == 2 ? 1 : k
            var level = 0.0
            for c in 0..<5 {
                var slope = (1 - penalty.0) * b[5 * k + c]
                for r in 0..<80 {
                    let error = p[r * classes + own] - (y.int64s[r] == Int64(own) ? 1 : 0)
                    slope += 0.3 * error * x.doubles[5 * r + c]
                    if c == 0 { level += error }
                }
                let value = b[5 * k + c]
                let sign = value > 0 ? penalty.0 : -penalty.0
                let miss = value == 0 ? max(abs(slope) - penalty.0, 0) : abs(slope + sign)
                #expect(miss < 1e-7)
            }
            #expect(abs(level) < 1e-7)
        }
        #expect(b.contains(0) && b.contains { $0 != 0 })
    }

    @Test func manyParametersReachTheOptimumOfFew() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 2)
        // Columns of no use bring the count above that of second-order steps.
        let wide = try Tensor(.float64, Shape(80, 1600), in: f.context.allocator)
        for r in 0..<80 {
            for c in 0..<1600 { wide.doubles[1600 * r + c] = c < 5 ? x.doubles[5 * r + c] : 0 }
        }
        let few = try f.fit("logistic_regression", "penalty=l1 C=0.3 tol=1e-9", x, y).values("coef_")
        let many = try f.fit("logistic_regression", "penalty=l1 C=0.3 tol=1e-9 max_iter=5000", wide, y).values("coef_")
        for c in 0..<5 { #expect(abs(few[c] - many[c]) < 1e-6) }
        #expect(many[5...].allSatisfy { $0 == 0 })
    }

    @Test func contradictionsAreNamed() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 2)
        let missing = message { _ = try f.fit("logistic_regression", "penalty=elasticnet", x, y) }
        #expect(missing?.hasPrefix("The l1_ratio of logistic_regression must be") == true)
        let solver = message { _ = try f.fit("logistic_regression", "penalty=l1 solver=lbfgs", x, y) }
        #expect(solver?.hasPrefix("The solver of logistic_regression must be auto") == true)
        let label = message { _ = try f.fit("logistic_regression", "{\"class_weight\": {\"7\": 2}}", x, y) }
        #expect(label == "The class_weight of logistic_regression names the label 7, which y does not have.")
    }

    @Test func classWeightsAreSampleWeights() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 3)
        let weights = (0..<80).map { [2.0, 1, 0.5][Int(y.int64s[$0])] }
        let given = try f.fit("logistic_regression", "{\"class_weight\": {\"0\": 2, \"2\": 0.5}}", x, y)
        let same = try f.fit("logistic_regression", "", x, y, weight: f.array(weights, 80))
        #expect(given.values("coef_") == same.values("coef_"))
        var counts = [0.0, 0, 0]
        for r in 0..<80 { counts[Int(y.int64s[r])] += 1 }
        let factors = (0..<80).map { row -> Double in 80 / (3 * counts[Int(y.int64s[row])]) }
        let balanced = try f.fit("logistic_regression", "class_weight=balanced", x, y)
        let even = try f.fit(
            "logistic_regression", "", x, y, weight: f.array(factors, 80))
        #expect(balanced.values("coef_") == even.values("coef_"))
        let zeros = "{\"class_weight\": {\"0\": 0, \"1\": 0, \"2\": 0}}"
        let nothing = message { _ = try f.fit("logistic_regression", zeros, x, y) }
        #expect(nothing?.contains("sum") == true)
    }

    @Test func oneAgainstTheRestIsAFitForEachClass() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 3)
        let model = try f.fit("logistic_regression", "multi_class=ovr", x, y)
        var shares = [Double](repeating: 0, count: 80 * 3)
        for k in 0..<3 {
            let own = try f.whole((0..<80).map { y.int64s[$0] == Int64(k) ? 1 : 0 })
            let alone = try f.fit("logistic_regression", "", x, own)
            #expect(Array(model.values("coef_")[5 * k..<5 * k + 5]) == alone.values("coef_"))
            let p = try f.predict(alone, x, .probabilities)
            for r in 0..<80 { shares[3 * r + k] = p[2 * r + 1] }
        }
        let p = try f.predict(model, x, .probabilities)
        for r in 0..<80 {
            let total = shares[3 * r] + shares[3 * r + 1] + shares[3 * r + 2]
            assertClose((0..<3).map { p[3 * r + $0] }, (0..<3).map { shares[3 * r + $0] / total })
        }
        let far = try f.predict(try f.reload(model), f.array([1e9, -1e9, 0, 0, 0], 1, 5), .probabilities)
        #expect(abs(far.reduce(0, +) - 1) < 1e-12)
    }

    @Test func theThresholdIsAProbability() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 2)
        for threshold in [0.0, 0.2, 0.5, 0.8, 1] {
            let model = try f.fit("logistic_regression", "threshold=\(threshold)", x, y)
            let p = try f.predict(model, x, .probabilities)
            let out = try Tensor(.int64, Shape(80), in: f.context.allocator)
            try model.predict(.predict, x.view, into: out.view, in: f.context)
            for r in 0..<80 { #expect((out.int64s[r] == 1) == (p[2 * r + 1] > threshold)) }
        }
    }
}
