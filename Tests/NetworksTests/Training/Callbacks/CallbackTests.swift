import Core
import Glibc
import Networks
import Testing

/// What looks on during a fit. The network is y = w x from w = 1 with one row, x = 1, and target 0, so that the loss of
/// an epoch is w^2 and w falls by the factor 1 - 2 rate.
struct CallbackTests {
    private func fit(
        _ callbacks: String, epochs: Int = 8, optimizer: String = "sgd optimizer.learning_rate=0.25",
        target: Float = 0, validation: Float? = nil, save: FitPlan.Save? = nil, in context: Context
    ) throws -> Trainer {
        let layer = ("Dense", "units=1 use_bias=false kernel_initializer=ones")
        let model = try Fixtures.network([1], [layer], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse metrics=mae optimizer=\(optimizer)", in: context)
        try again(
            trainer, callbacks, epochs: epochs, target: target, validation: validation, save: save, in: context)
        return trainer
    }

    private func again(
        _ trainer: Trainer, _ callbacks: String, epochs: Int, target: Float = 0, validation: Float? = nil,
        save: FitPlan.Save? = nil, in context: Context
    ) throws {
        let (x, y) = (try Fixtures.tensor([1], [1, 1], in: context), try Fixtures.tensor([target], [1, 1], in: context))
        let other = try Fixtures.tensor([validation ?? 0], [1, 1], in: context)
        defer { withExtendedLifetime((x, y, other)) {} }
        var plan = FitPlan()
        plan.epochs = epochs
        plan.callbacks = callbacks
        plan.save = save
        let held = validation == nil ? nil : try Fixtures.dataset(x, other)
        try trainer.fit(Fixtures.dataset(x, y), validation: held, plan: plan, progress: nil, in: context)
    }

    private func history(_ trainer: Trainer, _ name: String = "loss") -> [Double] {
        trainer.state.history.first { $0.name == name }?.values ?? []
    }

    private func weight(_ trainer: Trainer) throws -> Float { try trainer.weight("dense/kernel").floatArray[0] }

    // MARK: Early stopping

    /// w goes 1, 1/2, 1/4, 1/8 ..., so (w - 1/4)^2 after each epoch is 1/16, 0, 1/64, ...: the second is the best.
    @Test func stopsWhenTheMeasureNoLongerImproves() throws {
        let context = try Fixtures.context()
        let trainer = try fit(
            "early_stopping=val_loss early_stopping.patience=3", validation: 0.25, in: context)
        #expect(history(trainer, "val_loss").count == 5)
        let last = try weight(trainer)
        #expect(last == 0.03125 && trainer.model.weights.array[0] == last)
    }

    @Test func restoresTheBestWeights() throws {
        let context = try Fixtures.context()
        let trainer = try fit(
            "early_stopping=val_loss early_stopping.patience=3 early_stopping.restore_best_weights=true",
            validation: 0.25, in: context)
        #expect(history(trainer, "val_loss").count == 5)
        let best = try weight(trainer)
        #expect(best == 0.25 && trainer.model.weights.array[0] == best)
        // As in Keras, also where the epochs ended it; and the next fit counts anew.
        let all = try fit(
            #"{"early_stopping": {"patience": 9, "restore_best_weights": true}}"#, validation: 0.25, in: context)
        #expect(history(all).count == 8)
        #expect(try weight(all) == 0.25)
        try again(all, "early_stopping=true", epochs: 5, validation: 0, in: context)
        #expect(history(all).count == 13)
    }

    @Test func smallChangesAreNone() throws {
        let context = try Fixtures.context()
        // Losses 1, 1/4, 1/16, 1/64: the last change is 3/64.
        let trainer = try fit(
            "early_stopping=loss early_stopping.min_delta=0.1 early_stopping.patience=1", in: context)
        let losses: [Double] = [1, 0.25, 0.0625, 0.015625]
        #expect(history(trainer) == losses)
    }

    @Test func aBaselineMustBeReached() throws {
        let context = try Fixtures.context()
        // Each epoch improves on the best, so that only a step that does not ends the fit: as in Keras.
        let trainer = try fit(
            "early_stopping=val_loss early_stopping.patience=2 early_stopping.baseline=-1", validation: 0.25, in: context)
        #expect(history(trainer).count == 3)
    }

    @Test func firstEpochsMayBeLeftOut() throws {
        let context = try Fixtures.context()
        let trainer = try fit(
            "early_stopping=loss early_stopping.mode=max early_stopping.start_from_epoch=3", in: context)
        // The fourth is the first that counts, the fifth is worse.
        #expect(history(trainer).count == 5)
    }

    @Test func aMeasureMustBeThere() throws {
        let context = try Fixtures.context()
        for text in ["early_stopping=true", "model_checkpoint=a model_checkpoint.save_best_only=true"] {
            let error = #expect(throws: ApusError.self) { try fit(text, in: context) }
            #expect(error?.message.contains("loss, mae") == true)
        }
        let rising = try fit("reduce_lr_on_plateau=loss early_stopping=learning_rate early_stopping.mode=min", in: context)
        #expect(history(rising).count == 2)
        let error = #expect(throws: ApusError.self) {
            try fit("reduce_lr_on_plateau=loss early_stopping=learning_rate", in: context)
        }
        #expect(error?.message.contains("min or max") == true)
    }

    // MARK: Learning rates

    @Test func lowersTheRateOnAPlateau() throws {
        let context = try Fixtures.context()
        // mode=max: the loss falls, so that nothing improves after the first epoch.
        let trainer = try fit(
            "reduce_lr_on_plateau=loss reduce_lr_on_plateau.mode=max reduce_lr_on_plateau.factor=0.5 "
                + "reduce_lr_on_plateau.patience=2 reduce_lr_on_plateau.cooldown=1 reduce_lr_on_plateau.min_lr=0.1",
            epochs: 9, in: context)
        let least = Double(Float(0.1))
        let rates: [Double] = [0.25, 0.25, 0.25, 0.125, 0.125, least, least, least, least]
        #expect(history(trainer, "learning_rate") == rates)
    }

    @Test func aScheduleOfEpochsGoesOnFromFitToFit() throws {
        let context = try Fixtures.context()
        let text =
            #"{"learning_rate_scheduler": {"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [1, 2], "values": [0.5, 0.25, 0.125]}}}"#
        let trainer = try fit(text, epochs: 2, in: context)
        try again(trainer, text, epochs: 2, in: context)
        #expect(history(trainer, "learning_rate") == [0.5, 0.5, 0.25, 0.125])
        let dotted = try fit(
            "learning_rate_scheduler=InverseTimeDecay learning_rate_scheduler.initial_learning_rate=0.5 "
                + "learning_rate_scheduler.decay_steps=1 learning_rate_scheduler.decay_rate=1", epochs: 2, in: context)
        #expect(history(dotted, "learning_rate") == [0.5, 0.25])
    }

    @Test(arguments: [
        "reduce_lr_on_plateau=loss",
        #"{"learning_rate_scheduler": {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 3}}}"#,
    ]) func aScheduleOfUpdatesExcludesOthers(_ text: String) throws {
        let context = try Fixtures.context()
        let error = #expect(throws: ApusError.self) {
            try fit(
                text,
                optimizer:
                    #"{"class_name":"SGD","config":{"learning_rate":{"class_name":"InverseTimeDecay","config":{"initial_learning_rate":0.1,"decay_steps":1,"decay_rate":1}}}}"#,
                in: context)
        }
        #expect(error?.message.contains("schedule") == true)
    }

