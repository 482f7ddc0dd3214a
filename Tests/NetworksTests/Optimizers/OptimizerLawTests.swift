import Core
import Networks
import Testing

/// What must hold for every optimizer of the catalog.
struct OptimizerLawTests {
    /// Each optimizer plainly and with all that can be added to it.
    static let texts: [String] = OptimizerCatalog.family.entries.flatMap { entry in
        let name = entry.aliases.first ?? entry.className.lowercased()
        let all =
            "optimizer.weight_decay=0.1 optimizer.global_clipnorm=0.5 optimizer.use_ema=true "
            + "optimizer.ema_momentum=0.7 optimizer.ema_overwrite_frequency=3"
        return ["\(name) optimizer.learning_rate=0.01", "\(name) optimizer.learning_rate=0.01 \(all)"]
    } + [
        "adam optimizer.amsgrad=true", "rmsprop optimizer.momentum=0.9 optimizer.centered=true",
        "sgd optimizer.momentum=0.9 optimizer.clipnorm=0.1", "sgd optimizer.clipvalue=0.001",
        "sgd optimizer.momentum=0.9 optimizer.dampening=0.9", "adam optimizer.gradient_accumulation_steps=3",
        "adamw optimizer.weight_decay=0.1 optimizer.weight_decay_exclusions=bias",
        #"{"class_name": "Adam", "config": {"learning_rate": {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0, "decay_steps": 4, "warmup_target": 0.1, "warmup_steps": 2}}}}"#,
    ]

    /// Wide enough for several slices of an update.
    private func trainer(_ text: String, wide: Bool = false, in context: Context) throws -> Trainer {
        let width = wide ? 300 : 5
        let model = try Fixtures.network(
            [wide ? 300 : 4], [("Dense", "units=\(width) activation=tanh"), ("Dense", "units=2")], in: context)
        return try Fixtures.trainer(model, "loss=mse optimizer=\(text)", in: context)
    }

    private func step(_ trainer: Trainer, _ number: Int, in context: Context) throws {
        let width = try trainer.weight("dense/kernel").shape[0]
        let x = try Fixtures.normals([8, width], seed: UInt64(number), in: context)
        let y = try Fixtures.normals([8, 2], seed: UInt64(100 + number), in: context)
        _ = try trainer.step(Fixtures.dataset(x, y), in: context)
    }

    private func bits(_ trainer: Trainer) throws -> [UInt32] {
        var result: [UInt32] = []
        for path in trainer.model.graph.slots.map(\.path) {
            result += try trainer.weight(path).floatArray.map(\.bitPattern)
        }
        return result
    }

    @Test(arguments: texts) func anyNumberOfThreadsGivesTheSameBits(_ text: String) throws {
        var first: [UInt32]?
        for threads in [1, 2, 3, 8] {
            let context = try Fixtures.context(threads: threads)
            let trainer = try trainer(text, wide: true, in: context)
            for number in 0..<3 { try step(trainer, number, in: context) }
            let bits = try bits(trainer)
            if let first { #expect(bits == first, "\(threads) threads") } else { first = bits }
        }
    }

    @Test(arguments: texts) func goesOnFromACheckpointToTheSameBits(_ text: String) throws {
        let context = try Fixtures.context()
        let whole = try trainer(text, in: context)
        for number in 0..<4 { try step(whole, number, in: context) }
        let record = try whole.record(in: context)
        for number in 4..<9 { try step(whole, number, in: context) }

        let graph = try KerasConfig.read(record.config, in: context)
        let resumed = try Trainer(
            record: record, model: NetworkModel(record: record, graph: graph, in: context), in: context)
        for number in 4..<9 { try step(resumed, number, in: context) }
        #expect(try bits(whole) == bits(resumed))
    }

    /// A weight without gradients has nothing to follow, whatever the divisors are.
    @Test(arguments: OptimizerCatalog.family.entries.map(\.className)) func zerosStayFinite(_ name: String) throws {
        let context = try Fixtures.context()
        let specs = try OptimizerCatalog.family.entry(name).parameters.map(\.name)
        let zeros = ["epsilon", "initial_accumulator_value"].filter(specs.contains).map { "optimizer.\($0)=0" }
        let model = try Fixtures.network([2], [("Dense", "units=2 kernel_initializer=zeros")], in: context)
        let trainer = try Fixtures.trainer(
            model, "loss=mse optimizer=\(name) " + zeros.joined(separator: " "), in: context)
        let zero = try Fixtures.tensor([0, 0], [1, 2], in: context)
        for _ in 0..<3 { _ = try trainer.step(Fixtures.dataset(zero, zero), in: context) }
        #expect(try trainer.weight("dense/kernel").floatArray == [0, 0, 0, 0])
    }

    /// A value outside of each parameter's range, for each optimizer.
    @Test(arguments: OptimizerCatalog.family.entries.map(\.className)) func refusesParametersOutOfRange(
        _ name: String
    ) throws {
        for spec in try OptimizerCatalog.family.entry(name).parameters {
            for value: JSON in ["banana", .array([]), .number(-.infinity), .number(.nan), .number(-1e3)] {
                if case .real(from: -.infinity, to: _, open: _) = spec.constraint, value.doubleValue == -1e3 { continue }
                // Any text and an empty array say what to exclude.
                if spec.name == "weight_decay_exclusions", value.doubleValue == nil { continue }
                let json: JSON = [
                    "class_name": .string(name), "config": .object([(key: spec.name, value: value)]),
                ]
                let error = #expect(throws: ApusError.self) { try OptimizerCatalog.family.make(json) }
                #expect(error?.message.contains(spec.name) == true, "\(spec.name)=\(value.text)")
            }
        }
    }

    @Test func refusesTwoWaysOfClipping() throws {
        let context = try Fixtures.context()
        let error = #expect(throws: ApusError.self) {
            try trainer("sgd optimizer.clipnorm=1 optimizer.clipvalue=1", in: context)
        }
        #expect(error?.message.contains("clipnorm and clipvalue") == true)
    }

