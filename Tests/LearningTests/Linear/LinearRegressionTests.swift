import Core
import Learning
import Testing

struct LinearRegressionTests {
    @Test(arguments: ["auto", "normal", "svd"])
    func fitsALineThroughThreePoints(solver: String) throws {
        let f = try Fitting()
        let model = try f.fit(
            "linear_regression", "solver=\(solver)", f.array([1, 2, 4], 3, 1), f.array([3, 5, 9], 3))
        assertClose(model.values("coef_"), [2])
        assertClose(model.values("intercept_"), [1])
        assertClose(try f.predict(model, f.array([10, -1], 2, 1)), [21, -1])
    }

    @Test func goesThroughTheOriginWithoutIntercept() throws {
        let f = try Fitting()
        let model = try f.fit(
            "linear_regression", "fit_intercept=false", f.array([1, 2], 2, 1), f.array([2, 5], 2))
        assertClose(model.values("coef_"), [12.0 / 5])
        #expect(model.values("intercept_") == [0])
    }

    @Test func equalColumnsShareAndConstantOnesGetNothing() throws {
        let f = try Fitting()
        let model = try f.fit(
            "linear_regression", "", f.array([1, 1, 0.1, 2, 2, 0.1, 3, 3, 0.1, 4, 4, 0.1], 4, 3),
            f.array([3, 5, 7, 9], 4))
        assertClose(model.values("coef_"), [1, 1, 0])
        #expect(model.attribute("rank_")?.int64s[0] == 1)
        #expect(model.values("singular_").count == 3)
    }

    @Test func fewerRowsThanColumnsGiveTheLeastNorm() throws {
        let f = try Fitting()
        let model = try f.fit(
            "linear_regression", "fit_intercept=false", f.array([3, 4], 1, 2), f.array([25], 1))
        assertClose(model.values("coef_"), [3, 4])
    }

