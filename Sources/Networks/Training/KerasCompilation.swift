import Core

/// What Keras keeps of how a model was compiled, read: a legacy file's training_config or an archive's compile_config.
struct KerasCompilation {
    private let config: JSON
    private let context: Context

    init(_ config: JSON, in context: Context) {
        self.config = config
        self.context = context
    }

    /// The parameters of a trainer that goes on. Metrics that this version lacks are left out, with a warning; they
    /// change nothing. Throws `unsupported` for an optimizer or loss that this version lacks, and where there is none.
    func parameters(for graph: NetworkGraph) throws(ApusError) -> Parameters {
        let given = config["optimizer"] ?? config["optimizer_config"] ?? .null
        guard !given.isNull else {
            throw .unsupported("The file holds a network but no optimizer, so its training cannot go on.")
        }
        var items: [(key: String, value: JSON)] = []
        do throws(ApusError) {
            items.append((key: "optimizer", value: try optimizer(given)))
            items.append((key: "loss", value: try losses(config["loss"] ?? .null)))
        } catch { throw error.inFile }
        if let weights = config["loss_weights"], !weights.isNull { items.append((key: "loss_weights", value: weights)) }
        let metrics = ["metrics", "weighted_metrics"].compactMap { key -> (key: String, value: JSON)? in
            let list = self.metrics(config[key] ?? .null)
            return list.isNull || list.arrayValue?.isEmpty == true ? nil : (key: key, value: list)
        }
        func make(_ given: [(key: String, value: JSON)]) throws(ApusError) -> Parameters {
            try Parameters(kind: "trainer", specs: Trainer.specs, given: given)
        }
        if !metrics.isEmpty {
            do throws(ApusError) {
                let parameters = try make(items + metrics)
                _ = try Measures(graph, parameters, in: context.allocator)
                return parameters
            } catch {
                guard error.code == .invalidArgument || error.code == .shape else { throw error }
                context.warn("The metrics of the file were left out: \(error.message)")
            }
        }
        return try make(items)
    }

    // MARK: Objects

    /// An object of a family with the parameters that it has here, in the form that calls take. Others are passed over,
    /// with a warning where they say something.
    private func plain<Product>(
        _ json: JSON, of family: Family<Product>, _ change: (inout [(key: String, value: JSON)]) throws(ApusError) -> Void
    ) throws(ApusError) -> JSON {
        if json.stringValue != nil { return json }
        // A function: {"class_name": "function", "config": "mse"}.
        if let name = json["config"]?.stringValue { return .string(name) }
        guard let name = json["class_name"]?.stringValue else {
            throw .invalid("The \(family.noun) must be a name or an object, got \(json.typeName).")
        }
        let entry = try family.entry(name)
        var items = json["config"]?.objectValue ?? []
        try change(&items)
        var kept: [(key: String, value: JSON)] = []
        for item in items {
            if entry.parameters.contains(where: { $0.name == item.key }) {
                kept.removeAll { $0.key == item.key }
                kept.append(item)
            } else if !item.value.isNull, item.value.boolValue != false, !KerasCompilation.ignored.contains(item.key) {
                context.warn("The \(family.noun)'s '\(item.key)' is not known and was passed over.")
            }
        }
        return ["class_name": .string(entry.className), "config": .object(kept)]
    }

    /// Keys that change nothing.
    private static let ignored: Set<String> = ["name", "jit_compile", "fn", "dtype"]

    private func optimizer(_ json: JSON) throws(ApusError) -> JSON {
        try plain(json, of: OptimizerCatalog.family) { (items) throws(ApusError) in
            // Keras 2 before 2.11.
            if !items.contains(where: { $0.key == "learning_rate" }), let old = items.last(where: { $0.key == "lr" }) {
                items.append((key: "learning_rate", value: old.value))
            }
            items.removeAll { $0.key == "lr" }
            let decay = items.last { $0.key == "decay" }?.value.doubleValue ?? 0
            items.removeAll { $0.key == "decay" }
            for index in items.indices where items[index].key == "learning_rate" {
                let rate = items[index].value
                if rate["class_name"] != nil {
                    items[index].value = try plain(rate, of: ScheduleCatalog.family) { (_) throws(ApusError) in }
                } else if decay != 0 {
                    items[index].value = [
                        "class_name": "InverseTimeDecay",
                        "config": ["initial_learning_rate": rate, "decay_steps": 1, "decay_rate": .number(decay)],
                    ]
                }
            }
        }
    }

    /// Names of losses in Keras 2 that Keras 3 no longer has.
    private static let formerLosses = [
        "huber_loss": "huber", "logcosh": "log_cosh", "kullback_leibler_divergence": "kl_divergence",
    ]

    /// A loss, or one for each output: an array, or an object by names.
    private func losses(_ json: JSON) throws(ApusError) -> JSON {
        if json.isNull { return json }
        if let list = json.arrayValue {
            var made: [JSON] = []
            for item in list { made.append(try loss(item)) }
            return .array(made)
        }
        if let items = json.objectValue, json["class_name"] == nil {
            var made: [(key: String, value: JSON)] = []
            for item in items { made.append((key: item.key, value: try loss(item.value))) }
            return .object(made)
        }
        return try loss(json)
    }

    private func loss(_ json: JSON) throws(ApusError) -> JSON {
        let made = try plain(json, of: LossCatalog.family) { (items) throws(ApusError) in
            for index in items.indices where items[index].key == "reduction" && items[index].value == "auto" {
                items[index].value = "sum_over_batch_size"
            }
        }
        guard let name = made.stringValue else { return made }
        return .string(KerasCompilation.formerLosses[name] ?? name)
    }

    /// Those metrics that this version has, in the form that they are given in.
    private func metrics(_ json: JSON) -> JSON {
        if let list = json.arrayValue {
            let nested = list.contains { $0.arrayValue != nil || $0.isNull }
            let made = list.map(metrics)
            return .array(nested ? made : made.filter { !$0.isNull })
        }
        if let items = json.objectValue, json["class_name"] == nil {
            return .object(items.map { (key: $0.key, value: metrics($0.value)) })
        }
        if json.isNull { return json }
        do throws(ApusError) {
            let made = try plain(json, of: MetricCatalog.family) { (_) throws(ApusError) in }
            _ = try MetricCatalog.make(made)
            return made
        } catch {
            context.warn("A metric of the file was left out: \(error.message)")
            return .null
        }
    }
}
