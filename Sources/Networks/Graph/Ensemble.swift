import Core

/// One network of several: it averages what they give, lets them vote, or has the average of their weights.
package enum Ensemble {
    package static let specs = [
        ParameterSpec("name", .nullable(.text), default: .null, "the model's name; null for 'ensemble'"),
        ParameterSpec(
            "vote", .choice(["mean", "majority", "soft", "hard"]), default: "mean",
            "mean (soft): the average of the outputs; majority (hard): the share of the models' votes for each class"),
        ParameterSpec(
            "weights", .any("null, or an array of numbers >= 0, not all of them 0"), default: .null,
            "what each model counts; null for 1 each"),
        ParameterSpec(
            "threshold", .real(from: -.infinity, to: .infinity), default: 0.5,
            "of a majority: an output of one column votes for the second class above it"),
        ParameterSpec(
            "how", .choice(["outputs", "weights"]), default: "outputs",
            "weights: one network of the models' architecture with the average of their weights"),
    ]

    /// The network of `models`, whose weights are copied. Throws `shape` where their inputs or outputs differ,
    /// `invalidArgument` naming the model.
    package static func model(
        of models: [NetworkModel], _ parameters: Parameters, in context: Context
    ) throws(ApusError) -> NetworkModel {
        guard let first = models.first else { throw .invalid("n_models must be at least 1, got 0.") }
        let weights = try Shares.read(parameters["weights"], "weights", of: "ensemble")
        if let weights, weights.count != models.count {
            throw .invalid(
                "The weights of an ensemble must be one for each of \(models.count) models, got \(weights.count).")
        }
        for (number, model) in models.enumerated() {
            let (graph, wanted) = (model.graph, first.graph)
            try checkEnds("input", graph.inputs.map { graph.values[$0].shape }, of: number,
                wanted.inputs.map { wanted.values[$0].shape })
            try checkEnds("output", graph.outputs.map { graph.values[$0].shape }, of: number,
                wanted.outputs.map { wanted.values[$0].shape })
        }
        let votes = ["majority", "hard"].contains(parameters.text("vote"))
        if parameters.text("how") == "weights" {
            if votes { throw .invalid("The average of weights (how=weights) has no vote=\(parameters.text("vote")).") }
            return try averagedWeights(of: models, weights, name: parameters["name"].stringValue, in: context)
        }
        let name = parameters["name"].stringValue ?? "ensemble"
        let builder = NetworkBuilder(name: name, allocator: context.allocator)
        var inputs: [Int] = []
        for (index, value) in first.graph.inputs.enumerated() {
            inputs.append(
                try builder.add(
                    "InputLayer",
                    given: [
                        (key: "name", value: .string(first.graph.layer(of: value).name)),
                        (key: "shape", value: .array(first.graph.inputShape(index).jsonExtents)),
                    ], inputs: nil))
        }
        var members: [Int] = []
        for (number, model) in models.enumerated() {
            do throws(ApusError) { members.append(try builder.add(model, given: [], inputs: inputs)) } catch {
                throw error.within("models[\(number)]")
            }
        }
        let names = Measures.outputNames(first.graph)
        var outputs: [Int] = []
        for (place, name) in names.enumerated() {
            // With several outputs each keeps its name, by which losses and targets are given.
            let named: [(key: String, value: JSON)] =
                names.count > 1 ? [(key: "name", value: .string(builder.unusedName(name)))] : []
            let parts = members.map { $0 + place }
            if votes {
                outputs.append(
                    try builder.add(
                        "MajorityVote",
                        given: named + [
                            (key: "weights", value: parameters["weights"]),
                            (key: "threshold", value: parameters["threshold"]),
                        ], inputs: parts))
            } else if parts.count == 1 {
                outputs.append(parts[0])
            } else if let weights {
                let sum = weights.reduce(0, +)
                var shares: [Int] = []
                for (part, weight) in zip(parts, weights) {
                    let scale: [(key: String, value: JSON)] = [(key: "scale", value: .number(weight / sum))]
                    shares.append(try builder.add("Rescaling", given: scale, inputs: [part]))
                }
                outputs.append(try builder.add("Add", given: named, inputs: shares))
            } else {
                outputs.append(try builder.add("Average", given: named, inputs: parts))
            }
        }
        return try NetworkModel(initializing: builder.graph(outputs: outputs, inputs: inputs), in: context)
    }

    /// Throws `shape` naming the model unless its inputs or outputs are as those of the first.
    private static func checkEnds(
        _ what: String, _ shapes: [Shape], of number: Int, _ expected: [Shape]
    ) throws(ApusError) {
        guard shapes.count == expected.count else {
            throw .shape(
                "models[\(number)] must have \(expected.count) \(what)s as models[0] has, got \(shapes.count).")
        }
        for (place, (shape, wanted)) in zip(shapes, expected).enumerated() where shape != wanted {
            let name = "\(what) \(place) of models[\(number)]"
            throw .shape("\(name) must have shape \(wanted) per row as that of models[0], got \(shape).")
        }
    }

    // MARK: Weights

    /// A network of the architecture of all with the average of their weights, added in double precision.
    ///
    /// Izmailov, Podoprikhin, Garipov, Vetrov, Wilson (2018), "Averaging weights leads to wider optima and better
    /// generalization", arXiv:1803.05407; Wortsman et al. (2022), "Model soups", arXiv:2203.05482.
    private static func averagedWeights(
        of models: [NetworkModel], _ shares: [Double]?, name: String?, in context: Context
    ) throws(ApusError) -> NetworkModel {
        let first = models[0].graph
        for (number, model) in models.enumerated() {
            if let difference = difference(model.graph, first) {
                throw .invalid("models[\(number)] must have the architecture of models[0]: \(difference).")
            }
        }
        let graph = try NetworkGraph(
            name: name ?? first.name, layers: first.layers, calls: first.calls, values: first.values,
            inputs: first.inputs, outputs: first.outputs)
        let result = try Buffer<Float>(zeros: graph.weightCount, in: context.allocator)
        let weights = models.map(\.weights)
        let total = shares?.reduce(0, +) ?? Double(models.count)
        for (number, slot) in graph.slots.enumerated() {
            let sources = zip(models, weights).map { $1.pointer + $0.graph.slots[number].offset }
            let target = result.pointer + slot.offset
            context.parallel(over: slot.count, by: 1 << 14) { range in
                for index in range {
                    var sum = 0.0
                    for (place, source) in sources.enumerated() { sum += (shares?[place] ?? 1) * Double(source[index]) }
                    target[index] = Float(sum / total)
                }
            }
        }
        withExtendedLifetime(weights) {}
        return NetworkModel(graph: graph, weights: result)
    }

    /// Why two graphs do not compute the same function of their weights, in words; nil if they do.
    private static func difference(_ own: NetworkGraph, _ other: NetworkGraph) -> String? {
        guard own.layers.count == other.layers.count else {
            return "it has \(own.layers.count) layers, that has \(other.layers.count)"
        }
        for (a, b) in zip(own.layers, other.layers) {
            let (kind, wanted) = (a.layer.parameters.kind, b.layer.parameters.kind)
            if let inner = a.layer as? NestedModel, let wanted = b.layer as? NestedModel {
                if let found = difference(inner.graph, wanted.graph) { return "in layer '\(a.name)', \(found)" }
                continue
            }
            if kind != wanted { return "layer '\(a.name)' is of kind \(kind), there '\(b.name)' of kind \(wanted)" }
            if a.layer is InputLayer { continue }
            let (settings, expected) = (essential(a.layer.config), essential(b.layer.config))
            for item in settings {
                let there = expected.first { $0.key == item.key }?.value
                if there != item.value {
                    return "\(item.key) of layer '\(a.name)' is \(item.value.text), there \(there?.text ?? "absent")"
                }
            }
        }
        let isWiredAlike =
            own.calls.count == other.calls.count && own.inputs == other.inputs && own.outputs == other.outputs
            && zip(own.calls, other.calls).allSatisfy {
                $0.layer == $1.layer && $0.inputs == $1.inputs && $0.outputs == $1.outputs
            }
        if !isWiredAlike { return "its layers are called on other values" }
        for (a, b) in zip(own.slots, other.slots) where a.shape != b.shape {
            return "weight '\(a.path)' has shape \(a.shape), there \(b.shape)"
        }
        return own.slots.count == other.slots.count ? nil : "it has another number of weights"
    }

    /// What a configuration says of the function that a layer computes: no names, no seeds, nothing of training alone.
    private static func essential(_ config: [(key: String, value: JSON)]) -> [(key: String, value: JSON)] {
        let passedOver = ["name", "seed", "trainable", "batch_input_shape", "build_config"]
        let endings = ["_initializer", "_regularizer", "_constraint"]
        return config.filter { item in
            !passedOver.contains(item.key) && !endings.contains { item.key.hasSuffix($0) }
        }.map { (key: $0.key, value: essential($0.value)) }
    }

    private static func essential(_ json: JSON) -> JSON {
        switch json {
        case .object(let items): .object(essential(items))
        case .array(let items): .array(items.map(essential))
        default: json
        }
    }
}