    @Test func severalTargetsAreEachFittedAlone() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(60), 20, 3)
        let y = f.noise(40, stream: 2)
        let both = try f.fit("linear_regression", "", x, f.array(y, 20, 2))
        #expect(both.attribute("coef_")?.shape == Shape(2, 3))
        for t in 0..<2 {
            let one = try f.fit("linear_regression", "", x, f.array((0..<20).map { y[2 * $0 + t] }, 20))
            assertClose(Array(both.values("coef_")[3 * t..<3 * t + 3]), one.values("coef_"), ulps: Tolerance.solved)
        }
    }

    @Test(arguments: ["", "solver=svd", "solver=gd learning_rate=0.1 tol=0 max_iter=2000"])
    func aWeightOfTwoCountsARowTwice(parameters: String) throws {
        let f = try Fitting()
        let x = f.noise(12)
        let y = f.noise(6, stream: 2)
        let weighted = try f.fit(
            "linear_regression", parameters, f.array(x, 6, 2), f.array(y, 6), weight: f.array([1, 2, 1, 0, 1, 1], 6))
        let repeated = try f.fit(
            "linear_regression", parameters,
            f.array(Array(x[0..<4]) + Array(x[2..<6]) + Array(x[8..<12]), 6, 2),
            f.array([y[0], y[1], y[1], y[2], y[4], y[5]], 6))
        assertClose(weighted.values("coef_"), repeated.values("coef_"), ulps: Tolerance.solved)
        assertClose(weighted.values("intercept_"), repeated.values("intercept_"), ulps: Tolerance.solved)
    }

    @Test func largeOffsetsLoseNothing() throws {
        let f = try Fitting()
        // Sorted, so that the first rows say nothing about the mean.
        let x = (0..<5000).map { 1e6 + Double($0) }
        let model = try f.fit(
            "linear_regression", "solver=normal", f.array(x, 5000, 1), f.array(x.map { 3 * $0 - 7 }, 5000))
        assertClose(model.values("coef_"), [3])
    }

    @Test func dependentColumnsAreRefusedByTheNormalEquations() throws {
        let f = try Fitting()
        let refused = message {
            _ = try f.fit(
                "linear_regression", "solver=normal", try f.array([1, 1, 2, 2, 3, 3], 3, 2), try f.array([1, 2, 3], 3))
        }
        #expect(refused?.contains("dependent") == true)
    }

    @Test func bothWaysAgreeOnAWideProblem() throws {
        let f = try Fitting(threads: 2)
        let x = try f.array(f.noise(700 * 300), 700, 300)
        let y = try f.array(f.noise(700, stream: 2), 700)
        let normal = try f.fit("linear_regression", "solver=normal", x, y)
        let svd = try f.fit("linear_regression", "solver=svd", x, y)
        assertClose(normal.values("coef_"), svd.values("coef_"), ulps: Tolerance.solved)
    }

    @Test(arguments: [2, 3, 8])
    func theBitsDoNotDependOnTheThreads(threads: Int) throws {
        for parameters in ["", "solver=svd", "solver=gd max_iter=5", "solver=gd max_iter=3 batch_size=999"] {
            let fits = try [1, threads].map { count in
                let f = try Fitting(threads: count)
                return try f.fit(
                    "linear_regression", parameters, f.array(f.noise(30_000 * 7), 30_000, 7),
                    f.array(f.noise(30_000, stream: 2), 30_000)
                ).bits
            }
            #expect(fits[0] == fits[1])
        }
    }

    @Test func descentReachesTheClosedForm() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(90), 30, 3)
        let y = try f.array(f.noise(30, stream: 2), 30)
        let closed = try f.fit("linear_regression", "", x, y)
        let descent = try f.fit("linear_regression", "solver=gd learning_rate=0.3 tol=0 max_iter=3000", x, y)
        assertClose(descent.values("coef_"), closed.values("coef_"), ulps: Tolerance.solved)
        let batches = try f.fit(
            "linear_regression", "solver=gd learning_rate=0.003 tol=0 max_iter=2000 batch_size=7", x, y)
        assertClose(batches.values("coef_"), closed.values("coef_"), ulps: 0x1p46)
        #expect(batches.values("loss_curve_").count == 2000)
    }

    @Test func descentStopsWhenTheCostStandsStill() throws {
        let f = try Fitting()
        let model = try f.fit(
            "linear_regression", "solver=gd learning_rate=0.3 tol=1e-6", f.array(f.noise(30), 30, 1),
            f.array(f.noise(30, stream: 2), 30))
        let curve = model.values("loss_curve_")
        #expect(curve.count < 1000 && curve.count == Int(model.attribute("n_iter_")?.int64s[0] ?? 0))
        #expect(model.attribute("converged_")?.bytes.array == [1])
    }

    @Test func divergenceNamesTheLearningRate() throws {
        let f = try Fitting()
        let x = try f.array([100, 200, 300], 3, 1)
        let y = try f.array([1, 2, 3], 3)
        let body = { _ = try f.fit("linear_regression", "solver=gd learning_rate=0.5", x, y) }
        #expect(code(body) == .notConverged)
        #expect(message(body)?.contains("learning_rate 0.5") == true)
    }

    @Test func progressStopsAndAborts() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(30), 30, 1)
        let y = try f.array(f.noise(30, stream: 2), 30)
        var seen: [Double] = []
        let stopped = try f.fit("linear_regression", "solver=gd", x, y) { report in
            seen.append(report.loss)
            return report.epoch == 5 ? .stop : .go
        }
        #expect(stopped.values("loss_curve_") == seen && seen.count == 5)
        #expect(code { _ = try f.fit("linear_regression", "solver=gd", x, y) { _ in .abort } } == .interrupted)
    }

    @Test(arguments: ["", "solver=svd", "solver=gd"])
    func anInterruptEndsTheFit(parameters: String) throws {
        let f = try Fitting()
        f.context.interrupt()
        #expect(
            code {
                _ = try f.fit(
                    "linear_regression", parameters, try f.array([1, 2, 3], 3, 1), try f.array([1, 2, 3], 3))
            } == .interrupted)
    }
}
