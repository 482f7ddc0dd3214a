import Core
import Learning
import Testing

/// What holds for every kind of the catalog.
struct EstimatorLawTests {
    static let kinds = EstimatorCatalog.entries.map(\.kind)

    /// Kinds that take NaN as a missing value.
    private static let takesMissing: Set = [
        "adaboost_classifier", "adaboost_regressor", "decision_tree_classifier", "decision_tree_regressor",
        "extra_trees_classifier", "extra_trees_regressor", "hist_gradient_boosting_classifier", "hist_gradient_boosting_regressor", "random_forest_classifier",
        "random_forest_regressor",
    ]

    private static func parameters(_ kind: String) -> String {
        switch kind {
        case "pipeline": "steps=[[\"s\",\"min_max_scaler\"],[\"m\",\"logistic_regression\"]]"
        case "hist_gradient_boosting_classifier", "hist_gradient_boosting_regressor":
            "max_iter=3 min_samples_leaf=2 random_state=1"
        case "adaboost_classifier", "adaboost_regressor", "extra_trees_classifier", "extra_trees_regressor", "random_forest_classifier", "random_forest_regressor":
            "n_estimators=3 random_state=1"
        default: ""
        }
    }

    private func model(_ f: Fitting, _ kind: String, names: [String]? = nil) throws -> (any FittedModel, Tensor) {
        let x = try f.array(f.noise(36), 12, 3)
        let y = try f.whole([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 2, 2])
        return (try f.fit(kind, Self.parameters(kind), x, y, names: names), x)
    }

    /// Values that a constraint must refuse.
    private static func invalid(_ constraint: Constraint) -> [JSON] {
        switch constraint {
        case .boolean: return ["perhaps", 2, .null]
        case .integer(let range):
            var values: [JSON] = [1.5, "many", .null, .number(.nan)]
            if range.lowerBound > Int.min { values.append(.integer(range.lowerBound - 1)) }
            if range.upperBound < Int.max { values.append(.integer(range.upperBound + 1)) }
            return values
        case .real(let from, let to, let open):
            var values: [JSON] = ["much", .null, .number(.nan), .number(.infinity), .array([])]
            if from.isFinite { values.append(.number(open ? from : from.nextDown)) }
            if to.isFinite { values.append(.number(open ? to : to.nextUp)) }
            return values
        case .choice: return ["another", 1, .null]
        case .text: return [1, .null, .array([])]
        case .interval: return ["much", .null, [1], [0, "a"]]
        case .integers: return [1, ["a"], [1.5]]
        case .numbers: return ["much", .null, .array([]), ["a"], [.number(.nan)], [.null], .number(.infinity)]
        case .any: return [-1.5, "text", .array([]), [1]]
        case .object: return [1]
        case .nullable(let inner): return invalid(inner).filter { !$0.isNull }
        }
    }

