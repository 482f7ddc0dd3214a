import Core
import Learning
import Testing

struct RandomForestTests {
    private static let kinds = ["random_forest", "extra_trees"]

    private func problem(_ f: Fitting, rows: Int = 300) throws -> (x: Tensor, y: Tensor, values: Tensor) {
        let x = f.noise(4 * rows)
        let score = (0..<rows).map { (row: Int) -> Double in x[4 * row] + x[4 * row + 1] * x[4 * row + 2] }
        let labels = score.map { (value: Double) -> Int64 in value > 0.3 ? 9 : value > -0.3 ? 4 : -1 }
        return (
            try f.array(x, rows, 4), try f.whole(labels), try f.array(score, rows)
        )
    }

    @Test(arguments: kinds)
    func classesAreLearned(kind: String) throws {
        let f = try Fitting()
        let (x, y, _) = try problem(f)
        let model = try f.fit("\(kind)_classifier", "n_estimators=30 random_state=1", x, y)
        let p = try f.predict(model, x, .probabilities)
        var right = 0
        for row in 0..<300 {
            assertClose([p[3 * row] + p[3 * row + 1] + p[3 * row + 2]], [1], ulps: 8)
            let place = [-1, 4, 9].firstIndex(of: Int(y.int64s[row])) ?? 0
            if p[3 * row + place] == p[3 * row..<3 * row + 3].max() { right += 1 }
        }
        #expect(right >= 295)
        let importances = model.values("feature_importances_")
        assertClose([importances.reduce(0, +)], [1], ulps: 8)
        #expect(importances[0] > importances[3])
    }

    @Test(arguments: kinds)
    func numbersAreLearned(kind: String) throws {
        let f = try Fitting()
        let (x, _, y) = try problem(f)
        let model = try f.fit("\(kind)_regressor", "n_estimators=30 random_state=1", x, y)
        let error = zip(try f.predict(model, x), (0..<300).map { y.doubles[$0] }).map { abs($0 - $1) }.max() ?? 1
        #expect(error < 0.5)
    }

    @Test func aTreeOnAllRowsIsTheExactTree() throws {
        let f = try Fitting()
        let (x, y, values) = try problem(f, rows: 100)
        let given = "n_estimators=1 bootstrap=false max_features=null max_depth=2"
        let forest = try f.fit("random_forest_classifier", given, x, y)
        let tree = try f.fit("decision_tree_classifier", "max_depth=2", x, y)
        #expect(try f.predict(forest, x, .probabilities) == f.predict(tree, x, .probabilities))
        assertClose(
            forest.values("feature_importances_"), tree.values("feature_importances_"), ulps: Tolerance.solved)
        let numbers = try f.fit("random_forest_regressor", given, x, values)
        let exact = try f.fit("decision_tree_regressor", "max_depth=2", x, values)
        assertClose(try f.predict(numbers, x), try f.predict(exact, x), ulps: Tolerance.solved)
    }

    @Test func rowsOutOfTheBagScoreTheForest() throws {
        let f = try Fitting()
        let (x, y, values) = try problem(f)
        let model = try f.fit("random_forest_classifier", "oob_score=true random_state=4", x, y)
        let score = model.values("oob_score_")[0]
        #expect(score > 0.7 && score < 0.99)
        #expect(model.attribute("oob_decision_function_")?.shape == Shape(300, 3))
        let numbers = try f.fit("random_forest_regressor", "oob_score=true random_state=4", x, values)
        #expect(numbers.values("oob_score_")[0] > 0.5)
        #expect(try f.reload(model).bits == model.bits)
    }

    @Test func missingValuesAreTaken() throws {
        let f = try Fitting()
        let values = (0..<200).map { $0 % 4 == 0 ? Double.nan : Double($0) }
        let y = (0..<200).map { (row: Int) -> Int64 in row % 4 == 0 ? 2 : row < 100 ? 0 : 1 }
        let x = try f.array(values, 200, 1)
        for kind in Self.kinds {
            let model = try f.fit("\(kind)_classifier", "n_estimators=20 random_state=1", x, f.whole(y))
            let right = zip(try f.predict(model, x), y).count { $0 == Double($1) }
            #expect(right >= 197)
        }
    }

    @Test(arguments: kinds)
    func theBitsDoNotDependOnTheThreads(kind: String) throws {
        for given in ["", "max_samples=0.5 class_weight=balanced_subsample bootstrap=true oob_score=true"] {
            let fits = try [1, 2, 3, 8].map { threads in
                let f = try Fitting(threads: threads)
                let (x, y, _) = try problem(f, rows: 3000)
                return try f.fit("\(kind)_classifier", "n_estimators=7 random_state=3 \(given)", x, y).bits
            }
            for fit in fits { #expect(fit == fits[0]) }
        }
    }

    @Test func theSeedDecidesAndTheContextGoesOn() throws {
        let f = try Fitting()
        let (x, y, _) = try problem(f)
        let fit = { (given: String) in try f.fit("random_forest_classifier", "n_estimators=3 \(given)", x, y).bits }
        #expect(try fit("random_state=5") == fit("random_state=5"))
        #expect(try fit("random_state=5") != fit("random_state=6"))
        #expect(try fit("") != fit(""))
    }

    @Test func badInputIsNamed() throws {
        let f = try Fitting()
        let (x, y, _) = try problem(f)
        let said = { (given: String) in message { _ = try f.fit("random_forest_classifier", given, x, y) } ?? "no error" }
        #expect(said("max_samples=301").contains("max_samples"))
        #expect(said("bootstrap=false oob_score=true").contains("oob_score"))
        #expect(said("class_weight=much").contains("class_weight"))
        #expect(said("max_features=1.5").contains("max_features"))
    }
}
