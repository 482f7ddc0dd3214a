import Core
import Glibc
import Learning
import Testing

/// Kinds of stochastic gradient descent and the linear support vector machine.
struct StochasticDescentTests {
    @Test func oneUpdateFollowsTheSlopeOfItsRow() throws {
        let f = try Fitting()
        let x = try f.array([2, 3], 1, 2)
        let y = try f.array([5], 1)
        let model = try f.fit("sgd_regressor", "learning_rate=constant eta0=0.1 max_iter=1", x, y)
        // w = 0 - 0.1 (0 - 5) x
        assertClose(model.values("coef_"), [1, 1.5])
        assertClose(model.values("intercept_"), [0.5])
        assertClose(model.values("loss_curve_"), [12.5])
        let sparse = try f.fit(
            "sgd_regressor", "penalty=l1 alpha=12 learning_rate=constant eta0=0.1 max_iter=1", x, y)
        assertClose(sparse.values("coef_"), [0, 0.3], ulps: Tolerance.solved)
    }

    @Test func aBatchTakesTheMeanOfItsSlopes() throws {
        let f = try Fitting()
        let model = try f.fit(
            "sgd_regressor", "learning_rate=constant eta0=1 max_iter=1 batch_size=10 alpha=0",
            f.array([1, 2, 3, 4], 4, 1), f.array([1, 0, 2, 1], 4))
        assertClose(model.values("coef_"), [(1 + 0 + 6 + 4) / 4])
        assertClose(model.values("intercept_"), [1])
    }