    @Test(arguments: kinds)
    func everyInvalidParameterIsRefusedByName(kind: String) throws {
        let f = try Fitting()
        let entry = try EstimatorCatalog.entry(kind)
        let x = try f.array([1, 2, 3], 3, 1)
        let y = try f.whole([0, 1, 0])
        for spec in entry.parameters {
            for value in Self.invalid(spec.constraint) {
                let said = message {
                    let parameters = try Parameters(
                        kind: kind, specs: entry.parameters, given: [(key: spec.name, value: value)])
                    _ = try entry.fit(
                        FitInput(
                            context: f.context, parameters: parameters, x: x.view, y: y.view, sampleWeight: nil,
                            featureNames: nil, progress: nil))
                    withExtendedLifetime((x, y)) {}
                }
                #expect(
                    said?.hasPrefix("The \(spec.name) of \(kind) must be ") == true,
                    "\(spec.name)=\(value.text): \(said ?? "no error")")
            }
        }
    }

    @Test(arguments: kinds)
    func everyParameterHasADocAndAnAdmissibleDefault(kind: String) throws {
        for spec in try EstimatorCatalog.entry(kind).parameters {
            #expect(spec.doc.count > 10)
            if let standard = spec.standard { #expect(spec.constraint.admits(standard), "\(spec.name)") }
        }
    }

    @Test(arguments: kinds)
    func aRecordBringsBackTheSameModel(kind: String) throws {
        let f = try Fitting()
        let (fitted, x) = try model(f, kind, names: ["a", "b", "c"])
        let back = try f.reload(fitted)
        #expect(back.bits == fitted.bits)
        #expect(back.features == 3 && back.featureNames == ["a", "b", "c"])
        for what in [Prediction.predict, .probabilities, .decision, .inverseTransform] {
            guard let shape = try? fitted.outputShape(what, rows: 12), shape.dtype == .float64 else { continue }
            #expect(try f.predict(back, x, what) == f.predict(fitted, x, what))
        }
    }

    @Test(arguments: kinds)
    func oneRowGivesTheBitsOfThatRowAmongOthers(kind: String) throws {
        let f = try Fitting(threads: 2)
        let (fitted, x) = try model(f, kind)
        for what in [Prediction.predict, .probabilities, .decision, .inverseTransform] {
            guard let shape = try? fitted.outputShape(what, rows: 12), shape.dtype == .float64 else { continue }
            let all = try f.predict(fitted, x, what)
            let width = all.count / 12
            for row in 0..<12 {
                let one = try f.array((0..<3).map { x.doubles[3 * row + $0] }, 1, 3)
                #expect(try f.predict(fitted, one, what) == Array(all[row * width..<(row + 1) * width]))
            }
        }
    }

    @Test(arguments: kinds)
    func valuesThatAreNotFiniteAreFoundInTrainingAndPrediction(kind: String) throws {
        let f = try Fitting()
        let (fitted, _) = try model(f, kind)
        for (value, name) in [(Double.nan, "NaN"), (.infinity, "infinity"), (-.infinity, "-infinity")] {
            if value.isNaN, Self.takesMissing.contains(kind) { continue }
            var values = f.noise(36)
            values[3 * 7 + 2] = value
            let x = try f.array(values, 12, 3)
            let place = "x holds \(name) at row 7, column 2 (counted from 0)"
            let training = message {
                _ = try f.fit(kind, Self.parameters(kind), x, try f.whole([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]))
            }
            #expect(training?.contains(place) == true, "\(training ?? "no error")")
            let shape = try fitted.outputShape(.predict, rows: 12)
            let out = try Tensor(shape.dtype, shape.shape, in: f.context.allocator)
            let predicting = message { try fitted.predict(.predict, x.view, into: out.view, in: f.context) }
            #expect(predicting?.contains(place) == true, "\(predicting ?? "no error")")
        }
    }

    @Test(arguments: kinds)
    func shapesThatDoNotFitAreRefused(kind: String) throws {
        let f = try Fitting()
        let (fitted, x) = try model(f, kind)
        let y = try f.whole([Int64](repeating: 0, count: 12))
        let given = Self.parameters(kind)
        #expect(code { _ = try f.fit(kind, given, try f.array(f.noise(12), 12), y) } == .shape)
        #expect(code { _ = try f.fit(kind, given, try f.array([], 0, 3), try f.whole([])) } == .shape)
        #expect(code { _ = try f.fit(kind, given, try f.array([], 12, 0), y) } == .shape)
        #expect(code { _ = try f.fit(kind, given, x, y, names: ["a"]) } == .shape)
        let wide = try f.array(f.noise(48), 12, 4)
        let narrowOut = try Tensor(.float64, Shape(11), in: f.context.allocator)
        #expect(code { try fitted.predict(.predict, wide.view, into: narrowOut.view, in: f.context) } == .shape)
        #expect(code { try fitted.predict(.predict, x.view, into: narrowOut.view, in: f.context) } == .shape)
        if try EstimatorCatalog.entry(kind).type == "transformer" { return }
        #expect(code { _ = try f.fit(kind, given, x) } == .invalidArgument)
        #expect(code { _ = try f.fit(kind, given, x, try f.whole([0, 1])) } == .shape)
        let ones = [Double](repeating: 1, count: 11)
        let labels = try f.whole([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1])
        for weight in [[Double](repeating: 0, count: 12), [-1] + ones, [.nan] + ones] {
            let said = message { _ = try f.fit(kind, given, x, labels, weight: try f.array(weight, 12)) }
            #expect(said?.contains("sample_weight") == true)
        }
    }

    @Test(arguments: kinds)
    func everyLayoutAndTypeGivesTheSameModel(kind: String) throws {
        let f = try Fitting()
        let values = f.noise(36).map { ($0 * 64).rounded() }
        let y = try f.whole([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 2, 2])
        let x = try f.array(values, 12, 3)
        f.context.reseed(7)
        let plain = try f.fit(kind, Self.parameters(kind), x, y)
        // Column-major, and every second element of a longer row.
        let turned = try f.array((0..<36).map { values[($0 % 12) * 3 + $0 / 12] }, 3, 12)
        let gaps = try f.array(values.flatMap { [$0, .nan] }, 12, 6)
        let views = [
            ArrayView(data: turned.view.data, dtype: .float64, shape: Shape(12, 3), strides: Shape(8, 96)),
            ArrayView(data: gaps.view.data, dtype: .float64, shape: Shape(12, 3), strides: Shape(48, 16)),
        ]
        let single = try Tensor(.float32, Shape(12, 3), in: f.context.allocator)
        let whole = try Tensor(.int64, Shape(12, 3), in: f.context.allocator)
        for i in 0..<36 {
            single.floats[i] = Float(values[i])
            whole.int64s[i] = Int64(values[i])
        }
        let entry = try EstimatorCatalog.entry(kind)
        for view in views + [single.view, whole.view] {
            // Kinds that draw random numbers draw the same again.
            f.context.reseed(7)
            let other = try entry.fit(
                FitInput(
                    context: f.context, parameters: plain.parameters, x: view, y: y.view, sampleWeight: nil,
                    featureNames: nil, progress: nil))
            #expect(other.bits == plain.bits)
            let shape = try plain.outputShape(.predict, rows: 12)
            let out = try Tensor(shape.dtype, shape.shape, in: f.context.allocator)
            let same = try Tensor(shape.dtype, shape.shape, in: f.context.allocator)
            try plain.predict(.predict, view, into: out.view, in: f.context)
            try plain.predict(.predict, x.view, into: same.view, in: f.context)
            let equal = out.bytes.array == same.bytes.array
            #expect(equal)
        }
        withExtendedLifetime((x, y, turned, gaps, single, whole)) {}
    }

    @Test(arguments: kinds)
    func runningOutOfMemoryLosesNothing(kind: String) throws {
        // The data stay; the limit grows until the fit succeeds.
        let f = try Fitting(limit: 1 << 20)
        var held: [Buffer<UInt8>] = []
        let (fitted, _) = try model(f, kind)
        let before = fitted.bits
        var failures = 0
        var hungry = (1 << 20) - f.context.allocator.bytesInUse
        while hungry > 0 {
            held = []
            let free = (1 << 20) - f.context.allocator.bytesInUse
            hungry = min(hungry, free)
            held.append(try Buffer(max(hungry, 0), in: f.context.allocator))
            let inUse = f.context.allocator.bytesInUse
            do {
                _ = try model(f, kind)
                break
            } catch let error as ApusError {
                #expect(error.code == .limit)
                failures += 1
            }
            #expect(f.context.allocator.bytesInUse == inUse)
            hungry -= 61
        }
        #expect(failures > 5)
        #expect(fitted.bits == before)
    }

    @Test(arguments: kinds)
    func hostileRecordsAreRefused(kind: String) throws {
        let f = try Fitting()
        let (fitted, _) = try model(f, kind)
        let entry = try EstimatorCatalog.entry(kind)
        let record = try fitted.record()
        let junk: [Record.Value] = [
            .integer(-1), .integer(Int.max), .real(.nan), .text(""), .texts([]), .json(.null),
            .tensor(try Tensor(.float64, Shape(0), in: f.context.allocator)),
            .tensor(try f.array([.nan, .infinity, -1], 3)), .tensor(try f.array([1, 2, 3, 4], 4)),
            .tensor(try Tensor(.int64, Shape(0, 3), in: f.context.allocator)), .record(Record(kind: "pipeline")),
        ]
        for index in record.items.indices {
            var without = record
            without.items.remove(at: index)
            // Some items may be absent; none may trap.
            let missing = code { _ = try entry.load(without, fitted.parameters, f.context) }
            #expect(missing == nil || missing == .corrupt)
            for value in junk {
                var wrong = record
                wrong.items[index].value = value
                let said = code { _ = try entry.load(wrong, fitted.parameters, f.context) }
                #expect(said == nil || said == .corrupt, "\(record.items[index].name)")
            }
        }
        #expect(code { _ = try entry.load(Record(kind: kind), fitted.parameters, f.context) } == .corrupt)
    }
}