    // MARK: Divergence

    /// With rate 1e10 the loss overflows after a few epochs.
    @Test func divergenceIsAnErrorOrAnEnd() throws {
        let context = try Fixtures.context()
        let diverging = "sgd optimizer.learning_rate=1e10"
        let error = #expect(throws: ApusError.self) { try fit("", optimizer: diverging, in: context) }
        #expect(error?.code == .notConverged)
        let trainer = try fit("terminate_on_nan=true", optimizer: diverging, in: context)
        let epochs = history(trainer).count
        #expect(epochs >= 1 && epochs < 8)
        #expect(history(trainer).allSatisfy { $0.isFinite })
        let (published, working) = (trainer.model.weights.array[0], trainer.weights.array[0])
        #expect(published.bitPattern == working.bitPattern)
        // The trainer stays usable.
        let one = try Fixtures.tensor([1], [1, 1], in: context)
        defer { withExtendedLifetime(one) {} }
        try trainer.set("dense/kernel", to: one.view)
        try trainer.setLearningRate(0.25)
        try again(trainer, "terminate_on_nan=true", epochs: 1, in: context)
        #expect(try weight(trainer) == 0.5)
    }

    @Test func badDataStayAnError() throws {
        let context = try Fixtures.context()
        let error = #expect(throws: ApusError.self) { try fit("terminate_on_nan=true", target: .nan, in: context) }
        #expect(error?.message.contains("targets[0] must be finite") == true)
    }

    // MARK: Files

