import Core

/// Keras's model configuration, both ways: written here in the portable notation that Keras 2.12 to 3.15 read, read by
/// `KerasConfigReader` from any notation.
package enum KerasConfig {
    /// {"class_name": "Sequential" or "Functional", "config": ...}.
    package static func write(_ graph: NetworkGraph) -> JSON {
        ["class_name": .string(className(graph)), "config": config(of: graph, name: graph.name, trainable: nil)]
    }

    private static func className(_ graph: NetworkGraph) -> String { graph.isSequential ? "Sequential" : "Functional" }

    /// - Parameter trainable: of a nested model; one that is frozen freezes its layers, as in Keras.
    private static func config(of graph: NetworkGraph, name: String, trainable: Bool?) -> JSON {
        let isFrozen = trainable == false
        let references = KerasReferences(graph)
        let layers: [JSON] = KerasOrder.layers(of: graph).map { index in
            let layer = graph.layers[index]
            let config = config(of: layer, isFrozen: isFrozen)
            var items: [(key: String, value: JSON)] = [
                (key: "class_name", value: .string(layer.layer.parameters.kind)), (key: "config", value: config),
            ]
            if needsModule(config) {
                items.insert((key: "module", value: "keras.layers"), at: 0)
                items.append((key: "registered_name", value: .null))
            }
            if !graph.isSequential {
                items.append((key: "name", value: .string(layer.name)))
                items.append((key: "inbound_nodes", value: references.inboundNodes(index)))
            }
            return .object(items)
        }
        var items: [(key: String, value: JSON)] = [(key: "name", value: .string(name))]
        if graph.isSequential {
            if let trainable { items.append((key: "trainable", value: .bool(trainable))) }
            return .object(items + [(key: "layers", value: .array(layers))])
        }
        items += [
            (key: "trainable", value: .bool(trainable ?? true)), (key: "layers", value: .array(layers)),
            (key: "input_layers", value: references.ends(graph.inputs, isNested: trainable != nil)),
            (key: "output_layers", value: references.ends(graph.outputs, isNested: trainable != nil)),
        ]
        return .object(items)
    }

    /// Keras 3 drops the `axis` of a layer of an .h5 file that is neither a number nor a list of one, and the layer
    /// gets its default. A layer that states its module is read by the way of .keras files, which keeps it.
    private static func needsModule(_ config: JSON) -> Bool {
        guard let axis = config["axis"] else { return false }
        return axis.isNull || (axis.arrayValue.map { $0.count != 1 } ?? false)
    }

    private static func config(of layer: GraphLayer, isFrozen: Bool = false) -> JSON {
        let isTrainable = layer.isTrainable && !isFrozen
        if let model = layer.layer as? NestedModel {
            return config(of: model.graph, name: layer.name, trainable: isTrainable)
        }
        var items: [(key: String, value: JSON)] = [(key: "name", value: .string(layer.name))]
        if layer.layer.configSaysTrainable { items.append((key: "trainable", value: .bool(isTrainable))) }
        items.append((key: "dtype", value: "float32"))
        let own = layer.layer.config.filter { item in !layer.keptConfig.contains { $0.key == item.key } }
        return .object(items + own + layer.keptConfig)
    }

    /// A layer within another's configuration, which Keras 3 knows by its module.
    package static func wrapped(_ layer: GraphLayer) -> JSON {
        let module: JSON =
            switch (layer.layer as? NestedModel)?.graph.isSequential {
            case nil: "keras.layers"
            case true?: "keras"
            case false?: "keras.src.models.functional"
            }
        return [
            "module": module, "class_name": .string(layer.layer.parameters.kind), "config": config(of: layer),
            "registered_name": .null,
        ]
    }

    /// The graph of a configuration. Throws `unsupported` naming a layer that this version lacks, `corrupt` or
    /// `invalidArgument` for one that contradicts itself.
    package static func read(_ json: JSON, in context: Context, maximumLayers: Int = 100_000) throws(ApusError)
        -> NetworkGraph
    {
        try KerasConfigReader(context, maximumLayers: maximumLayers).model(json)
    }

    /// The layer that a parameter of another holds: {"class_name": ..., "config": ...} or the name of a kind.
    package static func inner(_ json: JSON, lenient: Bool) throws(ApusError) -> GraphLayer {
        guard json["class_name"]?.stringValue != nil || json.stringValue != nil else {
            throw .invalid(
                "The layer must be a name or {\"class_name\": ..., \"config\": {...}}, got \(json.typeName).")
        }
        return try KerasConfigReader(nil, maximumLayers: 100_000, isStrict: !lenient).layer(json)
    }
}

