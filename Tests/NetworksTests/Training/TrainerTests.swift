import Core
import Networks
import Testing

struct TrainerTests {
    private static let classifier = [
        ("Dense", "units=24 activation=relu"), ("Dropout", "rate=0.2"), ("Dense", "units=3 activation=softmax"),
    ]
    private static let compiled = "loss=sparse_categorical_crossentropy optimizer=adam optimizer.learning_rate=0.01 metrics=accuracy"

    /// Rows whose class is the largest of three sums of their columns.
    private static func problem(_ rows: Int, in context: Context) throws -> (x: Tensor, y: Tensor) {
        let x = try Fixtures.normals([rows, 12], seed: 21, in: context)
        let y = try Tensor(.int64, Shape(rows), in: context.allocator)
        for row in 0..<rows {
            let sums = (0..<3).map { part in (0..<4).reduce(Float(0)) { $0 + x.floats[row * 12 + part * 4 + $1] } }
            y.int64s[row] = Int64(sums.firstIndex(of: sums.max() ?? 0) ?? 0)
        }
        return (x, y)
    }

    private static func plan(_ epochs: Int, batch: Int = 32) -> FitPlan {
        var plan = FitPlan()
        plan.epochs = epochs
        plan.batchSize = batch
        return plan
    }

    @Test func learnsASeparableProblem() throws {
        let context = try Fixtures.context()
        let (x, y) = try Self.problem(600, in: context)
        let model = try Fixtures.network([12], Self.classifier, in: context)
        let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
        try trainer.fit(Fixtures.dataset(x, y), validation: nil, plan: Self.plan(30), progress: nil, in: context)
        let values = try trainer.evaluate(Fixtures.dataset(x, y), batchSize: 50, in: context)
        #expect(values[1] > 0.95)
        #expect(trainer.state.history.first { $0.name == "loss" }?.values.count == 30)
    }

    @Test func threadsDoNotChangeABit() throws {
        var seen: [[Float]] = []
        for threads in [1, 2, 3, 8] {
            let context = try Fixtures.context(threads: threads, seed: 9)
            let x = try Fixtures.normals([500, 120], seed: 3, in: context)
            let y = try Fixtures.labels([500], classes: 10, seed: 4, in: context)
            let model = try Fixtures.network(
                [120], [("Dense", "units=300 activation=tanh"), ("Dropout", "rate=0.3"), ("Dense", "units=10 activation=softmax")],
                in: context)
            let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
            try trainer.fit(
                Fixtures.dataset(x, y), validation: nil, plan: Self.plan(2, batch: 500), progress: nil, in: context)
            seen.append(model.weights.array)
        }
        for other in seen.dropFirst() { #expect(other == seen[0]) }
    }

    @Test func anAbortTakesEverythingBack() throws {
        let context = try Fixtures.context()
        let (x, y) = try Self.problem(200, in: context)
        let model = try Fixtures.network([12], Self.classifier, in: context)
        let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
        let data = try Fixtures.dataset(x, y)
        try trainer.fit(data, validation: nil, plan: Self.plan(1), progress: nil, in: context)
        let before = (model.weights.array, trainer.weights.array, trainer.slots.map(\.array), trainer.state.iteration)
        #expect(throws: ApusError.self) {
            try trainer.fit(
                data, validation: nil, plan: Self.plan(5), progress: { $0.epoch == 4 ? .abort : .go }, in: context)
        }
        #expect(model.weights.array == before.0)
        #expect(trainer.weights.array == before.1)
        #expect(trainer.slots.map(\.array) == before.2)
        #expect(trainer.state.iteration == before.3 && trainer.state.epoch == 1)
    }

    @Test func aStopInTheMiddleOfAnEpochGoesOnThere() throws {
        func trained(stopping: Bool) throws -> [Float] {
            let context = try Fixtures.context(seed: 5)
            let (x, y) = try Self.problem(200, in: context)
            let model = try Fixtures.network([12], Self.classifier, in: context)
            let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
            let data = try Fixtures.dataset(x, y)
            var plan = Self.plan(3)
            if stopping {
                plan.reportsBatches = true
                try trainer.fit(
                    data, validation: nil, plan: plan, progress: { $0.epoch == 2 && $0.batch == 3 ? .stop : .go },
                    in: context)
                #expect(trainer.state.epoch == 1 && trainer.state.position == 3)
                plan = Self.plan(2)
            }
            try trainer.fit(data, validation: nil, plan: plan, progress: nil, in: context)
            return model.weights.array
        }
        #expect(try trained(stopping: true) == trained(stopping: false))
    }

