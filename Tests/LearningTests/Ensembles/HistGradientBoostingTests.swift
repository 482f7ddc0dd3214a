import Core
import Glibc
import Learning
import Testing

struct HistGradientBoostingTests {
    private let classifier = "hist_gradient_boosting_classifier"
    private let regressor = "hist_gradient_boosting_regressor"

    @Test func oneStumpTakesItsShareOfTheStepToTheMeans() throws {
        let f = try Fitting()
        let x = try f.array([1, 2, 3, 4], 4, 1)
        let model = try f.fit(
            regressor, "max_iter=1 max_leaf_nodes=2 min_samples_leaf=1 learning_rate=0.5", x, f.array([1, 1, 5, 5], 4))
        #expect(model.values("baseline_prediction_") == [3])
        assertClose(try f.predict(model, x), [2, 2, 4, 4], ulps: Tolerance.solved)
        assertClose([model.values("threshold")[0]], [2.5])
    }

    @Test func oneNewtonStepDownTheLogLoss() throws {
        let f = try Fitting()
        let x = try f.array([1, 2, 3, 4], 4, 1)
        let model = try f.fit(
            classifier, "max_iter=1 max_leaf_nodes=2 min_samples_leaf=1 learning_rate=1 l2_regularization=0.5", x,
            f.whole([0, 0, 1, 1]))
        // Half of the rows in each class: p = 1/2, gradients 1/2, second derivatives 1/4.
        let step = 1 / (0.5 + 0.5)
        assertClose(try f.predict(model, x, .decision), [-step, -step, step, step], ulps: Tolerance.solved)
        let p = try f.predict(model, x, .probabilities)
        assertClose([p[1]], [1 / (1 + exp(step))], ulps: Tolerance.solved)
        assertClose([p[0] + p[1]], [1])
    }

