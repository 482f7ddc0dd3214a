import Core

/// A trainer's checkpoint: the network's file with Keras's training configuration and optimizer variables, and Apus's
/// own state for going on to the same bits.
extension Trainer {
    private static let format = 1

    /// The trainer as it is now, whatever it does afterwards.
    ///
    /// - Parameter form: legacy or an archive.
    package func record(as form: NetworkRecord.Form = .legacy, in context: Context) throws(ApusError) -> NetworkRecord {
        var record = try NetworkModel.record(model.graph, weights.copy(in: context.allocator), as: form, in: context)
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
        let variables = OptimizerVariables(self, form, order: KerasLayout(model.graph, from: .graph).trainable)
        record.training = NetworkRecord.Training(
            config: form == .archive ? compileConfig : trainingConfig, optimizerWeights: try variables.tensors(in: context),
            state: own)
        return record
    }

    /// A trainer as it was saved, with a model of its own; from a file of Keras one with its optimizer, its loss and
    /// the state of its optimizer. Throws `unsupported` for a file without training state, `corrupt` for one that
    /// contradicts itself.
    package convenience init(record: NetworkRecord, model: NetworkModel, in context: Context) throws(ApusError) {
        guard let training = record.training else {
            throw .unsupported("The file holds a network but no training state: it was not compiled.")
        }
        guard let own = training.state else {
            try self.init(kerasState: training, model: model, in: context)
            return
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
        state.passes = try Trainer.count(own, "passes")
        state.epoch = try Trainer.count(own, "epoch")
        state.position = try Trainer.count(own, "position")
        state.history = (history.objectValue ?? []).map { item in
            (name: item.key, values: (item.value.arrayValue ?? []).map { $0.doubleValue ?? .nan })
        }
        let order = KerasLayout(model.graph, from: .file).trainable
        try OptimizerVariables(self, record.form, order: order).restore(training.optimizerWeights)
        // What Keras keeps too counts as Apus has it.
        state.group = BatchGroup()
        holdsGradients = false
        state.iteration = try Trainer.count(own, "iteration")
        try begin(at: own.real("learning_rate"))
        try restoreGroup(own)
    }

    private static func count(_ record: Record, _ name: String) throws(ApusError) -> Int {
        let value = try record.integer(name)
        guard value >= 0, value < 1 << 40 else { throw .corrupt("The \(name) of the checkpoint is \(value).") }
        return value
    }

    /// A trainer from the training state of a file of Keras.
    private convenience init(kerasState training: NetworkRecord.Training, model: NetworkModel, in context: Context)
        throws(ApusError)
    {
        let parameters = try KerasCompilation(training.config, in: context).parameters(for: model.graph)
        do throws(ApusError) {
            try self.init(model, parameters: parameters, in: context)
        } catch { throw error.inFile }
        let order = KerasLayout(model.graph, from: .file).trainable
        guard !training.optimizerWeights.isEmpty else { return }
        let known = OptimizerVariables.ofKeras(self, order: order)
        if let variables = known.first(where: { $0.fit(training.optimizerWeights) }) {
            try variables.restore(training.optimizerWeights)
            return
        }
        context.warn(
            "The file has \(training.optimizerWeights.count) variables of its optimizer, which are not those of \(optimizer.parameters.kind) for this network: it starts afresh."
        )
    }
}
