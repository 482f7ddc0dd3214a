import Core
import Learning
import Testing

struct LassoTests {
    @Test func orthogonalColumnsAreCutByTheThreshold() throws {
        let f = try Fitting()
        // x'x / n = 1 for both columns; x'y / n = 3 and 0.25.
        let x = try f.array([1, 1, 1, -1, -1, 1, -1, -1], 4, 2)
        let y = try f.array([3.25, 2.75, -2.75, -3.25], 4)
        let model = try f.fit("lasso", "alpha=0.5", x, y)
        assertClose(model.values("coef_"), [2.5, 0])
        #expect(model.values("coef_")[1] == 0)
        let net = try f.fit("elastic_net", "alpha=1 l1_ratio=0.5", x, y)
        assertClose(net.values("coef_"), [2.5 / 1.5, 0])
        let gap = model.values("dual_gap_")[0]
        #expect(gap >= 0 && gap < 1e-12)
    }

    /// The largest violation of the conditions of the optimum, in units of alpha.
    private func violation(
        _ x: [Double], _ y: [Double], _ b: [Double], _ intercept: Double, alpha: Double, ratio: Double
    ) -> Double {
        let n = y.count
        let p = b.count
        let residual = (0..<n).map { r in
            y[r] - intercept - (0..<p).map { x[r * p + $0] * b[$0] }.reduce(0, +)
        }
        return (0..<p).map { c in
            let product = (0..<n).map { x[$0 * p + c] * residual[$0] }.reduce(0, +) / Double(n)
            let slope = (product - alpha * (1 - ratio) * b[c]) / (alpha * ratio)
            return b[c] == 0 ? max(abs(slope) - 1, 0) : abs(slope - (b[c] > 0 ? 1 : -1))
        }.max() ?? 0
    }

    @Test(arguments: [(50, 8), (12, 30)], ["cyclic", "random"])
    func theOptimumIsMetToRounding(size: (Int, Int), selection: String) throws {
        let f = try Fitting()
        let (n, p) = size
        let x = f.noise(n * p)
        let y = f.noise(n, stream: 2)
        for (alpha, ratio) in [(0.05, 1.0), (0.01, 0.5), (0.02, 0.9)] {
            let model = try f.fit(
                "elastic_net", "alpha=\(alpha) l1_ratio=\(ratio) selection=\(selection)", f.array(x, n, p), f.array(y, n))
            let b = model.values("coef_")
            #expect(violation(x, y, b, model.values("intercept_")[0], alpha: alpha, ratio: ratio) < 1e-9)
            #expect(model.attribute("converged_")?.bytes.array == [1])
        }
    }