    @Test(arguments: ["squared_error", "absolute_error", "poisson", "quantile quantile=0.9"])
    func everyLossFalls(loss: String) throws {
        let f = try Fitting()
        let x = f.noise(600)
        let y = (0..<200).map { (row: Int) -> Double in exp(x[3 * row]) + x[3 * row + 1] * x[3 * row + 1] }
        var losses: [Double] = []
        _ = try f.fit(
            regressor, "loss=\(loss) max_iter=30 min_samples_leaf=5", f.array(x, 200, 3), f.array(y, 200),
            progress: {
                losses.append($0.loss)
                return .go
            })
        #expect(losses.count == 30)
        for i in 1..<30 { #expect(losses[i] <= losses[i - 1] + 1e-9) }
        #expect(losses[29] < losses[0])
    }

    @Test func threeClassesAreLearned() throws {
        let f = try Fitting()
        let x = f.noise(600)
        let y = (0..<300).map { (row: Int) -> Int64 in x[2 * row] > 0.3 ? 7 : x[2 * row + 1] > 0 ? 3 : -2 }
        let model = try f.fit(classifier, "max_iter=20", f.array(x, 300, 2), f.whole(y))
        let p = try f.predict(model, f.array(x, 300, 2), .probabilities)
        var right = 0
        for row in 0..<300 {
            let own = Array(p[3 * row..<3 * row + 3])
            assertClose([own[0] + own[1] + own[2]], [1])
            let place = y[row] == -2 ? 0 : y[row] == 3 ? 1 : 2
            if own.max() == own[place] { right += 1 }
        }
        #expect(right > 290)
    }

    @Test func missingValuesGoToTheBetterSide() throws {
        let f = try Fitting()
        let values = (0..<60).map { $0 % 3 == 0 ? Double.nan : Double($0) }
        let y = (0..<60).map { (row: Int) -> Double in row % 3 == 0 ? 9 : row < 30 ? 1 : 5 }
        let x = try f.array(values, 60, 1)
        let model = try f.fit(regressor, "min_samples_leaf=2 learning_rate=1 max_iter=5", x, f.array(y, 60))
        assertClose(try f.predict(model, x), y, ulps: 0x1p30)
    }

    @Test func categoriesAreSetsNotNumbers() throws {
        let f = try Fitting()
        let values = (0..<120).map { Double($0 % 6) }
        let y = values.map { [0.0, 2, 5].contains($0) ? 1.0 : -1.0 }
        let x = try f.array(values, 120, 1)
        let given = "max_iter=1 max_leaf_nodes=2 learning_rate=1 min_samples_leaf=1"
        let named = try f.fit(regressor, given + " categorical_features=[0]", x, f.array(y, 120))
        assertClose(try f.predict(named, x), y, ulps: 0x1p30)
        let ordered = try f.fit(regressor, given, x, f.array(y, 120))
        #expect(try f.predict(ordered, x) != y)
        // A category that training has not seen, and one that is missing, are no error.
        let strange = try f.predict(named, f.array([77, .nan, -4, 1e300, 0.5], 5, 1))
        #expect(strange.allSatisfy { abs($0) <= 1.1 })
        let said = message {
            _ = try f.fit(regressor, given + " categorical_features=[0]", try f.array([0.5, 1], 2, 1), f.array([0, 1], 2))
        }
        #expect(said?.contains("whole numbers 0 to 254") == true)
    }

    @Test func constraintsKeepPredictionsInOrder() throws {
        let f = try Fitting()
        let x = f.noise(600)
        let noise = f.noise(300, stream: 4)
        let y = (0..<300).map { (row: Int) -> Double in x[2 * row] + 1.5 * noise[row] }
        let model = try f.fit(
            regressor, "monotonic_cst=[1,0] min_samples_leaf=3", f.array(x, 300, 2), f.array(y, 300))
        for other in [-0.5, 0.2, 0.9] {
            let steps = (0...60).flatMap { (step: Int) -> [Double] in [Double(step) / 30 - 1, other] }
            let predicted = try f.predict(model, f.array(steps, 61, 2))
            for i in 1..<61 { #expect(predicted[i] >= predicted[i - 1]) }
        }
    }

    @Test func columnsOfDifferentSetsNeverMeet() throws {
        let f = try Fitting()
        let x = f.noise(1200)
        let y = (0..<400).map { (row: Int) -> Double in x[3 * row] * x[3 * row + 1] + x[3 * row + 2] }
        let model = try f.fit(
            regressor, "interaction_cst=[[0],[1,2]] min_samples_leaf=5 max_iter=20", f.array(x, 400, 3), f.array(y, 400))
        // Without interaction of 0 with the others the difference by column 0 is the same wherever they are.
        let at = try f.predict(
            model, f.array([-0.5, -0.5, 0, 0.5, -0.5, 0, -0.5, 0.5, 0.3, 0.5, 0.5, 0.3], 4, 3))
        let first = at[1] - at[0]
        let second = at[3] - at[2]
        #expect(abs(first - second) < 1e-12)
    }

    @Test func heldBackRowsStopItEarly() throws {
        let f = try Fitting()
        let x = f.noise(800)
        let y = f.noise(400, stream: 8)
        let model = try f.fit(
            regressor, "early_stopping=true max_iter=500 n_iter_no_change=5 random_state=2", f.array(x, 400, 2),
            f.array(y, 400))
        let count = model.attribute("n_iter_")?.int64s[0] ?? 0
        #expect(count < 100)
        #expect(model.values("validation_score_").count == Int(count))
    }

    @Test func theCallbackStopsItAndKeepsTheTrees() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(200), 100, 2)
        let y = try f.array(f.noise(100, stream: 2), 100)
        let model = try f.fit(regressor, "max_iter=50", x, y, progress: { $0.epoch == 7 ? .stop : .go })
        #expect(model.attribute("n_iter_")?.int64s[0] == 7)
        #expect(code { _ = try f.fit(regressor, "", x, y, progress: { _ in .abort }) } == .interrupted)
    }

    @Test(arguments: [
        "", "subsample=0.5 max_features=0.5 random_state=3", "early_stopping=true random_state=1 max_leaf_nodes=null max_depth=5",
    ])
    func theBitsDoNotDependOnTheThreads(parameters: String) throws {
        let fits = try [1, 2, 3, 8].map { threads in
            let f = try Fitting(threads: threads)
            let x = f.noise(40_000 * 10)
            let y = (0..<40_000).map { (row: Int) -> Int64 in
                x[10 * row] + x[10 * row + 9] * x[10 * row + 2] > 0 ? 1 : 0
            }
            return try f.fit(classifier, "max_iter=4 \(parameters)", f.array(x, 40_000, 10), f.whole(y)).bits
        }
        for fit in fits { #expect(fit == fits[0]) }
    }

    @Test func badInputIsNamed() throws {
        let f = try Fitting()
        let x = try f.array([1, 2, 3], 3, 1)
        let y = try f.array([1, -2, 3], 3)
        let said = { (body: () throws -> Void) in message(body) ?? "no error" }
        #expect(said { _ = try f.fit(regressor, "loss=poisson", x, y) }.contains("got -2.0 at row 1"))
        #expect(said { _ = try f.fit(regressor, "loss=quantile", x, y) }.contains("quantile"))
        #expect(said { _ = try f.fit(regressor, "subsample=0", x, y) }.contains("subsample"))
        #expect(said { _ = try f.fit(regressor, "categorical_features=[1]", x, y) }.contains("below 1"))
        #expect(said { _ = try f.fit(regressor, "interaction_cst=[[4]]", x, y) }.contains("interaction_cst"))
        #expect(said { _ = try f.fit(classifier, "", x, f.array([4, 4, 4], 3)) }.contains("one class alone"))
    }
}