/// How calls refer to each other in a configuration.
struct KerasReferences {
    let graph: NetworkGraph
    /// The number of each call among those of its layer, and the calls of each layer.
    private var numbers: [Int] = []
    private var calls: [[Int]]
    /// Whether all calls are in the notation of Keras 3.
    private let isKeras3: Bool

    /// - Parameter isKeras3: for Keras 3 alone. It alone can read models within the model, too.
    init(_ graph: NetworkGraph, isKeras3: Bool = false) {
        self.graph = graph
        calls = [[Int]](repeating: [], count: graph.layers.count)
        self.isKeras3 = isKeras3 || graph.layers.contains { $0.layer is NestedModel }
        for (index, call) in graph.calls.enumerated() {
            numbers.append(calls[call.layer].count)
            calls[call.layer].append(index)
        }
    }

    /// [layer name, number of the call, which output].
    private func reference(_ value: Int, shift: Int = 0) -> [JSON] {
        [
            .string(graph.layer(of: value).name), .integer(numbers[graph.values[value].call] + shift),
            .integer(graph.values[value].index),
        ]
    }

    func inboundNodes(_ layer: Int) -> JSON {
        let kind = graph.layers[layer].layer
        return .array(
            calls[layer].map { graph.calls[$0].inputs }.filter { !$0.isEmpty }.map { inputs in
                let isNamed = (!kind.inputNames.isEmpty && inputs.count > 1) || !kind.callKeywords.isEmpty
                return isKeras3 || isNamed
                    ? call(kind, inputs) : .array(inputs.map { .array(reference($0) + [.object([])]) })
            })
    }

    /// Keras 3's {"args": [...], "kwargs": {...}}.
    private func call(_ kind: any Layer, _ inputs: [Int]) -> JSON {
        let tensors: [JSON] = inputs.map { value in
            [
                "class_name": "__keras_tensor__",
                "config": [
                    "shape": .array([.null] + graph.values[value].shape.jsonExtents), "dtype": "float32",
                    "keras_history": .array(reference(value)),
                ],
            ]
        }
        var arguments = kind.inputCount.upperBound > 1 ? [JSON.array(tensors)] : tensors
        var keywords = kind.callKeywords
        if let last = kind.inputNames.last, let first = tensors.first {
            arguments = [first]
            for (place, name) in kind.inputNames.enumerated().dropFirst() where place < tensors.count {
                keywords.append(
                    (
                        key: name,
                        value: name == last && tensors.count > kind.inputNames.count
                            ? .array(Array(tensors[place...])) : tensors[place]
                    ))
            }
        }
        return ["args": .array(arguments), "kwargs": .object(keywords)]
    }

    /// input_layers or output_layers. Keras 3 counts the calls of a nested Functional model from 1 here, and takes a
    /// nested model's single reference bare.
    func ends(_ values: [Int], isNested: Bool) -> JSON {
        let list = values.map { value -> JSON in
            let model = (graph.layer(of: value).layer as? NestedModel)?.graph
            return .array(reference(value, shift: model?.isSequential == false ? 1 : 0))
        }
        return isNested && list.count == 1 ? list[0] : .array(list)
    }
}
