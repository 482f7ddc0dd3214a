import Core
import Glibc
import Learning
import Testing

struct LogisticRegressionTests {
    /// Two noisy classes of the sign of x0 + x1, or three of its terciles.
    private func problem(_ f: Fitting, _ rows: Int = 60, classes: Int = 2) throws -> (x: Tensor, y: Tensor) {
        let x = f.noise(2 * rows)
        let noise = f.noise(rows, stream: 2)
        let y = (0..<rows).map { row -> Int64 in
            let score = x[2 * row] + x[2 * row + 1] + noise[row]
            return classes == 2 ? (score > 0 ? 1 : 0) : (score < -0.5 ? 10 : score < 0.5 ? 20 : 30)
        }
        return (try f.array(x, rows, 2), try f.whole(y))
    }

    /// The objective per unit of weight, written down once more: the mean log-loss and |coef|^2 / (2 C n).
    private func cost(_ coef: [Double], _ intercept: [Double], _ x: Tensor, _ y: [Int], c: Double?) -> Double {
        let rows = x.shape[0]
        let p = x.shape[1]
        var sum = 0.0
        for r in 0..<rows {
            var scores = intercept.indices.map { k in
                intercept[k] + (0..<p).map { coef[k * p + $0] * x.doubles[r * p + $0] }.reduce(0, +)
            }
            if scores.count == 1 { scores = [0, scores[0]] }
            sum += log(scores.map { exp($0) }.reduce(0, +)) - scores[y[r]]
        }
        let penalty = c.map { coef.map { $0 * $0 }.reduce(0, +) / (2 * $0 * Double(rows)) } ?? 0
        return sum / Double(rows) + penalty
    }

    @Test func balancedPairsGiveTheLogOddsExactly() throws {
        let f = try Fitting()
        // At x = 0 one of four is positive, at x = 1 three of four: intercept -ln 3, slope 2 ln 3.
        let model = try f.fit(
            "logistic_regression", "penalty=none tol=1e-12", f.array([0, 0, 0, 0, 1, 1, 1, 1], 8, 1),
            f.whole([0, 0, 0, 1, 0, 1, 1, 1]))
        assertClose(model.values("intercept_"), [-log(3)], ulps: Tolerance.solved)
        assertClose(model.values("coef_"), [2 * log(3)], ulps: Tolerance.solved)
        assertClose(
            try f.predict(model, f.array([0, 1], 2, 1), .probabilities), [0.75, 0.25, 0.25, 0.75],
            ulps: Tolerance.solved)
    }

