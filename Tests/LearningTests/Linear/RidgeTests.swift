import Core
import Learning
import Testing

struct RidgeTests {
    @Test(arguments: ["auto", "cholesky", "svd"])
    func onePenalisedSlopeIsExact(solver: String) throws {
        let f = try Fitting()
        // Centred x is -1, 0, 1 and x'y = 4: the slope is 4 / (2 + alpha).
        let model = try f.fit("ridge", "alpha=2 solver=\(solver)", f.array([4, 5, 6], 3, 1), f.array([1, 3, 5], 3))
        assertClose(model.values("coef_"), [1])
        assertClose(model.values("intercept_"), [-2])
    }

    @Test(arguments: ["auto", "cholesky", "svd"])
    func fewerRowsThanColumnsMeetTheNormalEquations(solver: String) throws {
        let f = try Fitting()
        let x = f.noise(5 * 12)
        let y = f.noise(5, stream: 2)
        let model = try f.fit(
            "ridge", "alpha=0.3 fit_intercept=false solver=\(solver)", f.array(x, 5, 12), f.array(y, 5))
        let b = model.values("coef_")
        for c in 0..<12 {
            var slope = 0.3 * b[c]
            for r in 0..<5 { slope -= x[r * 12 + c] * (y[r] - (0..<12).map { x[r * 12 + $0] * b[$0] }.reduce(0, +)) }
            #expect(abs(slope) < 1e-13)
        }
    }

    @Test(arguments: ["auto", "cholesky", "svd"])
    func anAlphaForEachTargetIsAFitForEach(solver: String) throws {
        let f = try Fitting()
        let x = try f.array(f.noise(60), 20, 3)
        let y = f.noise(40, stream: 2)
        let both = try f.fit("ridge", "alpha=[0.5,3] solver=\(solver)", x, f.array(y, 20, 2))
        for (k, alpha) in [0.5, 3].enumerated() {
            let alone = try f.fit(
                "ridge", "alpha=\(alpha) solver=\(solver)", x, f.array((0..<20).map { y[2 * $0 + k] }, 20))
            assertClose(Array(both.values("coef_")[3 * k..<3 * k + 3]), alone.values("coef_"), ulps: Tolerance.solved)
        }
    }

    @Test func asManyAlphasAsTargetsAreNeeded() throws {
        let f = try Fitting()
        let said = message {
            _ = try f.fit("ridge", "alpha=[1,2]", try f.array([1, 2, 3], 3, 1), try f.array([1, 2, 3], 3))
        }
        #expect(said == "The alpha of ridge must be one number, or one for each target (1), got [1, 2].")
    }

    @Test func withoutAPenaltyDependentColumnsShareTheSlope() throws {
        let f = try Fitting()
        let x = try f.array([1, 1, 2, 2, 3, 3], 3, 2)
        let y = try f.array([2, 4, 6], 3)
        assertClose(try f.fit("ridge", "alpha=0", x, y).values("coef_"), [1, 1], ulps: Tolerance.solved)
        let said = message { _ = try f.fit("ridge", "alpha=0 solver=cholesky", x, y) }
        #expect(said?.contains("dependent") == true)
    }

    @Test func aConstantColumnGetsNothing() throws {
        let f = try Fitting()
        let x = (0..<300).flatMap { [Double($0), 0.1] }
        let y = try f.array((0..<300).map { 2 * Double($0) + 1 }, 300)
        for parameters in ["alpha=0", "alpha=1e-9", "alpha=1e-9 solver=svd"] {
            let model = try f.fit("ridge", parameters, f.array(x, 300, 2), y)
            assertClose(model.values("coef_"), [2, 0], ulps: 0x1p20)
            #expect(model.values("coef_")[1] == 0)
        }
    }

    @Test func aWeightOfTwoCountsARowTwice() throws {
        let f = try Fitting()
        let x = f.noise(12)
        let y = f.noise(6, stream: 2)
        let weighted = try f.fit(
            "ridge", "alpha=0.2", f.array(x, 6, 2), f.array(y, 6), weight: f.array([1, 2, 1, 0, 1, 1], 6))
        let repeated = try f.fit(
            "ridge", "alpha=0.2", f.array(Array(x[0..<4]) + Array(x[2..<6]) + Array(x[8..<12]), 6, 2),
            f.array([y[0], y[1], y[1], y[2], y[4], y[5]], 6))
        assertClose(weighted.values("coef_"), repeated.values("coef_"), ulps: Tolerance.solved)
    }

    @Test(arguments: ["", "solver=svd"])
    func theBitsDoNotDependOnTheThreads(parameters: String) throws {
        let fits = try [1, 2, 3].map { threads in
            let f = try Fitting(threads: threads)
            return try f.fit(
                "ridge", parameters, f.array(f.noise(30_000 * 7), 30_000, 7), f.array(f.noise(30_000, stream: 2), 30_000)
            ).bits
        }
        #expect(fits[0] == fits[1] && fits[0] == fits[2])
    }
}