    @Test func accumulatedPartsEqualTheWholeBatch() throws {
        let context = try Fixtures.context()
        let (x, y) = try Self.problem(64, in: context)
        let layers = [("Dense", "units=24 activation=tanh"), ("Dense", "units=3 activation=softmax")]
        let model = try Fixtures.network([12], layers, in: context)
        let whole = try Fixtures.trainer(model, Self.compiled, in: context)
        let parts = try Fixtures.trainer(model, Self.compiled, in: context)
        for _ in 0..<100 {
            _ = try whole.step(Fixtures.dataset(x, y), in: context)
            for part in 0..<4 {
                let data = try Dataset(
                    inputs: [x.view.rows(part * 16, 16)], targets: [y.view.rows(part * 16, 16)], sampleWeight: nil)
                try parts.runForward(data, training: true, in: context)
                _ = try parts.loss(data, in: context)
                try parts.backward(outputGradients: nil, wantsInputGradients: false, in: context)
            }
            try parts.apply(scale: 0.25, in: context)
        }
        // Rounding, amplified by a hundred steps of Adam.
        #expect(largestError(parts.weights.array, whole.weights.array) <= 1e-3)
    }

    /// A step reads its inputs in place, so that nothing may go on from its pass afterwards.
    @Test func aStepLeavesNoPassBehind() throws {
        let context = try Fixtures.context()
        let (x, y) = try Self.problem(16, in: context)
        let model = try Fixtures.network([12], Self.classifier, in: context)
        let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
        _ = try trainer.step(Fixtures.dataset(x, y), in: context)
        let gradient = try Fixtures.normals([16, 3], seed: 1, in: context)
        #expect(throws: ApusError.self) {
            try trainer.backward(outputGradients: [gradient.view], wantsInputGradients: false, in: context)
        }
        #expect(throws: ApusError.self) { try trainer.output(0) }
    }

    /// Rows read in place (no shuffling), gathered, and of other dtypes train to the same weights.
    @Test func theWayRowsAreLoadedDoesNotMatter() throws {
        var seen: [[Float]] = []
        for form in 0..<3 {
            let context = try Fixtures.context(seed: 2)
            let x = try Tensor(.float32, Shape(100, 6), in: context.allocator)
            for index in 0..<x.count { x.floats[index] = Float(index * 7 % 23) }
            let whole = try Tensor(.int64, Shape(100, 6), in: context.allocator)
            for index in 0..<x.count { whole.int64s[index] = Int64(x.floats[index]) }
            // Every second row of a larger array.
            let wide = try Tensor(.float32, Shape(200, 6), in: context.allocator)
            for row in 0..<100 {
                for column in 0..<6 { wide.floats[row * 12 + column] = x.floats[row * 6 + column] }
            }
            let strided = ArrayView(
                data: wide.view.data, dtype: .float32, shape: Shape(100, 6), strides: Shape(48, 4))
            let y = try Fixtures.labels([100], classes: 3, seed: 5, in: context)
            let model = try Fixtures.network([6], [("Flatten", ""), ("Dense", "units=3 activation=softmax")], in: context)
            let trainer = try Fixtures.trainer(model, "loss=sparse_categorical_crossentropy optimizer=sgd", in: context)
            var plan = Self.plan(3)
            plan.shuffles = false
            let data = try Dataset(
                inputs: [form == 0 ? x.view : form == 1 ? whole.view : strided], targets: [y.view], sampleWeight: nil)
            try trainer.fit(data, validation: nil, plan: plan, progress: nil, in: context)
            withExtendedLifetime((x, whole, wide)) {}
            seen.append(model.weights.array)
        }
        #expect(seen[1] == seen[0] && seen[2] == seen[0])
    }

    @Test func checkpointsGoOnToTheSameBits() throws {
        let context = try Fixtures.context(seed: 6)
        let (x, y) = try Self.problem(200, in: context)
        let data = try Fixtures.dataset(x, y)
        let model = try Fixtures.network([12], Self.classifier, in: context)
        let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
        try trainer.fit(data, validation: nil, plan: Self.plan(5), progress: nil, in: context)
        let record = try trainer.record(in: context)
        try trainer.fit(data, validation: nil, plan: Self.plan(5), progress: nil, in: context)

        let fresh = try Fixtures.context(threads: 2, seed: 999)
        let graph = try KerasConfig.read(record.config, in: fresh)
        let again = try Trainer(record: record, model: NetworkModel(record: record, graph: graph, in: fresh), in: fresh)
        try again.fit(data, validation: nil, plan: Self.plan(5), progress: nil, in: fresh)
        #expect(again.weights.array == trainer.weights.array)
        #expect(again.slots.map(\.array) == trainer.slots.map(\.array))
        #expect(again.state.history.map(\.values) == trainer.state.history.map(\.values))
    }

    @Test func aFrozenLayerKeepsItsWeights() throws {
        let context = try Fixtures.context()
        let (x, y) = try Self.problem(100, in: context)
        let model = try Fixtures.network(
            [12], [("Dense", "units=8 trainable=false name=fixed"), ("Dense", "units=3 activation=softmax")], in: context)
        let before = NetworkModel.view(try model.graph.slot("fixed/kernel"), in: model.weights).floatArray
        let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
        try trainer.fit(Fixtures.dataset(x, y), validation: nil, plan: Self.plan(2), progress: nil, in: context)
        #expect(NetworkModel.view(try model.graph.slot("fixed/kernel"), in: model.weights).floatArray == before)
        #expect(throws: ApusError.self) { try trainer.gradient("fixed/kernel") }
    }

    @Test func divergenceIsAnErrorThatNamesTheLearningRate() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([50, 4], seed: 1, in: context)
        let y = try Fixtures.normals([50, 1], seed: 2, in: context)
        let model = try Fixtures.network([4], [("Dense", "units=1")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd optimizer.learning_rate=1e6", in: context)
        let before = model.weights.array
        do throws(ApusError) {
            try trainer.fit(Fixtures.dataset(x, y), validation: nil, plan: Self.plan(50), progress: nil, in: context)
            Issue.record("a learning rate of a million converged")
        } catch {
            #expect(error.code == .notConverged && error.message.contains("learning rate"))
        }
        #expect(model.weights.array == before)
    }

    @Test func badTargetsAreNamed() throws {
        let context = try Fixtures.context()
        let (x, y) = try Self.problem(20, in: context)
        let model = try Fixtures.network([12], Self.classifier, in: context)
        let trainer = try Fixtures.trainer(model, Self.compiled, in: context)
        y.int64s[7] = 3
        do throws(ApusError) {
            try trainer.fit(Fixtures.dataset(x, y), validation: nil, plan: Self.plan(1), progress: nil, in: context)
            Issue.record("label 3 of 3 classes was taken")
        } catch {
            #expect(error.message.contains("row 7 has 3"), "\(error.message)")
        }
        x.floats[5 * 12 + 2] = .nan
        y.int64s[7] = 2
        do throws(ApusError) {
            try trainer.fit(Fixtures.dataset(x, y), validation: nil, plan: Self.plan(1), progress: nil, in: context)
            Issue.record("NaN was taken")
        } catch {
            #expect(error.message.contains("row 5"), "\(error.message)")
        }
    }

    /// The model gets the average, training goes on from the weights.
    @Test func aFitEndsInTheAverageOfTheWeights() throws {
        func trained(_ averaging: String, fits: Int) throws -> (model: [Float], working: [Float], loss: [Double]) {
            let context = try Fixtures.context(seed: 5)
            let (x, y) = try Self.problem(200, in: context)
            defer { withExtendedLifetime((x, y)) {} }
            let model = try Fixtures.network([12], Self.classifier, in: context)
            let trainer = try Fixtures.trainer(
                model, "loss=sparse_categorical_crossentropy optimizer=adam \(averaging)", in: context)
            let data = try Fixtures.dataset(x, y)
            for _ in 0..<fits {
                try trainer.fit(data, validation: nil, plan: Self.plan(1, batch: 20), progress: nil, in: context)
            }
            let loss = try trainer.evaluate(data, batchSize: 50, in: context)
            // The same as that of the model's weights on a trainer of their own.
            let other = try Fixtures.trainer(model, "loss=sparse_categorical_crossentropy optimizer=sgd", in: context)
            #expect(try other.evaluate(data, batchSize: 50, in: context) == loss)
            return (model.weights.array, trainer.weights.array, loss)
        }
        let plain = try trained("", fits: 2)
        let averaged = try trained("optimizer.use_ema=true optimizer.ema_momentum=0.9", fits: 2)
        #expect(averaged.working == plain.working && plain.model == plain.working)
        #expect(averaged.model != averaged.working && averaged.loss != plain.loss)
        // With a momentum of 0 the average is the weights.
        let same = try trained("optimizer.use_ema=true optimizer.ema_momentum=0", fits: 2)
        #expect(largestError(same.model, plain.model) <= 1e-6)
    }
}