    @Test(arguments: [2, 3], ["l2", "none"])
    func allSolversFindTheSameMinimum(classes: Int, penalty: String) throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: classes)
        let settings = "penalty=\(penalty) C=0.7"
        let newton = try f.fit("logistic_regression", "\(settings) solver=newton tol=1e-10", x, y)
        let lbfgs = try f.fit("logistic_regression", "\(settings) solver=lbfgs tol=1e-10", x, y)
        let gd = try f.fit("logistic_regression", "\(settings) solver=gd learning_rate=2 max_iter=5000 tol=0", x, y)
        assertClose(lbfgs.values("coef_"), newton.values("coef_"), ulps: 0x1p24)
        assertClose(gd.values("coef_"), newton.values("coef_"), ulps: 0x1p24)
        assertClose(gd.values("intercept_"), newton.values("intercept_"), ulps: 0x1p24)
        #expect(newton.values("loss_curve_").count < 20)
    }

    @Test(arguments: [2, 3])
    func theGradientVanishesAtTheMinimumByCentralDifferences(classes: Int) throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: classes)
        let model = try f.fit("logistic_regression", "C=0.7 tol=1e-10", x, y)
        let labels = (0..<60).map { classes == 2 ? Int(y.int64s[$0]) : Int(y.int64s[$0]) / 10 - 1 }
        var parameters = model.values("coef_")
        let split = parameters.count
        parameters += model.values("intercept_")
        for i in parameters.indices {
            let step = 1e-5
            let ends = [step, -step].map { move -> Double in
                var moved = parameters
                moved[i] += move
                return cost(Array(moved[..<split]), Array(moved[split...]), x, labels, c: 0.7)
            }
            #expect(abs(ends[0] - ends[1]) / (2 * step) < 1e-9)
        }
        let final = cost(Array(parameters[..<split]), Array(parameters[split...]), x, labels, c: 0.7)
        assertClose([model.values("loss_curve_").last ?? 0], [final], ulps: Tolerance.solved)
    }

    @Test(arguments: [2, 3])
    func oneDescentStepFollowsTheGradient(classes: Int) throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: classes)
        let model = try f.fit("logistic_regression", "C=0.7 solver=gd max_iter=1 learning_rate=0.5", x, y)
        let labels = (0..<60).map { classes == 2 ? Int(y.int64s[$0]) : Int(y.int64s[$0]) / 10 - 1 }
        let outputs = classes == 2 ? 1 : classes
        let zero = [Double](repeating: 0, count: outputs * 3)
        for i in zero.indices {
            let ends = [1e-5, -1e-5].map { move -> Double in
                var moved = zero
                moved[i] += move
                return cost(Array(moved[..<(2 * outputs)]), Array(moved[(2 * outputs)...]), x, labels, c: 0.7)
            }
            let learned = (model.values("coef_") + model.values("intercept_"))[i]
            #expect(abs(learned + 0.5 * (ends[0] - ends[1]) / 2e-5) < 1e-9)
        }
    }

    @Test func severalClassesBalanceToZero() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 3)
        let model = try f.fit("logistic_regression", "", x, y)
        let coef = model.values("coef_")
        #expect(abs(coef[0] + coef[2] + coef[4]) < 1e-9)
        #expect(abs(model.values("intercept_").reduce(0, +)) < 1e-9)
    }

    @Test func labelsComeBackAsTheyWere() throws {
        let f = try Fitting()
        let x = try f.array([-2, -1, 1, 2], 4, 1)
        let whole = try f.fit("logistic_regression", "", x, f.whole([7, 7, -3, -3]))
        #expect(whole.attribute("classes_")?.int64s[0] == -3 && whole.attribute("classes_")?.dtype == .int64)
        let out = try Tensor(.int64, Shape(4), in: f.context.allocator)
        try whole.predict(.predict, x.view, into: out.view, in: f.context)
        #expect((0..<4).map { out.int64s[$0] } == [7, 7, -3, -3])
        let real = try f.fit("logistic_regression", "", x, f.array([0.5, 0.5, 1.5, 1.5], 4))
        #expect(try f.predict(real, x) == [0.5, 0.5, 1.5, 1.5])
        #expect(try real.outputShape(.predict, rows: 4).dtype == .float64)
    }

    @Test func probabilitiesSumToOneAndOrderLikeTheScores() throws {
        let f = try Fitting()
        let (x, y) = try problem(f, classes: 3)
        let model = try f.fit("logistic_regression", "", x, y)
        let p = try f.predict(model, x, .probabilities)
        let s = try f.predict(model, x, .decision)
        for row in 0..<60 {
            assertClose([p[3 * row] + p[3 * row + 1] + p[3 * row + 2]], [1])
            #expect((p[3 * row] < p[3 * row + 1]) == (s[3 * row] < s[3 * row + 1]))
        }
    }

    @Test(arguments: ["newton", "lbfgs"])
    func separatedClassesAreReported(solver: String) throws {
        let log = Messages()
        let context = try Context(threads: 1, log: { _, text in log.texts.append(text) })
        let entry = try EstimatorCatalog.entry("logistic_regression")
        let x = try Tensor(doubles: [-2, -1, 1, 2], Shape(4, 1), in: context.allocator)
        let y = try Tensor(int64s: [0, 0, 1, 1], Shape(4), in: context.allocator)
        for penalty in ["l2", "none"] {
            let parameters = try Parameters(
                kind: "logistic_regression", specs: entry.parameters, text: "solver=\(solver) penalty=\(penalty)")
            _ = try entry.fit(
                FitInput(
                    context: context, parameters: parameters, x: x.view, y: y.view, sampleWeight: nil,
                    featureNames: nil,
                    progress: nil))
            #expect(log.texts.contains { $0.contains("perfectly separated") } == (penalty == "none"))
        }
        withExtendedLifetime((x, y)) {}
    }

    private final class Messages {
        var texts: [String] = []
    }

    @Test func oneClassAloneIsRefused() throws {
        let f = try Fitting()
        let body = { _ = try f.fit("logistic_regression", "", try f.array([1, 2], 2, 1), try f.whole([4, 4])) }
        #expect(message(body) == "y holds one class alone (4); logistic_regression needs at least two.")
    }

    @Test(arguments: [
        "solver=newton", "solver=lbfgs max_iter=20", "solver=gd max_iter=20", "solver=gd max_iter=3 batch_size=7",
    ])
    func theBitsDoNotDependOnTheThreads(parameters: String) throws {
        for classes in [2, 3] {
            let fits = try [1, 2, 3, 8].map { threads in
                let f = try Fitting(threads: threads)
                let (x, y) = try problem(f, parameters.contains("batch") ? 3000 : 80_000, classes: classes)
                return try f.fit("logistic_regression", parameters, x, y).bits
            }
            for fit in fits { #expect(fit == fits[0]) }
        }
    }

    @Test func aWeightOfTwoCountsARowTwice() throws {
        let f = try Fitting()
        let x = f.noise(8)
        let weighted = try f.fit(
            "logistic_regression", "tol=1e-12", f.array(x, 8, 1), f.whole([0, 1, 0, 1, 1, 0, 1, 0]),
            weight: f.array([1, 2, 1, 1, 0, 1, 1, 1], 8))
        let repeated = try f.fit(
            "logistic_regression", "tol=1e-12", f.array([x[0], x[1], x[1], x[2], x[3], x[5], x[6], x[7]], 8, 1),
            f.whole([0, 1, 1, 0, 1, 0, 1, 0]))
        assertClose(weighted.values("coef_"), repeated.values("coef_"), ulps: Tolerance.solved)
    }

    @Test func constantAndDependentColumnsDoNoHarm() throws {
        let f = try Fitting()
        let x = f.noise(20)
        let y = try f.whole([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0])
        let alone = try f.fit("logistic_regression", "penalty=none tol=1e-10", f.array(x, 20, 1), y)
        let padded = try f.fit(
            "logistic_regression", "penalty=none tol=1e-10", f.array(x.flatMap { [$0, 5, 2 * $0] }, 20, 3), y)
        assertClose(
            try f.predict(padded, f.array([0.3, 5, 0.6], 1, 3), .decision),
            try f.predict(alone, f.array([0.3], 1, 1), .decision),
            ulps: 0x1p24)
    }
}
