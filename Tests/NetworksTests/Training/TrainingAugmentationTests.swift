import Core
import Networks
import Testing

/// Augmentation of a dataset's images while a network trains on them.
struct TrainingAugmentationTests {
    private struct Setting {
        let context: Context
        let x: Tensor
        let y: Tensor
        let data: Dataset

        init(_ steps: String?, threads: Int = 1) throws {
            context = try Context(threads: threads, seed: 5)
            x = try Fixtures.normals([50, 6, 6, 2], seed: 2, in: context)
            y = try Tensor(.float32, Shape(50, 3), in: context.allocator)
            for index in 0..<150 { y.floats[index] = index / 3 % 3 == index % 3 ? 1 : 0 }
            data = try Dataset(inputs: [x.view], targets: [y.view], sampleWeight: nil)
            if let steps { try data.setAugmentation(Augmenter(steps), input: 0) }
        }

        func trainer(loss: String = "categorical_crossentropy") throws -> Trainer {
            let model = try Fixtures.network(
                [6, 6, 2], [("Flatten", ""), ("Dense", "units=3 activation=softmax")], in: context)
            return try Fixtures.trainer(
                model, "loss=\(loss) optimizer=SGD optimizer.learning_rate=0.1", in: context)
        }

        func fit(_ trainer: Trainer, epochs: Int, stopAfter batches: Int? = nil) throws {
            var plan = FitPlan()
            plan.epochs = epochs
            plan.batchSize = 8
            plan.reportsBatches = batches != nil
            var seen = 0
            let sink: ProgressSink? = batches.map { limit in
                { _ in
                    seen += 1
                    return seen >= limit ? .stop : .go
                }
            }
            try trainer.fit(data, validation: nil, plan: plan, progress: sink, in: context)
        }
    }

    private static let steps =
        "random_flip; random_rotation factor=0.1; random_translation height_factor=0.2 width_factor=0.2"

    private func weights(_ steps: String?, threads: Int = 1) throws -> [Float] {
        let setting = try Setting(steps, threads: threads)
        let trainer = try setting.trainer()
        try setting.fit(trainer, epochs: 3)
        return trainer.weights.array
    }

    @Test func augmentedImagesTrainOtherWeights() throws {
        let plain = try weights(nil)
        #expect(try weights(Self.steps) != plain)
        // Steps that change nothing leave the same bits.
        #expect(try weights("random_rotation factor=0") == plain)
        #expect(try weights("mix_up alpha=0") == plain)
        #expect(try weights("mix_up alpha=0.4; cut_mix") != plain)
    }

    @Test(arguments: [steps, steps + "; mix_up; cut_mix"])
    func threadsDoNotChangeABit(steps: String) throws {
        let expected = try weights(steps)
        for threads in [2, 3, 8] { #expect(try weights(steps, threads: threads) == expected) }
    }

    @Test func aStoppedFitGoesOnToTheSameBits() throws {
        let steps = Self.steps + "; mix_up"
        let expected = try weights(steps)
        let setting = try Setting(steps)
        let trainer = try setting.trainer()
        try setting.fit(trainer, epochs: 3, stopAfter: 10)
        let record = try trainer.record(in: setting.context)
        let copy = try NetworkModel(record: record, graph: trainer.model.graph, in: setting.context)
        let again = try Trainer(record: record, model: copy, in: setting.context)
        #expect(again.state.epoch == 1 && again.state.position > 0)
        try setting.fit(again, epochs: 2)
        #expect(again.weights.array == expected)
    }

    @Test func evaluationsSeeTheDataAsTheyAre() throws {
        let (plain, augmented) = (try Setting(nil), try Setting(Self.steps + "; mix_up"))
        let expected = try plain.trainer().evaluate(plain.data, batchSize: 8, in: plain.context)
        let found = try augmented.trainer().evaluate(augmented.data, batchSize: 8, in: augmented.context)
        #expect(found == expected)
        // A mixed batch before does not leave its targets to the next evaluation.
        let trainer = try augmented.trainer()
        try augmented.fit(trainer, epochs: 1)
        let after = try trainer.evaluate(augmented.data, batchSize: 8, in: augmented.context)
        try augmented.data.setAugmentation(nil, input: 0)
        #expect(try trainer.evaluate(augmented.data, batchSize: 8, in: augmented.context) == after)
    }

    @Test func theCallersArraysStay() throws {
        let setting = try Setting(Self.steps + "; mix_up alpha=1")
        let (x, y) = (setting.x.floatArray, setting.y.floatArray)
        let trainer = try setting.trainer()
        var plan = FitPlan()
        plan.shuffles = false
        plan.batchSize = 8
        try trainer.fit(setting.data, validation: nil, plan: plan, progress: nil, in: setting.context)
        #expect(setting.x.floatArray == x && setting.y.floatArray == y)
    }

    @Test func whatCannotBeIsRefused() throws {
        let setting = try Setting(nil)
        for (steps, word) in [
            ("random_crop height=3 width=3", "keep"), ("random_crop height=9 width=3", "larger"),
            ("pca_color_noise", "fit"), ("color_jitter hue=0.1", "3 channels"),
        ] {
            do {
                try setting.data.setAugmentation(Augmenter(steps), input: 0)
                Issue.record("\(steps) is taken")
            } catch { #expect(error.message.contains(word) || error.message.contains("kept")) }
        }
        for input in [-1, 1, Int.min, Int.max] {
            #expect(throws: ApusError.self) { try setting.data.setAugmentation(Augmenter("random_flip"), input: input) }
        }
        // A fit that mixes class numbers fails and leaves the trainer usable.
        let labels = try Fixtures.labels([50], classes: 3, seed: 1, in: setting.context)
        let data = try Dataset(inputs: [setting.x.view], targets: [labels.view], sampleWeight: nil)
        try data.setAugmentation(Augmenter("mix_up"), input: 0)
        let trainer = try setting.trainer(loss: "sparse_categorical_crossentropy")
        do {
            try trainer.fit(data, validation: nil, plan: FitPlan(), progress: nil, in: setting.context)
            Issue.record("class numbers were mixed")
        } catch { #expect(error.message.contains("class numbers")) }
        try data.setAugmentation(Augmenter(Self.steps), input: 0)
        try trainer.fit(data, validation: nil, plan: FitPlan(), progress: nil, in: setting.context)
        // A value that is not finite is named with its row.
        setting.x.floats[72 * 7] = .nan
        do {
            try trainer.fit(data, validation: nil, plan: FitPlan(), progress: nil, in: setting.context)
            Issue.record("a NaN was trained on")
        } catch { #expect(error.message.contains("inputs[0] must be finite; row 7 holds nan")) }
        withExtendedLifetime((labels, setting)) {}
    }
}