    @Test func decayPassesOverExcludedWeights() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [2], [("Dense", "units=2 bias_initializer=ones"), ("Dense", "units=2 bias_initializer=ones")], in: context)
        let zero = try Fixtures.tensor([0, 0], [1, 2], in: context)
        func decayed(_ exclusions: String) throws -> [String] {
            let trainer = try Fixtures.trainer(
                model,
                "loss=mse optimizer=sgd optimizer.learning_rate=0.5 optimizer.weight_decay=0.5 optimizer.clipvalue=1e-30 "
                    + exclusions, in: context)
            let before = try model.graph.slots.map { try trainer.weight($0.path).floatArray }
            _ = try trainer.step(Fixtures.dataset(zero, zero), in: context)
            var changed: [String] = []
            for (slot, old) in zip(model.graph.slots, before) {
                let new = try trainer.weight(slot.path).floatArray
                if new == old { continue }
                #expect(new == old.map { $0 * 0.75 })
                changed.append(slot.path)
            }
            return changed
        }
        #expect(try decayed("") == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"])
        #expect(
            try decayed("optimizer.weight_decay_exclusions=bias") == ["dense/kernel", "dense_1/kernel"])
        #expect(
            try decayed(#"optimizer.weight_decay_exclusions=["dense_1","dense/kernel"]"#) == ["dense/bias"])
        #expect(throws: ApusError.self) { try decayed(#"optimizer.weight_decay_exclusions=["bias",""]"#) }
    }

    @Test(arguments: ["momentum=0 optimizer.dampening=0.5", "momentum=0.9 optimizer.nesterov=true optimizer.dampening=0.5"])
    func refusesDampeningWithoutPlainMomentum(_ text: String) throws {
        let context = try Fixtures.context()
        let error = #expect(throws: ApusError.self) { try trainer("sgd optimizer.\(text)", in: context) }
        #expect(error?.message.contains("dampening") == true)
    }

    @Test func aScheduleIsNotSetByHand() throws {
        let context = try Fixtures.context()
        let trainer = try trainer(Self.texts.last ?? "", in: context)
        #expect(throws: ApusError.self) { try trainer.setLearningRate(0.1) }
    }

    @Test func refusesAScheduleThatGrowsOutOfFloats() throws {
        let context = try Fixtures.context()
        let trainer = try trainer(
            #"{"class_name": "SGD", "config": {"learning_rate": {"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0, "decay_steps": 1, "decay_rate": 1e300}}}}"#,
            in: context)
        try step(trainer, 0, in: context)
        try step(trainer, 1, in: context)
        #expect(throws: ApusError.self) { try step(trainer, 2, in: context) }
    }
}