    @Test func savesTheBestOrAll() throws {
        let context = try Fixtures.context()
        var saved: [(String, Int)] = []
        let save: FitPlan.Save = { (trainer, path) throws(ApusError) in saved.append((path, trainer.state.epoch)) }
        _ = try fit("model_checkpoint=a{epoch}-{x}{epoch}.h5", epochs: 2, save: save, in: context)
        #expect(saved.map(\.0) == ["a1-{x}1.h5", "a2-{x}2.h5"])
        saved = []
        _ = try fit(
            "model_checkpoint=best model_checkpoint.save_best_only=true", validation: 0.25, save: save, in: context)
        #expect(saved.map(\.1) == [1, 2])
        saved = []
        _ = try fit(
            "model_checkpoint=best model_checkpoint.save_best_only=true model_checkpoint.initial_value_threshold=0.01",
            validation: 0.25, save: save, in: context)
        #expect(saved.map(\.1) == [2])
    }

    @Test func aCheckpointOfAFitGoesOnToTheSameBits() throws {
        let context = try Fixtures.context()
        var record: NetworkRecord?
        let save: FitPlan.Save = { (trainer, path) throws(ApusError) in
            if path == "at3" { record = try trainer.record(in: context) }
        }
        let whole = try fit("model_checkpoint=at{epoch}", epochs: 6, optimizer: "adam", save: save, in: context)
        let kept = try #require(record)
        let resumed = try Trainer(
            record: kept, model: NetworkModel(record: kept, graph: KerasConfig.read(kept.config, in: context), in: context),
            in: context)
        try again(resumed, "", epochs: 3, in: context)
        #expect(resumed.weights.array == whole.weights.array)
        #expect(history(resumed) == history(whole))
    }

    @Test func aFaultOfSavingTakesTheFitBack() throws {
        let context = try Fixtures.context()
        let trainer = try fit("", epochs: 1, in: context)
        #expect(throws: ApusError.self) {
            try again(
                trainer, "model_checkpoint=at{epoch}", epochs: 3,
                save: { (_, path) throws(ApusError) in if path == "at3" { throw .io("The disk is full.") } }, in: context)
        }
        #expect(try weight(trainer) == 0.5)
        #expect(history(trainer).count == 1)
    }

    @Test func writesALineForEachEpoch() throws {
        let context = try Fixtures.context()
        let path = "/tmp/apus-callback-test-\(getpid()).csv"
        defer { unlink(path) }
        let trainer = try fit("csv_logger=\(path)", epochs: 2, validation: 0.25, in: context)
        #expect(text(path) == "epoch,loss,mae,val_loss,val_mae\n0,1.0,1.0,0.0625,0.25\n1,0.25,0.5,0.0,0.0\n")
        try again(
            trainer, "csv_logger=\(path) csv_logger.append=true csv_logger.separator=;", epochs: 1, validation: 0.25,
            in: context)
        #expect(text(path).hasSuffix("1,0.25,0.5,0.0,0.0\n2;0.0625;0.25;0.015625;0.125\n"))
        _ = try fit("csv_logger=\(path)", epochs: 1, in: context)
        #expect(text(path) == "epoch,loss,mae\n0,1.0,1.0\n")
        let error = #expect(throws: ApusError.self) { try fit("csv_logger=/no/such/folder/log.csv", in: context) }
        #expect(error?.code == .io && error?.message.contains("/no/such/folder/log.csv") == true)
    }

    private func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    // MARK: Parameters

    @Test(arguments: [
        ("banana=1", "banana"), ("early_stopping=loss early_stopping=loss", "twice"),
        ("early_stopping=loss early_stopping.patience=-1", "patience"), ("early_stopping=3", "monitor"),
        ("early_stopping=loss early_stopping.mode=up", "mode"), ("early_stopping=loss early_stopping.banana=1", "banana"),
        ("terminate_on_nan=3", "TerminateOnNaN"), ("model_checkpoint=true", "filepath"), ("csv_logger=true", "filename"),
        ("reduce_lr_on_plateau=loss reduce_lr_on_plateau.factor=1", "factor"),
        ("learning_rate_scheduler=banana", "banana"), ("learning_rate_scheduler=true", "schedule"),
        (#"{"model_checkpoint": ""}"#, "filepath"), ("early_stopping", "name=value"),
    ]) func refusesWhatIsNoCallback(_ text: String, _ named: String) throws {
        let context = try Fixtures.context()
        let error = #expect(throws: ApusError.self) { try fit(text, in: context) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
    }

    @Test func falseAndNullLeaveOut() throws {
        let context = try Fixtures.context()
        let trainer = try fit("early_stopping=false reduce_lr_on_plateau=null", epochs: 3, in: context)
        #expect(history(trainer).count == 3)
    }
}