    @Test(arguments: ["invscaling", "adaptive", "constant"])
    func schedulesReachTheRidgeSolution(schedule: String) throws {
        let f = try Fitting()
        let x = try f.array(f.noise(600), 200, 3)
        let noise = f.noise(200, stream: 2)
        let targets = (0..<200).map { row -> Double in
            let line = x.doubles[3 * row] - 2 * x.doubles[3 * row + 1]
            return line + 0.5 + 0.1 * noise[row]
        }
        let y = try f.array(targets, 200)
        // sum (y - f)^2 / 2n + alpha/2 |w|^2 is ridge with n alpha.
        let ridge = try f.fit("ridge", "alpha=2", x, y)
        let model = try f.fit(
            "sgd_regressor", "alpha=0.01 learning_rate=\(schedule) eta0=0.01 tol=1e-9 max_iter=3000", x, y)
        for (a, b) in zip(model.values("coef_"), ridge.values("coef_")) { #expect(abs(a - b) < 0.02) }
    }

    @Test func theMeanOfAllUpdatesIsGivenWhereAsked() throws {
        let f = try Fitting()
        let x = try f.array([1, 1], 2, 1)
        let y = try f.array([1, 1], 2)
        let settings = "fit_intercept=false alpha=0 learning_rate=constant eta0=0.5 max_iter=1"
        // The coefficient is 0.5 after the first update and 0.75 after the second.
        assertClose(try f.fit("sgd_regressor", settings, x, y).values("coef_"), [0.75])
        assertClose(try f.fit("sgd_regressor", settings + " average=true", x, y).values("coef_"), [0.625])
    }

    @Test(arguments: [
        "hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber",
        "epsilon_insensitive", "squared_epsilon_insensitive",
    ])
    func everyLossSeparatesTwoClouds(loss: String) throws {
        let f = try Fitting()
        let noise = f.noise(200)
        let x = try f.array((0..<200).map { i -> Double in noise[i] + (i / 2 % 2 == 0 ? 1.5 : -1.5) }, 100, 2)
        let y = try f.whole((0..<100).map { i -> Int64 in i % 2 == 0 ? 7 : -7 })
        let model = try f.fit("sgd_classifier", "loss=\(loss) learning_rate=adaptive", x, y)
        let out = try Tensor(.int64, Shape(100), in: f.context.allocator)
        try model.predict(.predict, x.view, into: out.view, in: f.context)
        #expect((0..<100).allSatisfy { out.int64s[$0] == y.int64s[$0] })
        let hasProbabilities = loss == "log_loss" || loss == "modified_huber"
        #expect((code { _ = try f.predict(model, x, .probabilities) } == nil) == hasProbabilities)
        if hasProbabilities {
            let p = try f.predict(model, x, .probabilities)
            for r in 0..<100 {
                assertClose([p[2 * r] + p[2 * r + 1]], [1])
                #expect((p[2 * r + 1] > 0.5) == (out.int64s[r] == 7))
            }
        }
    }

    @Test func threeClassesGoOneAgainstTheRest() throws {
        let f = try Fitting()
        let noise = f.noise(240)
        let centres = [(0.0, 3.0), (3, -2), (-3, -2)]
        let places = (0..<240).map { i -> Double in
            let centre = centres[i / 2 % 3]
            return noise[i] + (i % 2 == 0 ? centre.0 : centre.1)
        }
        let x = try f.array(places, 120, 2)
        let y = try f.whole((0..<120).map { Int64($0 % 3) })
        for kind in ["sgd_classifier", "perceptron", "linear_svc"] {
            let model = try f.fit(kind, "", x, y)
            #expect(model.attribute("coef_")?.shape == Shape(3, 2))
            let out = try Tensor(.int64, Shape(120), in: f.context.allocator)
            try model.predict(.predict, x.view, into: out.view, in: f.context)
            #expect((0..<120).filter { out.int64s[$0] == y.int64s[$0] }.count >= 118)
        }
    }

    @Test func earlyStoppingHoldsRowsBack() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(400), 200, 2)
        let y = try f.whole((0..<200).map { x.doubles[2 * $0] > 0 ? 1 : 0 })
        let stopped = try f.fit("sgd_classifier", "early_stopping=true tol=0.01", x, y)
        let n = Int(stopped.attribute("n_iter_")?.int64s[0] ?? 0)
        #expect(n >= 6 && n < 100)
        // 180 rows are left to learn from.
        #expect(stopped.attribute("t_")?.int64s[0] == Int64(180 * n + 1))
        let few = message {
            _ = try f.fit(
                "sgd_classifier", "early_stopping=true validation_fraction=0.99", try f.array([1, 2], 2, 1),
                try f.whole([0, 1]))
        }
        #expect(few?.contains("validation_fraction") == true)
    }

    @Test func divergenceNamesTheStep() throws {
        let f = try Fitting()
        let x = try f.array([1e200, -1e200, 3e200], 3, 1)
        let body = {
            _ = try f.fit("sgd_regressor", "learning_rate=constant eta0=1e5", x, try f.array([1, 2, 3], 3))
        }
        #expect(code(body) == .notConverged && message(body)?.contains("eta0") == true)
    }

    @Test func theOptimalScheduleNeedsAPenalty() throws {
        let f = try Fitting()
        let said = message {
            _ = try f.fit("sgd_classifier", "alpha=0", try f.array([1, 2], 2, 1), try f.whole([0, 1]))
        }
        #expect(said?.hasPrefix("The alpha of sgd_classifier must be above 0") == true)
    }

    /// The primal's cost.
    private func cost(_ w: [Double], _ x: Tensor, _ y: [Double], c: Double, squared: Bool) -> Double {
        let p = x.shape[1]
        var sum = w.map { $0 * $0 }.reduce(0, +) / 2
        for r in 0..<y.count {
            let score = w[p] + (0..<p).map { w[$0] * x.doubles[r * p + $0] }.reduce(0, +)
            let loss = max(0, 1 - y[r] * score)
            sum += c * (squared ? loss * loss : loss)
        }
        return sum
    }

    @Test(arguments: ["hinge", "squared_hinge"])
    func theSupportVectorMachineIsAtItsMinimum(loss: String) throws {
        let f = try Fitting()
        let x = try f.array(f.noise(180), 60, 3)
        let noise = f.noise(60, stream: 2)
        let labels = (0..<60).map { x.doubles[3 * $0] + 0.7 * noise[$0] > 0 ? 1.0 : -1 }
        let y = try f.whole(labels.map { Int64($0) })
        let model = try f.fit("linear_svc", "loss=\(loss) C=0.8 tol=1e-10 max_iter=100000", x, y)
        let w = model.values("coef_") + model.values("intercept_")
        let least = cost(w, x, labels, c: 0.8, squared: loss == "squared_hinge")
        let away = f.noise(4000, stream: 3)
        for trial in 0..<1000 {
            for size in [1e-3, 0.1] {
                let moved = (0..<4).map { w[$0] + size * away[4 * trial + $0] }
                #expect(cost(moved, x, labels, c: 0.8, squared: loss == "squared_hinge") >= least - 1e-9)
            }
        }
        #expect(model.attribute("converged_")?.bytes.array == [1])
    }

    @Test func rowsWithoutWeightHaveNoPart() throws {
        let f = try Fitting()
        let x = try f.array([-2, -1, 1, 2, -50], 5, 1)
        let y = try f.whole([0, 0, 1, 1, 1])
        for parameters in ["loss=hinge tol=1e-10", "tol=1e-10"] {
            let weighted = try f.fit("linear_svc", parameters, x, y, weight: f.array([1, 1, 1, 1, 0], 5))
            let without = try f.fit("linear_svc", parameters, f.array([-2, -1, 1, 2], 4, 1), f.whole([0, 0, 1, 1]))
            assertClose(weighted.values("coef_"), without.values("coef_"), ulps: 0x1p22)
        }
    }

    @Test func theThresholdIsAScore() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(60), 30, 2)
        let y = try f.whole((0..<30).map { x.doubles[2 * $0] > 0 ? 1 : 0 })
        for kind in ["linear_svc", "sgd_classifier", "perceptron"] {
            let model = try f.fit(kind, "threshold=0.3", x, y)
            let scores = try f.predict(model, x, .decision)
            let out = try Tensor(.int64, Shape(30), in: f.context.allocator)
            try model.predict(.predict, x.view, into: out.view, in: f.context)
            for r in 0..<30 { #expect((out.int64s[r] == 1) == (scores[r] > 0.3)) }
        }
    }

    @Test(arguments: ["sgd_classifier", "perceptron", "linear_svc", "sgd_regressor"])
    func theBitsDoNotDependOnTheThreadsButOnTheSeed(kind: String) throws {
        let fits = try [(1, 7), (2, 7), (3, 7), (1, 8)].map { (threads, seed) in
            let f = try Fitting(threads: threads, seed: UInt64(seed))
            let x = f.noise(900)
            let y = try f.whole((0..<300).map { Int64($0 * $0 % 3) })
            return try f.fit(kind, "max_iter=5", f.array(x, 300, 3), y).bits
        }
        #expect(fits[0] == fits[1] && fits[0] == fits[2] && fits[0] != fits[3])
    }

    @Test func progressStopsAndAborts() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(60), 30, 2)
        let y = try f.whole((0..<30).map { Int64($0 % 2) })
        for kind in ["sgd_classifier", "sgd_regressor", "linear_svc"] {
            let parameters = kind == "linear_svc" ? "tol=1e-14" : "tol=null"
            let model = try f.fit(kind, parameters, x, y) { $0.epoch == 3 ? .stop : .go }
            #expect(model.attribute("n_iter_")?.int64s[0] == 3)
            #expect(code { _ = try f.fit(kind, parameters, x, y) { _ in .abort } } == .interrupted)
        }
    }
}
