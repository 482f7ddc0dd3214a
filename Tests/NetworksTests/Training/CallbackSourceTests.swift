import Core
import Networks
import Testing

/// Rows that a function fills in.
struct CallbackSourceTests {
    private func view(_ shape: [Int], _ dtype: DType = .float32) -> ArrayView {
        ArrayView(data: UnsafeMutableRawPointer(bitPattern: 64)!, dtype: dtype, shape: Shape(shape))
    }

    /// Class numbers, all 0 but that of `wrong`, and weights, all 1 but that of `negative`.
    private func source(
        _ length: CallbackSource.Length, wrong: Int = -1, negative: Int = -1
    ) throws -> CallbackSource {
        try CallbackSource(
            inputs: [view([2])], targets: [view([], .int64)], sampleWeights: [view([])], length: length,
            takesAnyRows: false
        ) { request, _ in
            for row in 0..<request.rows {
                let x = request.inputs[0].row(row).assumingMemoryBound(to: Float.self)
                (x[0], x[1]) = (Float(request.row + row), 1)
                request.targets[0].row(row).storeBytes(of: request.row + row == wrong ? 9 : 0, as: Int64.self)
                request.sampleWeights[0].row(row).storeBytes(of: request.row + row == negative ? -1 : 1, as: Float.self)
            }
            return request.rows
        }
    }

    private func trainer(_ context: Context) throws -> Trainer {
        try Fixtures.trainer(
            Fixtures.network([2], [("Dense", "units=3 activation=softmax")], in: context),
            "loss=sparse_categorical_crossentropy optimizer=sgd", in: context)
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch { return (error as? ApusError)?.message ?? "another error" }
    }

    @Test func errorsNameTheRowOfTheEpoch() throws {
        let context = try Fixtures.context()
        let trainer = try trainer(context)
        var plan = FitPlan()
        plan.batchSize = 8
        let labels = message {
            try trainer.fit(source(.rows(50), wrong: 37), validation: nil, plan: plan, progress: nil, in: context)
        }
        #expect(labels == "targets[0] must hold class numbers 0 to 2 for 3 outputs; row 37 has 9.")
        let weights = message {
            try trainer.fit(source(.batches(7), negative: 21), validation: nil, plan: plan, progress: nil, in: context)
        }
        #expect(
            weights == "batch 3 of epoch 1: sample_weight must be >= 0 and finite as float32, row 21 has -1.0.")
        try trainer.fit(source(.rows(50)), validation: source(.rows(9)), plan: plan, progress: nil, in: context)
    }

    /// An end that was not known comes after a stop at the last batch: the next fit ends that epoch and goes on.
    @Test func aStopAfterTheLastBatchOfAnUnknownEpochIsNoEpochTwice() throws {
        let context = try Fixtures.context()
        let trainer = try trainer(context)
        var batches: [[Int]] = []
        let source = try CallbackSource(
            inputs: [view([2])], targets: [view([], .int64)], sampleWeights: [], length: .unknown, takesAnyRows: false
        ) { request, _ in
            if request.beginsEpoch { return 0 }
            if request.batch == 3 { return 0 }
            batches.append([request.epoch, request.batch])
            for row in 0..<request.rows {
                request.inputs[0].row(row).storeBytes(of: 0, as: Int64.self)
                request.targets[0].row(row).storeBytes(of: 1, as: Int64.self)
            }
            return request.rows
        }
        var plan = FitPlan()
        plan.reportsBatches = true
        try trainer.fit(
            source, validation: nil, plan: plan, progress: { $0.batch == 3 ? .stop : .go }, in: context)
        #expect(trainer.state.epoch == 0 && trainer.state.position == 3)
        plan.epochs = 2
        try trainer.fit(source, validation: nil, plan: plan, progress: nil, in: context)
        #expect(trainer.state.epoch == 2 && trainer.state.position == 0)
        #expect(batches == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]])
    }
}
