import Core
import Learning
import Testing

struct AdaBoostTests {
    /// Ten points that no stump parts.
    private func points(_ f: Fitting) throws -> (x: Tensor, y: Tensor) {
        (
            try f.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 10, 1),
            try f.array([1, 1, 1, -1, -1, -1, 1, 1, 1, -1], 10)
        )
    }

    @Test func fewStumpsTogetherPartWhatNoneParts() throws {
        let f = try Fitting()
        let (x, y) = try points(f)
        let one = try f.fit("adaboost_classifier", "n_estimators=1", x, y)
        let several = try f.fit("adaboost_classifier", "n_estimators=8", x, y)
        let wanted = (0..<10).map { y.doubles[$0] }
        #expect(try f.predict(one, x) != wanted)
        #expect(try f.predict(several, x) == wanted)
        #expect(several.values("estimator_errors_").allSatisfy { $0 > 0 && $0 < 0.5 })
    }

    @Test func aPerfectTreeEndsTheFit() throws {
        let f = try Fitting()
        let (x, y) = try points(f)
        let model = try f.fit("adaboost_classifier", "max_depth=5", x, y)
        #expect(model.values("estimator_weights_") == [1])
        #expect(try f.predict(model, x, .decision).allSatisfy { abs($0) == 2 })
    }

    @Test func aTreeNoBetterThanChanceIsAnError() throws {
        let f = try Fitting()
        let x = try f.array([0, 0, 1, 1], 4, 1)
        #expect(code { _ = try f.fit("adaboost_classifier", "", x, f.array([0, 1, 0, 1], 4)) } == .notConverged)
    }

    @Test func numbersAreLearned() throws {
        let f = try Fitting()
        let x = f.noise(200)
        let y = (0..<200).map { (row: Int) -> Double in x[row] * x[row] }
        for loss in ["linear", "square", "exponential"] {
            let model = try f.fit("adaboost_regressor", "loss=\(loss) random_state=1", f.array(x, 200, 1), f.array(y, 200))
            let error = zip(try f.predict(model, f.array(x, 200, 1)), y).map { abs($0 - $1) }.max() ?? 1
            #expect(error < 0.2)
        }
    }

    @Test(arguments: ["adaboost_classifier", "adaboost_regressor"])
    func theBitsDoNotDependOnTheThreads(kind: String) throws {
        let fits = try [1, 2, 3, 8].map { threads in
            let f = try Fitting(threads: threads)
            let x = f.noise(20_000)
            let y = (0..<10_000).map { (row: Int) -> Int64 in x[2 * row] + x[2 * row + 1] > 0.1 ? 1 : 0 }
            return try f.fit(kind, "n_estimators=4 max_depth=2 random_state=2", f.array(x, 10_000, 2), f.whole(y)).bits
        }
        for fit in fits { #expect(fit == fits[0]) }
    }
}
