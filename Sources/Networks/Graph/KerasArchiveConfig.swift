import Core

/// A network's configuration in the notation of Keras 3, as archives have it, with no more than every Keras 3 knows.
enum KerasArchiveConfig {
    /// {"module": ..., "class_name": "Sequential" or "Functional", "config": ..., "registered_name": ...}.
    static func write(_ graph: NetworkGraph) -> JSON { model(graph, name: graph.name, trainable: nil) }

    /// An object of Keras's package.
    static func object(_ module: String, _ className: JSON, _ config: JSON) -> JSON {
        ["module": .string(module), "class_name": className, "config": config, "registered_name": .null]
    }

    // MARK: Models

    /// - Parameter trainable: of a model within another; one that is frozen freezes its layers.
    private static func model(_ graph: NetworkGraph, name: String, trainable: Bool?) -> JSON {
        let isFrozen = trainable == false
        var items: [(key: String, value: JSON)] = [
            (key: "name", value: .string(name)), (key: "trainable", value: .bool(trainable ?? true)),
        ]
        let order = KerasOrder.layers(of: graph)
        guard !graph.isSequential else {
            let layers = order.map { layer(graph.layers[$0], isFrozen: isFrozen) }
            return object("keras", "Sequential", .object(items + [(key: "layers", value: .array(layers))]))
        }
        let references = KerasReferences(graph, isKeras3: true)
        let layers: [JSON] = order.map { index in
            let items = layer(graph.layers[index], isFrozen: isFrozen).objectValue ?? []
            return .object(
                items + [
                    (key: "name", value: .string(graph.layers[index].name)),
                    (key: "inbound_nodes", value: references.inboundNodes(index)),
                ])
        }
        items += [
            (key: "layers", value: .array(layers)),
            (key: "input_layers", value: references.ends(graph.inputs, isNested: trainable != nil)),
            (key: "output_layers", value: references.ends(graph.outputs, isNested: trainable != nil)),
        ]
        return [
            "module": "keras.src.models.functional", "class_name": "Functional", "config": .object(items),
            "registered_name": "Functional",
        ]
    }

    // MARK: Layers

    private static func layer(_ layer: GraphLayer, isFrozen: Bool) -> JSON {
        let isTrainable = layer.isTrainable && !isFrozen
        if let inner = layer.layer as? NestedModel {
            return model(inner.graph, name: layer.name, trainable: isTrainable)
        }
        let kind = layer.layer.parameters.kind
        var items: [(key: String, value: JSON)] = [(key: "name", value: .string(layer.name))]
        if layer.layer.configSaysTrainable { items.append((key: "trainable", value: .bool(isTrainable))) }
        items.append((key: "dtype", value: "float32"))
        let own = layer.layer.config.filter { item in !layer.keptConfig.contains { $0.key == item.key } }
        for item in own + layer.keptConfig {
            if item.key == "layer", let wrapper = layer.layer as? TimeDistributed, let inner = wrapper.parts.first {
                items.append((key: item.key, value: KerasArchiveConfig.layer(inner, isFrozen: false)))
            } else {
                items.append(modern(item, of: kind))
            }
        }
        return object("keras.layers", .string(kind), .object(items))
    }

    /// Where Keras 3 keeps the classes of a layer's objects, by the ends of the keys.
    private static let modules = [
        "_initializer": "keras.initializers", "_regularizer": "keras.regularizers", "_constraint": "keras.constraints",
    ]

    /// An item of a portable configuration under the key and in the form of Keras 3.
    private static func modern(_ item: (key: String, value: JSON), of kind: String) -> (key: String, value: JSON) {
        let (key, value) = item
        switch key {
        case "batch_input_shape": return ("batch_shape", value)
        case "alpha" where kind == "LeakyReLU": return ("negative_slope", value)
        case "axis":
            guard let axes = value.arrayValue, axes.count == 1 else { return item }
            return (key, axes[0])
        case "activation", "recurrent_activation": return (key, value.stringValue == "swish" ? "silu" : value)
        case "layer", "backward_layer":
            guard let className = value["class_name"], let config = value["config"]?.objectValue else { return item }
            let inner = config.map { modern($0, of: className.stringValue ?? "") }
            return (key, object("keras.layers", className, .object(inner)))
        default: break
        }
        guard let module = modules.first(where: { key.hasSuffix($0.key) })?.value, let className = value["class_name"],
            let config = value["config"]
        else { return item }
        return (key, object(module, className, config))
    }
}
