import Core
import Learning
import Testing

struct DecisionTreeTests {
    private let classifier = "decision_tree_classifier"
    private let regressor = "decision_tree_regressor"

    private func integers(_ model: any FittedModel, _ name: String) -> [Int64] {
        guard let tensor = model.attribute(name), tensor.dtype == .int64 else { return [] }
        return (0..<tensor.count).map { tensor.int64s[$0] }
    }

    @Test func oneCutPartsTwoClasses() throws {
        let f = try Fitting()
        let x = try f.array([1, 2, 4, 8], 4, 1)
        let model = try f.fit(classifier, "", x, f.array([0, 0, 1, 1], 4))
        #expect(integers(model, "children_left") == [1, -1, -1])
        #expect(integers(model, "children_right") == [2, -1, -1])
        #expect(integers(model, "feature") == [0, -2, -2])
        #expect(model.values("threshold") == [3, -2, -2])
        #expect(model.values("impurity") == [0.5, 0, 0])
        #expect(model.values("value") == [0.5, 0.5, 1, 0, 0, 1])
        #expect(try f.predict(model, x) == [0, 0, 1, 1])
        #expect(try f.predict(model, f.array([3, 3.5], 2, 1), .probabilities) == [1, 0, 0, 1])
    }

    @Test func aFullTreeGivesEveryValueBackExactly() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(300), 100, 3)
        let y = f.noise(100, stream: 9).map { $0 * 1e9 + 0.1 }
        let model = try f.fit(regressor, "", x, f.array(y, 100))
        #expect(try f.predict(model, x) == y)
        assertClose([model.values("feature_importances_").reduce(0, +)], [1])
    }

    @Test func aColumnOfDoublesIsNotRounded() throws {
        let f = try Fitting()
        // These differ in float64 alone.
        let x = try f.array([1, 1 + 0x1p-40, 1 + 0x1p-39, 1 + 0x1p-38], 4, 1)
        let model = try f.fit(regressor, "", x, f.array([1, 2, 3, 4], 4))
        #expect(try f.predict(model, x) == [1, 2, 3, 4])
    }

    @Test func neighbouringDoublesAreToldApart() throws {
        let f = try Fitting()
        let x = try f.array([1, (1.0).nextUp, .greatestFiniteMagnitude, -.greatestFiniteMagnitude], 4, 1)
        let model = try f.fit(regressor, "", x, f.array([1, 2, 3, 4], 4))
        #expect(try f.predict(model, x) == [1, 2, 3, 4])
    }

    @Test func missingValuesGoToTheBetterSide() throws {
        let f = try Fitting()
        let x = try f.array([1, 2, 3, 4, .nan, .nan], 6, 1)
        let right = try f.fit(classifier, "max_depth=1", x, f.array([0, 0, 1, 1, 1, 1], 6))
        #expect(try f.predict(right, x) == [0, 0, 1, 1, 1, 1])
        let left = try f.fit(classifier, "max_depth=1", x, f.array([0, 0, 1, 1, 0, 0], 6))
        #expect(try f.predict(left, x) == [0, 0, 1, 1, 0, 0])
        let alone = try f.fit(classifier, "max_depth=1", x, f.array([0, 0, 0, 0, 1, 1], 6))
        #expect(alone.values("threshold")[0] == .infinity)
        #expect(try f.predict(alone, x) == [0, 0, 0, 0, 1, 1])
    }

    @Test func aMissingValueThatTrainingNeverSawGoesToTheLargerSide() throws {
        let f = try Fitting()
        let model = try f.fit(classifier, "", f.array([1, 2, 3, 9], 4, 1), f.array([0, 0, 0, 1], 4))
        #expect(try f.predict(model, f.array([.nan], 1, 1)) == [0])
    }

    @Test func aColumnWithoutAnyValueSplitsNothing() throws {
        let f = try Fitting()
        let x = try f.array([.nan, .nan, .nan, .nan], 4, 1)
        let model = try f.fit(classifier, "", x, f.array([0, 0, 1, 1], 4))
        #expect(integers(model, "children_left") == [-1])
        #expect(try f.predict(model, x, .probabilities) == [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    }

    @Test func constantColumnsAndEqualRowsMakeALeaf() throws {
        let f = try Fitting()
        let model = try f.fit(regressor, "", f.array([5, 5, 5, 5], 4, 1), f.array([1, 2, 3, 4], 4))
        #expect(model.values("value") == [2.5])
        #expect(model.values("feature_importances_") == [0])
    }

    @Test func aWeightOfTwoCountsARowTwiceAndOfZeroNever() throws {
        let f = try Fitting()
        let values = f.noise(40)
        let y = f.noise(20, stream: 3)
        var weights = [Double](repeating: 1, count: 20)
        weights[3] = 2
        weights[7] = 0
        let rows = [0, 1, 2, 3, 3, 4, 5, 6] + Array(8..<20)
        for criterion in ["squared_error", "absolute_error"] {
            let given = "criterion=\(criterion) max_depth=1"
            let weighted = try f.fit(
                regressor, given, f.array(values, 20, 2), f.array(y, 20), weight: f.array(weights, 20))
            let repeated = try f.fit(
                regressor, given, f.array(rows.flatMap { [values[2 * $0], values[2 * $0 + 1]] }, 20, 2),
                f.array(rows.map { y[$0] }, 20))
            #expect(weighted.values("threshold") == repeated.values("threshold"))
            assertClose(weighted.values("value"), repeated.values("value"), ulps: Tolerance.solved)
            #expect(integers(weighted, "n_node_samples")[0] == 19)
        }
    }

    @Test func mediansMinimiseTheAbsoluteError() throws {
        let f = try Fitting()
        let x = f.noise(31)
        let y = f.noise(31, stream: 2)
        let model = try f.fit(regressor, "criterion=absolute_error max_depth=1", f.array(x, 31, 1), f.array(y, 31))
        let order = x.indices.sorted { x[$0] < x[$1] }
        let loss = { (rows: ArraySlice<Int>) -> Double in
            let sorted = rows.map { y[$0] }.sorted()
            let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
            return sorted.map { abs($0 - median) }.reduce(0, +)
        }
        let losses = (1..<31).map { (cut: Int) -> Double in loss(order[..<cut]) + loss(order[cut...]) }
        let cut = 1 + (losses.firstIndex(of: losses.min() ?? 0) ?? 0)
        assertClose([model.values("threshold")[0]], [(x[order[cut - 1]] + x[order[cut]]) / 2])
        assertClose([model.values("impurity")[1]], [loss(order[..<cut]) / Double(cut)], ulps: Tolerance.solved)
    }

    @Test func constraintsKeepPredictionsInOrder() throws {
        let f = try Fitting()
        let x = f.noise(400)
        let noise = f.noise(200, stream: 5)
        let y = (0..<200).map { (row: Int) -> Double in x[2 * row] + 2 * noise[row] }
        for sign in [1, -1] {
            let model = try f.fit(
                regressor, "monotonic_cst=[\(sign),0] min_samples_leaf=3", f.array(x, 200, 2), f.array(y, 200))
            for other in [-0.7, 0.1, 0.8] {
                let steps = (0...50).flatMap { (step: Int) -> [Double] in [Double(step) / 25 - 1, other] }
                let predicted = try f.predict(model, f.array(steps, 51, 2))
                for i in 1..<51 { #expect(Double(sign) * (predicted[i] - predicted[i - 1]) >= 0) }
            }
        }
    }

    @Test func aTreeOfTenThousandLevelsNeedsNoStack() throws {
        let f = try Fitting()
        // Where classes alternate, the best cut takes one row from an end.
        let rows = 10_001
        let x = try f.array((0..<rows).map { Double($0) }, rows, 1)
        let y = (0..<rows).map { Double($0 % 2) }
        let model = try f.fit(classifier, "", x, f.array(y, rows))
        #expect(integers(model, "n_node_samples").filter { $0 > 1 }.count == 10_000)
        #expect(try f.predict(model, x) == y)
        let pruned = try f.fit(classifier, "ccp_alpha=1", x, f.array(y, rows))
        #expect(integers(pruned, "children_left") == [-1])
        #expect(try f.reload(model).bits == model.bits)
    }

    @Test func leavesAreLimitedBestFirst() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(200), 100, 2)
        let y = try f.array(f.noise(100, stream: 2), 100)
        var before = Double.infinity
        for leaves in 2...9 {
            let model = try f.fit(regressor, "max_leaf_nodes=\(leaves)", x, y)
            #expect(integers(model, "children_left").count { $0 < 0 } == leaves)
            let error = zip(try f.predict(model, x), (0..<100).map { y.doubles[$0] }).map { ($0 - $1) * ($0 - $1) }
            let sum = error.reduce(0, +)
            #expect(sum < before)
            before = sum
        }
    }

    @Test(arguments: ["", "max_features=2 random_state=5", "criterion=entropy max_leaf_nodes=40"])
    func theBitsDoNotDependOnTheThreads(parameters: String) throws {
        let fits = try [1, 2, 3, 8].map { threads in
            let f = try Fitting(threads: threads)
            let x = f.noise(60_000)
            let y = (0..<20_000).map { (row: Int) -> Int64 in
                x[3 * row] + x[3 * row + 1] * x[3 * row + 2] > 0.1 ? 1 : 0
            }
            return try f.fit(classifier, parameters, f.array(x, 20_000, 3), f.whole(y)).bits
        }
        for fit in fits { #expect(fit == fits[0]) }
    }

    @Test func aChildBeforeItsParentIsRefused() throws {
        let f = try Fitting()
        let model = try f.fit(classifier, "", f.array([1, 2, 3, 4], 4, 1), f.array([0, 1, 0, 1], 4))
        for (name, value) in [("children_right", Int64(0)), ("children_right", 99), ("feature", 1), ("feature", -1)] {
            var record = try model.record()
            let index = try #require(record.items.firstIndex { $0.name == name })
            guard case .tensor(let tensor) = record.items[index].value else { continue }
            let changed = try Tensor(tensor.dtype, tensor.shape, in: f.context.allocator)
            changed.int64s.update(from: tensor.int64s, count: tensor.count)
            changed.int64s[0] = value
            record.items[index].value = .tensor(changed)
            let entry = try EstimatorCatalog.entry(classifier)
            #expect(code { _ = try entry.load(record, model.parameters, f.context) } == .corrupt)
        }
    }

    @Test func badInputIsNamed() throws {
        let f = try Fitting()
        let x = try f.array([1, 2, 3], 3, 1)
        let y = try f.array([1, -2, 3], 3)
        let said = { (given: String, body: () throws -> Void) in message(body) ?? given }
        #expect(said("") { _ = try f.fit(regressor, "criterion=poisson", x, y) }.contains("must be >= 0, got -2.0 at row 1"))
        #expect(said("") { _ = try f.fit(regressor, "", x, f.array([1, 2, 1e200], 3)) }.contains("1e+200 at row 2"))
        #expect(said("") { _ = try f.fit(classifier, "", x, f.array([4, 4, 4], 3)) }.contains("one class alone"))
        #expect(said("") { _ = try f.fit(classifier, "class_weight={\"7\":2}", x, y) }.contains("names the label 7"))
        #expect(said("") { _ = try f.fit(regressor, "min_samples_leaf=1.5", x, y) }.contains("min_samples_leaf"))
        #expect(said("") { _ = try f.fit(regressor, "max_features=0", x, y) }.contains("max_features"))
        #expect(said("") { _ = try f.fit(regressor, "monotonic_cst=[1,1]", x, y) }.contains("monotonic_cst"))
        #expect(said("") { _ = try f.fit(classifier, "monotonic_cst=[1]", x, y) }.contains("two classes"))
    }
}