    @Test func aPathIsTheFitsOfItsAlphas() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(240), 40, 6)
        let y = try f.array(f.noise(40, stream: 2), 40)
        let model = try f.fit("lasso", "alpha=0.01 alphas=[0.02,0.2,0.05]", x, y)
        #expect(model.values("alphas_") == [0.2, 0.05, 0.02])
        let path = model.values("coef_path_")
        for (index, alpha) in [0.2, 0.05, 0.02].enumerated() {
            let alone = try f.fit("lasso", "alpha=\(alpha)", x, y)
            assertClose((0..<6).map { path[$0 * 3 + index] }, alone.values("coef_"), ulps: Tolerance.solved)
        }
        assertClose(
            model.values("coef_"), try f.fit("lasso", "alpha=0.01", x, y).values("coef_"), ulps: Tolerance.solved)
        let several = message { _ = try f.fit("lasso", "alphas=[1]", x, try f.array(f.noise(80), 40, 2)) }
        #expect(several?.contains("one target") == true)
    }

    @Test func withoutAPenaltyItIsLeastSquares() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(90), 30, 3)
        let y = try f.array(f.noise(30, stream: 2), 30)
        let least = try f.fit("linear_regression", "", x, y).values("coef_")
        assertClose(try f.fit("lasso", "alpha=0", x, y).values("coef_"), least, ulps: Tolerance.solved)
        let ridge = try f.fit("ridge", "alpha=3", x, y).values("coef_")
        assertClose(
            try f.fit("elastic_net", "alpha=0.1 l1_ratio=0", x, y).values("coef_"), ridge, ulps: Tolerance.solved)
    }

    @Test func positiveCoefficientsMeetTheirConditions() throws {
        let f = try Fitting()
        let x = f.noise(100)
        let y = f.noise(20, stream: 2)
        for alpha in [0.0, 0.01] {
            let b = try f.fit(
                "lasso", "alpha=\(alpha) positive=true fit_intercept=false tol=1e-12 max_iter=100000",
                f.array(x, 20, 5), f.array(y, 20)
            ).values("coef_")
            for c in 0..<5 {
                var slope = -alpha
                for r in 0..<20 {
                    slope += x[r * 5 + c] * (y[r] - (0..<5).map { x[r * 5 + $0] * b[$0] }.reduce(0, +)) / 20
                }
                #expect(b[c] >= 0 && (b[c] > 0 ? abs(slope) < 1e-9 : slope < 1e-9))
            }
        }
    }

    @Test func equalColumnsConvergeThoughTheirSharesAreFree() throws {
        let f = try Fitting()
        let x = (0..<20).flatMap { row -> [Double] in [Double(row), Double(row), 1] }
        let model = try f.fit("lasso", "alpha=0.1", f.array(x, 20, 3), f.array((0..<20).map { 3 * Double($0) }, 20))
        let b = model.values("coef_")
        // 3 less alpha over the variance.
        assertClose([b[0] + b[1]], [3 - 0.1 / 33.25], ulps: 0x1p33)
        #expect(b[2] == 0 && model.attribute("converged_")?.bytes.array == [1])
    }

    @Test func aWeightOfTwoCountsARowTwice() throws {
        let f = try Fitting()
        let x = f.noise(12)
        let y = f.noise(6, stream: 2)
        let weighted = try f.fit(
            "lasso", "alpha=0.02", f.array(x, 6, 2), f.array(y, 6), weight: f.array([1, 2, 1, 0, 1, 1], 6))
        let repeated = try f.fit(
            "lasso", "alpha=0.02", f.array(Array(x[0..<4]) + Array(x[2..<6]) + Array(x[8..<12]), 6, 2),
            f.array([y[0], y[1], y[1], y[2], y[4], y[5]], 6))
        assertClose(weighted.values("coef_"), repeated.values("coef_"), ulps: Tolerance.solved)
    }

    @Test func tooFewRoundsAreReported() throws {
        let f = try Fitting()
        let model = try f.fit(
            "lasso", "alpha=0.001 max_iter=1 tol=0", f.array(f.noise(100), 20, 5), f.array(f.noise(20, stream: 2), 20))
        #expect(model.values("dual_gap_")[0] >= 0 && model.attribute("n_iter_")?.int64s[0] == 1)
    }

    @Test func progressStopsAndAborts() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(400), 20, 20)
        let y = try f.array(f.noise(20, stream: 2), 20)
        var costs: [Double] = []
        let model = try f.fit("lasso", "alpha=1e-4", x, y) { report in
            costs.append(report.loss)
            return report.epoch == 3 ? .stop : .go
        }
        #expect(costs.count == 3 && costs[2] <= costs[0] && model.attribute("n_iter_")?.int64s[0] == 3)
        #expect(code { _ = try f.fit("lasso", "alpha=1e-4", x, y) { _ in .abort } } == .interrupted)
    }

    @Test func theBitsDoNotDependOnTheThreads() throws {
        for parameters in ["alpha=0.001", "alpha=0.001 selection=random"] {
            let fits = try [1, 2, 3].map { threads in
                let f = try Fitting(threads: threads)
                return try f.fit(
                    "lasso", parameters, f.array(f.noise(30_000 * 7), 30_000, 7),
                    f.array(f.noise(30_000, stream: 2), 30_000)
                ).bits
            }
            #expect(fits[0] == fits[1] && fits[0] == fits[2])
        }
    }
}
