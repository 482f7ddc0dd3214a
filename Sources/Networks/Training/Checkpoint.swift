import Core

/// A trainer's checkpoint: the network's file with Keras's training configuration and optimizer weights, and Apus's own
/// state for going on to the same bits.
extension Trainer {
    private static let format = 1

    package func record(in context: Context) throws(ApusError) -> NetworkRecord {
        var record = try NetworkModel.record(model.graph, weights, in: context)
        var own = Record(kind: "trainer")
        own.set("format", .integer(Trainer.format))
        own.set("seed", .integer(Int(bitPattern: UInt(seed))))
        own.set("iteration", .integer(state.iteration))
        own.set("passes", .integer(state.passes))
        own.set("epoch", .integer(state.epoch))
        own.set("position", .integer(state.position))
        own.set("learning_rate", .real(state.learningRate))
        own.set("parameters", .json(parameters.json))
        own.set("history", .json(historyJSON))
        try recordGroup(&own)
        record.training = NetworkRecord.Training(
            config: kerasTrainingConfig, optimizerWeights: try optimizerWeights(in: context), state: own)
        return record
    }

    /// A trainer as it was saved, with a model of its own. Throws `unsupported` for a file without training state of
    /// Apus, `corrupt` for one that contradicts itself.
    package convenience init(record: NetworkRecord, model: NetworkModel, in context: Context) throws(ApusError) {
        guard let training = record.training, let own = training.state else {
            throw .unsupported("The file holds a network but no training state of Apus.")
        }
        guard try own.integer("format") == Trainer.format else {
            throw .unsupported(
                "The checkpoint has format \(try own.integer("format")); this version reads \(Trainer.format).")
        }
        guard case .json(let json)? = own["parameters"], case .json(let history)? = own["history"] else {
            throw .corrupt("The checkpoint lacks its parameters or history.")
        }
        let parameters = try Parameters(kind: "trainer", specs: Trainer.specs, given: json.objectValue ?? [])
        do throws(ApusError) {
            try self.init(model, parameters: parameters, in: context)
        } catch { throw error.inFile }
        seed = UInt64(bitPattern: Int64(try own.integer("seed")))
        state.iteration = try Trainer.count(own, "iteration")
        state.passes = try Trainer.count(own, "passes")
        state.epoch = try Trainer.count(own, "epoch")
        state.position = try Trainer.count(own, "position")
        try begin(at: own.real("learning_rate"))
        state.history = (history.objectValue ?? []).map { item in
            (name: item.key, values: (item.value.arrayValue ?? []).map { $0.doubleValue ?? .nan })
        }
        try restoreSlots(training.optimizerWeights)
        try restoreGroup(own)
    }

    private static func count(_ record: Record, _ name: String) throws(ApusError) -> Int {
        let value = try record.integer(name)
        guard value >= 0, value < 1 << 40 else { throw .corrupt("The \(name) of the checkpoint is \(value).") }
        return value
    }

    private var trainableSlots: [WeightSlot] { model.graph.slots.filter(\.isTrainable) }

    /// A state array's part for one weight; without values it is zeros that only the file has.
    private struct StoredSlot {
        let weight: WeightSlot
        let name: String
        let values: Buffer<Float>?
    }

    /// Group by group, in each weight by weight. SGD without momentum has a slot of zeros in such files.
    private var storedSlots: [StoredSlot] {
        var kinds = zip(slotKinds, slots).map { (kind: $0.0, values: Optional($0.1)) }
        if optimizer.parameters.kind == "SGD", optimizer.slots.isEmpty {
            kinds.append((kind: OptimizerSlot("momentum", legacy: "m"), values: nil))
        }
        var result: [StoredSlot] = []
        for group in Set(kinds.map(\.kind.group)).sorted() {
            for weight in trainableSlots {
                for item in kinds where item.kind.group == group {
                    result.append(StoredSlot(weight: weight, name: item.kind.legacyName, values: item.values))
                }
            }
        }
        return result
    }

    /// iteration, then the slots.
    private func optimizerWeights(in context: Context) throws(ApusError) -> [(name: String, value: Tensor)] {
        var result = [
            (
                name: "iteration:0",
                value: try Tensor(int64s: [Int64(state.iteration)], Shape(), in: context.allocator)
            )
        ]
        for slot in storedSlots {
            let tensor: Tensor
            if let values = slot.values {
                tensor = try Tensor(sharing: values, from: slot.weight.offset, slot.weight.shape)
            } else {
                tensor = try Tensor(.float32, slot.weight.shape, in: context.allocator)
                tensor.bytes.clear()
            }
            result.append((name: "\(slot.name)/\(slot.weight.path):0", value: tensor))
        }
        return result
    }

    private func restoreSlots(_ stored: [(name: String, value: Tensor)]) throws(ApusError) {
        let expected = storedSlots
        guard stored.count == 1 + expected.count else {
            throw .corrupt(
                "The optimizer \(optimizer.parameters.kind) needs \(1 + expected.count) arrays for this network, the file has \(stored.count)."
            )
        }
        for (slot, item) in zip(expected, stored.dropFirst()) {
            guard item.value.shape == slot.weight.shape, item.value.dtype == .float32 else {
                throw .corrupt(
                    "The optimizer's '\(item.name)' must be float32 of shape \(slot.weight.shape), the file has \(item.value.dtype.name) of shape \(item.value.shape)."
                )
            }
            guard let values = slot.values else { continue }
            (values.pointer + slot.weight.offset).update(from: item.value.floats, count: slot.weight.count)
        }
    }

    /// Keras 2's training_config.
    private var kerasTrainingConfig: JSON {
        let loss: JSON = !measures.hasLoss ? .null : losses.count == 1 ? losses[0].config : .array(losses.map(\.config))
        var config: [(key: String, value: JSON)] = [
            (key: "name", value: .string(optimizer.parameters.kind)),
            (key: "learning_rate", value: kerasLearningRate),
        ]
        let own = optimizer.ownNames + UpdateSettings.ownNames + ["learning_rate"]
        config += optimizer.parameters.values.filter { !own.contains($0.key) }
        config.append((key: "is_legacy_optimizer", value: false))
        return [
            "loss": loss, "metrics": .null, "weighted_metrics": .null, "loss_weights": .null,
            "optimizer_config": [
                "class_name": .string("Custom>" + optimizer.parameters.kind), "config": .object(config),
            ],
        ]
    }

    private var kerasLearningRate: JSON {
        guard case .schedule(let schedule) = learningRate else { return .number(state.learningRate) }
        return [
            "module": "keras.optimizers.schedules", "class_name": .string(schedule.parameters.kind),
            "config": schedule.parameters.json, "registered_name": .null,
        ]
    }
}
