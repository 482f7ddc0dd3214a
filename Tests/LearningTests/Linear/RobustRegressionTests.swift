import Core
import Learning
import Testing

/// Bayesian ridge and Huber regression.
struct RobustRegressionTests {
    @Test func bayesianRidgeIsRidgeWithItsOwnPenalty() throws {
        let f = try Fitting()
        for (rows, columns) in [(30, 4), (8, 20)] {
            let x = try f.array(f.noise(rows * columns), rows, columns)
            let y = try f.array(f.noise(rows, stream: 2), rows)
            let model = try f.fit("bayesian_ridge", "tol=1e-10 max_iter=5000 lambda_1=1 alpha_1=1 alpha_2=0.5", x, y)
            let alpha = model.values("alpha_")[0]
            let lambda = model.values("lambda_")[0]
            let ridge = try f.fit("ridge", "alpha=\(lambda / alpha)", x, y)
            assertClose(model.values("coef_"), ridge.values("coef_"), ulps: Tolerance.solved * 16)
            // sigma (lambda + alpha x'x) = 1 for the centred x.
            let mean = model.values("X_offset_")
            let sigma = model.values("sigma_")
            for i in 0..<columns {
                for j in 0..<columns {
                    var sum = 0.0
                    for k in 0..<columns {
                        var cell = k == j ? lambda : 0
                        for r in 0..<rows {
                            cell +=
                                alpha * (x.doubles[r * columns + k] - mean[k]) * (x.doubles[r * columns + j] - mean[j])
                        }
                        sum += sigma[i * columns + k] * cell
                    }
                    #expect(abs(sum - (i == j ? 1 : 0)) < 1e-9)
                }
            }
        }
    }

    @Test func anExactFitWithoutPriorsIsRefused() throws {
        let f = try Fitting()
        let body = {
            _ = try f.fit(
                "bayesian_ridge", "alpha_1=0 alpha_2=0 lambda_1=0 lambda_2=0", try f.array([1, 2, 3, 4], 4, 1),
                try f.array([0, 0, 0, 0], 4))
        }
        #expect(code(body) == .notConverged && message(body)?.contains("alpha_2") == true)
    }

    @Test func huberIgnoresAnOutlier() throws {
        let f = try Fitting()
        let x = (0..<20).map { Double($0) }
        let y = x.map { value -> Double in
            let noise = value == 19 ? 500 : 0.01 * (value.truncatingRemainder(dividingBy: 3) - 1)
            return 2 * value + 1 + noise
        }
        let model = try f.fit("huber_regressor", "tol=1e-8 max_iter=1000", f.array(x, 20, 1), f.array(y, 20))
        #expect(abs(model.values("coef_")[0] - 2) < 0.01 && abs(model.values("intercept_")[0] - 1) < 0.05)
        let outliers = model.attribute("outliers_")?.bytes.array ?? []
        #expect(outliers.count == 20 && outliers.last == 1 && outliers.filter { $0 == 1 }.count < 6)
    }

    @Test func huberMeetsItsConditions() throws {
        let f = try Fitting()
        let x = f.noise(120)
        let y = f.noise(40, stream: 2)
        let w = f.noise(40, stream: 3).map { 1.5 + $0 }
        for (epsilon, alpha) in [(1.1, 0.0), (1.35, 0.7), (3, 0.1)] {
            let model = try f.fit(
                "huber_regressor", "epsilon=\(epsilon) alpha=\(alpha) tol=1e-10 max_iter=5000", f.array(x, 40, 3),
                f.array(y, 40), weight: f.array(w, 40))
            let b = model.values("coef_")
            let scale = model.values("scale_")[0]
            var slopes = b.map { 2 * alpha * $0 } + [0, 0]
            for r in 0..<40 {
                let error = y[r] - model.values("intercept_")[0] - (0..<3).map { x[3 * r + $0] * b[$0] }.reduce(0, +)
                let z = error / scale
                let slope = abs(z) <= epsilon ? 2 * z : 2 * epsilon * (z > 0 ? 1 : -1)
                for c in 0..<3 { slopes[c] -= w[r] * slope * x[3 * r + c] }
                slopes[3] -= w[r] * slope
                slopes[4] += w[r] * (1 - (abs(z) <= epsilon ? z * z : epsilon * epsilon))
            }
            for slope in slopes { #expect(abs(slope) < 1e-6) }
        }
    }

    @Test func anExactFitHasNoScale() throws {
        let f = try Fitting()
        let model = try f.fit("huber_regressor", "max_iter=2000", f.array([1, 2, 3, 4], 4, 1), f.array([3, 5, 7, 9], 4))
        #expect(abs(model.values("coef_")[0] - 2) < 1e-3 && model.values("scale_")[0] < 1e-3)
        let flat = try f.fit("huber_regressor", "", f.array([1, 2, 3, 4], 4, 1), f.array([5, 5, 5, 5], 4))
        #expect(abs(flat.values("intercept_")[0] + 2 * flat.values("coef_")[0] - 5) < 1e-3)
    }

    @Test(arguments: ["bayesian_ridge", "huber_regressor"])
    func theBitsDoNotDependOnTheThreads(kind: String) throws {
        let fits = try [1, 2, 3].map { threads in
            let f = try Fitting(threads: threads)
            return try f.fit(
                kind, "", f.array(f.noise(30_000 * 7), 30_000, 7), f.array(f.noise(30_000, stream: 2), 30_000)
            ).bits
        }
        #expect(fits[0] == fits[1] && fits[0] == fits[2])
    }

    @Test(arguments: ["bayesian_ridge", "huber_regressor", "sgd_regressor"])
    func oneTargetAloneIsTaken(kind: String) throws {
        let f = try Fitting()
        let body = { _ = try f.fit(kind, "", try f.array(f.noise(12), 6, 2), try f.array(f.noise(12), 6, 2)) }
        #expect(code(body) == .shape)
    }
}
