import Core
import Networks
import Testing

/// Gradients of several batches in one update.
struct AccumulationTests {
    private static let layers = [
        ("Dense", "units=24 activation=tanh kernel_regularizer=l2"), ("Dense", "units=3 activation=softmax"),
    ]

    /// 70 rows of three classes.
    private func problem(in context: Context) throws -> (x: Tensor, y: Tensor) {
        (
            try Fixtures.normals([70, 12], seed: 21, in: context),
            try Fixtures.labels([70], classes: 3, seed: 22, in: context)
        )
    }

    private func trainer(_ optimizer: String, _ context: Context) throws -> Trainer {
        try Fixtures.trainer(
            Fixtures.network([12], Self.layers, in: context),
            "loss=sparse_categorical_crossentropy optimizer=\(optimizer)", in: context)
    }

    private func plan(_ epochs: Int, batch: Int) -> FitPlan {
        var plan = FitPlan()
        plan.epochs = epochs
        plan.batchSize = batch
        return plan
    }

    /// Batches of 8 of which 4 make an update are batches of 32, whose last one of 70 rows has 6: 100 updates and more
    /// stay together.
    @Test(arguments: [
        "sgd optimizer.learning_rate=0.1 optimizer.momentum=0.9", "adam optimizer.learning_rate=0.01",
        "sgd optimizer.global_clipnorm=0.1", "rmsprop optimizer.learning_rate=0.001 optimizer.weight_decay=0.01",
    ]) func aFitInPartsIsTheFitOfWholeBatches(_ optimizer: String) throws {
        let context = try Fixtures.context()
        let (x, y) = try problem(in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let data = try Fixtures.dataset(x, y)
        let (whole, parts) = (
            try trainer(optimizer, Fixtures.context()),
            try trainer(optimizer + " optimizer.gradient_accumulation_steps=4", Fixtures.context())
        )
        try whole.fit(data, validation: nil, plan: plan(34, batch: 32), progress: nil, in: context)
        try parts.fit(data, validation: nil, plan: plan(34, batch: 8), progress: nil, in: context)
        #expect(whole.state.iteration == 102 && parts.state.iteration == 102)
        let difference = largestError(parts.weights.array, whole.weights.array)
        // Rounding, amplified by a hundred steps.
        #expect(difference <= 1e-3, "\(difference)")
        #expect(difference > 0)
    }

    /// Batches of 40, 20 and 10 rows weigh by their rows.
    @Test func stepsOfUnequalBatchesMakeTheStepOfAll() throws {
        let context = try Fixtures.context()
        let (x, y) = try problem(in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let whole = try trainer("sgd", Fixtures.context())
        let parts = try trainer("sgd optimizer.gradient_accumulation_steps=3", Fixtures.context())
        for _ in 0..<100 {
            _ = try whole.step(Fixtures.dataset(x, y), in: context)
            for (start, count) in [(0, 40), (40, 20), (60, 10)] {
                let before = parts.weights.array
                let data = try Dataset(
                    inputs: [x.view.rows(start, count)], targets: [y.view.rows(start, count)], sampleWeight: nil)
                _ = try parts.step(data, in: context)
                if start < 60 { #expect(parts.weights.array == before) }
            }
        }
        #expect(whole.state.iteration == 100 && parts.state.iteration == 100)
        #expect(largestError(parts.weights.array, whole.weights.array) <= 1e-4)
    }

    @Test func aScheduleFollowsUpdatesAndNotBatches() throws {
        let context = try Fixtures.context()
        let (x, y) = try problem(in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let trainer = try trainer(
            #"{"class_name": "SGD", "config": {"gradient_accumulation_steps": 2, "learning_rate": {"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [0], "values": [0.5, 0.25]}}}}"#,
            context)
        for rate in [0.5, 0.5, 0.5, 0.25] {
            _ = try trainer.step(Fixtures.dataset(x, y), in: context)
            if trainer.state.iteration > 0 { #expect(trainer.state.learningRate == rate) }
        }
        #expect(trainer.state.iteration == 2)
    }

    @Test func aFailedFitLeavesAWaitingGroup() throws {
        let context = try Fixtures.context()
        let (x, y) = try problem(in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let data = try Fixtures.dataset(x, y)
        func trained(failing: Bool) throws -> [Float] {
            let trainer = try trainer("adam optimizer.gradient_accumulation_steps=2", Fixtures.context())
            _ = try trainer.step(data, in: context)
            if failing {
                var plan = plan(3, batch: 8)
                plan.reportsBatches = true
                #expect(throws: ApusError.self) {
                    try trainer.fit(data, validation: nil, plan: plan, progress: { _ in .abort }, in: context)
                }
            }
            _ = try trainer.step(data, in: context)
            #expect(trainer.state.iteration == 1)
            return trainer.weights.array
        }
        #expect(try trained(failing: true) == trained(failing: false))
    }

    @Test(arguments: ["1", "0", "-2", "1.5", "true"]) func refusesOtherNumbersOfBatches(_ value: String) throws {
        let error = #expect(throws: ApusError.self) {
            try trainer("adam optimizer.gradient_accumulation_steps=\(value)", Fixtures.context())
        }
        #expect(error?.message.contains("gradient_accumulation_steps") == true)
    }
}
