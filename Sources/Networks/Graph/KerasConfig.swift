import Core

/// Keras's model configuration, both ways. Written in the portable notation that Keras 2.12 to 3.15 read; read from
/// either notation.
package enum KerasConfig {
    // MARK: Writing

    /// {"class_name": "Sequential" or "Functional", "config": ...}.
    package static func write(_ graph: NetworkGraph) -> JSON {
        // The number of each node among the calls of its layer, and the calls of each layer.
        var calls = [[Int]](repeating: [], count: graph.layers.count)
        var numbers: [Int] = []
        for (index, node) in graph.nodes.enumerated() {
            numbers.append(calls[node.layer].count)
            calls[node.layer].append(index)
        }
        /// [layer name, number of the call, 0, {}].
        func reference(_ node: Int, keywords: Bool) -> JSON {
            let base: [JSON] = [.string(graph.layers[graph.nodes[node].layer].name), .integer(numbers[node]), 0]
            return .array(keywords ? base + [.object([])] : base)
        }
        func inboundNodes(_ layer: Int) -> JSON {
            .array(
                calls[layer].map { graph.nodes[$0].inputs }.filter { !$0.isEmpty }.map { inputs in
                    .array(inputs.map { reference($0, keywords: true) })
                })
        }
        let layers: [JSON] = graph.layers.enumerated().map { index, layer in
            var items: [(key: String, value: JSON)] = [
                (key: "class_name", value: .string(layer.layer.parameters.kind)),
                (key: "config", value: config(of: layer)),
            ]
            if !graph.isSequential {
                items.append((key: "name", value: .string(layer.name)))
                items.append((key: "inbound_nodes", value: inboundNodes(index)))
            }
            return .object(items)
        }
        if graph.isSequential {
            return [
                "class_name": "Sequential", "config": ["name": .string(graph.name), "layers": .array(layers)],
            ]
        }
        func references(_ nodes: [Int]) -> JSON { .array(nodes.map { reference($0, keywords: false) }) }
        return [
            "class_name": "Functional",
            "config": [
                "name": .string(graph.name), "trainable": true, "layers": .array(layers),
                "input_layers": references(graph.inputs), "output_layers": references(graph.outputs),
            ],
        ]
    }

    private static func config(of layer: GraphLayer) -> JSON {
        var items: [(key: String, value: JSON)] = [(key: "name", value: .string(layer.name))]
        if !(layer.layer is InputLayer) { items.append((key: "trainable", value: .bool(layer.isTrainable))) }
        items.append((key: "dtype", value: "float32"))
        let own = layer.layer.config.filter { item in !layer.keptConfig.contains { $0.key == item.key } }
        return .object(items + own + layer.keptConfig)
    }

    /// An object of a file in the notation that every Keras reads: class_name and config alone.
    private static func portable(_ json: JSON) -> JSON {
        guard let name = json["class_name"], let config = json["config"] else { return json }
        return ["class_name": name, "config": config]
    }

    // MARK: Reading

    /// The graph of a configuration. Throws `unsupported` naming a layer that this version lacks, `corrupt` or
    /// `invalidArgument` for one that contradicts itself.
    package static func read(_ json: JSON, in context: Context, maximumLayers: Int = 100_000) throws(ApusError)
        -> NetworkGraph
    {
        guard let className = json["class_name"]?.stringValue, let config = json["config"] else {
            throw .corrupt("A model configuration must have class_name and config.")
        }
        let name = config["name"]?.stringValue ?? snakeCase(className)
        let builder = NetworkBuilder(name: name, allocator: context.allocator, maximumLayers: maximumLayers)
        switch className {
        case "Sequential":
            guard let layers = config.arrayValue ?? config["layers"]?.arrayValue else {
                throw .corrupt("A Sequential configuration must have layers.")
            }
            try readSequential(layers, config, builder, context)
            return try builder.graph()
        case "Functional", "Model":
            return try readFunctional(config, builder, context)
        default:
            throw .unsupported("A model of class '\(className)' is not supported; Sequential and Functional are.")
        }
    }

    private static func readSequential(
        _ layers: [JSON], _ config: JSON, _ builder: NetworkBuilder, _ context: Context
    ) throws(ApusError) {
        for (index, json) in layers.enumerated() {
            if index == 0, json["class_name"]?.stringValue != "InputLayer" {
                let own = json["config"]
                guard
                    let shape = own?["batch_input_shape"] ?? own?["batch_shape"] ?? config["build_input_shape"]
                        ?? config["batch_input_shape"]
                else { throw .unsupported("The Sequential configuration has no input shape, so it is not built.") }
                // A name that the layers to come do not have.
                let names = Set(layers.compactMap { $0["config"]?["name"]?.stringValue })
                var name = "input_layer"
                while names.contains(name) { name += "_" }
                try builder.add("InputLayer", given: inputParameters(shape, name: name), inputs: nil)
            }
            let layer = try readLayer(json, context)
            do { _ = try builder.add(layer, inputs: nil) } catch { throw error.within("layer '\(layer.name)'") }
        }
    }

    private static func inputParameters(_ batchShape: JSON, name: String) throws(ApusError)
        -> [(key: String, value: JSON)]
    {
        // null, or [null, 28, 28]: the batch goes, the rest must be known
        guard let extents = batchShape.arrayValue, !extents.isEmpty else {
            throw .unsupported("The input shape \(batchShape.text) is not one array of extents.")
        }
        for extent in extents.dropFirst() where extent.integerValue == nil || extent.boolValue != nil {
            throw .unsupported("The input shape \(batchShape.text) has an extent that is not fixed.")
        }
        return [(key: "shape", value: .array(Array(extents.dropFirst()))), (key: "name", value: .string(name))]
    }

    /// Keys that say nothing about what a layer computes.
    private static let ignored: Set<String> = [
        "dtype", "dtype_policy", "batch_input_shape", "batch_shape", "build_config", "sparse", "ragged", "optional",
        "input_dtype", "noise_shape", "quantization_config", "lora_rank", "lora_alpha", "quantization_mode",
        "input_dim", "input_length", "shared_object_id",
    ]
    /// Keys that matter in training alone.
    private static let trainingOnly = ["_regularizer", "_constraint"]

    private static func readLayer(_ json: JSON, _ context: Context) throws(ApusError) -> GraphLayer {
        guard let className = json["class_name"]?.stringValue, let config = json["config"]?.objectValue else {
            throw .corrupt("A layer must have class_name and config.")
        }
        guard let name = config.last(where: { $0.key == "name" })?.value.stringValue ?? json["name"]?.stringValue
        else { throw .corrupt("A layer of class '\(className)' has no name.") }
        do throws(ApusError) {
            let entry = try LayerCatalog.family.entry(className)
            if entry.className == "InputLayer" {
                for key in ["sparse", "ragged"] where json["config"]?[key]?.boolValue == true {
                    throw .unsupported("\(key) inputs are not supported.")
                }
                guard let shape = json["config"]?["batch_shape"] ?? json["config"]?["batch_input_shape"] else {
                    throw .corrupt("An InputLayer needs batch_shape or batch_input_shape.")
                }
                let given = try inputParameters(shape, name: name).filter { $0.key == "shape" }
                return GraphLayer(
                    name: name, isTrainable: true,
                    layer: try entry.make(Parameters(kind: entry.className, specs: entry.parameters, given: given)))
            }
            var given: [(key: String, value: JSON)] = []
            var kept: [(key: String, value: JSON)] = []
            for item in config where item.key != "name" && item.key != "trainable" {
                if entry.parameters.contains(where: { $0.name == item.key }) {
                    // A later key of the same name wins, as in Python.
                    given.removeAll { $0.key == item.key }
                    given.append(item)
                } else if trainingOnly.contains(where: { item.key.hasSuffix($0) }) {
                    if !item.value.isNull { kept.append((key: item.key, value: portable(item.value))) }
                } else if !item.value.isNull, item.value.boolValue != false, !ignored.contains(item.key) {
                    context.warn("layer '\(name)': the configuration key '\(item.key)' is not known and was passed over.")
                }
            }
            for key in ["quantization_config", "lora_rank", "noise_shape"] where json["config"]?[key] != nil {
                if let value = json["config"]?[key], !value.isNull {
                    throw .unsupported("\(key) is \(value.text); only null is supported.")
                }
            }
            let trainable = json["config"]?["trainable"]?.boolValue ?? true
            return GraphLayer(
                name: name, isTrainable: trainable,
                layer: try entry.make(Parameters(kind: entry.className, specs: entry.parameters, given: given)),
                keptConfig: kept)
        } catch { throw error.inFile.within("layer '\(name)'") }
    }

    private struct Call {
        let layer: Int
        let number: Int
        let inputs: [(name: String, call: Int)]
    }

    private static func readFunctional(_ config: JSON, _ builder: NetworkBuilder, _ context: Context) throws(ApusError)
        -> NetworkGraph
    {
        guard let entries = config["layers"]?.arrayValue else {
            throw .corrupt("A Functional configuration must have layers.")
        }
        var layers: [GraphLayer] = []
        var names: Set<String> = []
        var calls: [Call] = []
        for json in entries {
            let layer = try readLayer(json, context)
            guard names.insert(layer.name).inserted else {
                throw .corrupt("Two layers are named '\(layer.name)'.")
            }
            let inbound = try inboundCalls(json["inbound_nodes"], layer: layer.name)
            let isInput = layer.layer is InputLayer
            if isInput {
                calls.append(Call(layer: layers.count, number: 0, inputs: []))
            } else {
                for (number, inputs) in inbound.enumerated() {
                    calls.append(Call(layer: layers.count, number: number, inputs: inputs))
                }
            }
            layers.append(layer)
        }
        let nodes = try place(calls, of: layers, in: builder)
        func resolve(_ json: JSON?, _ key: String) throws(ApusError) -> [Int] {
            var result: [Int] = []
            for reference in try references(json, key) {
                guard let node = nodes["\(reference.call)/\(reference.name)"] else {
                    throw .corrupt("\(key) names '\(reference.name)', call \(reference.call), which does not exist.")
                }
                result.append(node)
            }
            return result
        }
        let inputs = try resolve(config["input_layers"], "input_layers")
        let outputs = try resolve(config["output_layers"], "output_layers")
        return try builder.graph(outputs: outputs, inputs: inputs)
    }

    /// Makes the calls in an order in which each comes after its inputs and after the first call of its layer, and
    /// returns the number of each node by "call/layer". A call that must wait is looked at again when what it waits for
    /// exists, so the work grows with the number of references.
    private static func place(
        _ calls: [Call], of layers: [GraphLayer], in builder: NetworkBuilder
    ) throws(ApusError) -> [String: Int] {
        var nodes: [String: Int] = [:]
        var placed = [Int?](repeating: nil, count: layers.count)
        var waiting: [String: [Int]] = [:]
        var count = 0
        for first in calls.indices {
            var ready = [first]
            while let index = ready.popLast() {
                let call = calls[index]
                let layer = layers[call.layer]
                let firstCall = "0/\(layer.name)"
                var inputs: [Int] = []
                var missing = call.number > 0 && nodes[firstCall] == nil ? firstCall : nil
                for input in call.inputs where missing == nil {
                    let key = "\(input.call)/\(input.name)"
                    if let node = nodes[key] { inputs.append(node) } else { missing = key }
                }
                if let missing {
                    waiting[missing, default: []].append(index)
                    continue
                }
                do throws(ApusError) {
                    let node: Int
                    if let known = placed[call.layer] {
                        node = try builder.call(known, inputs: inputs)
                    } else {
                        node = try builder.add(layer, inputs: inputs)
                        placed[call.layer] = builder.layerCount - 1
                    }
                    let key = "\(call.number)/\(layer.name)"
                    nodes[key] = node
                    count += 1
                    if let woken = waiting.removeValue(forKey: key) { ready += woken.reversed() }
                } catch { throw error.within("layer '\(layer.name)'") }
            }
        }
        if count < calls.count, let blocked = waiting.values.joined().min() {
            throw .corrupt(
                "layer '\(layers[calls[blocked].layer].name)': its inputs do not exist, or the graph has a cycle.")
        }
        return nodes
    }

    /// One reference, an array of them, or an object of them.
    private static func references(_ json: JSON?, _ key: String) throws(ApusError) -> [(name: String, call: Int)] {
        guard let json else { throw .corrupt("A Functional configuration must have \(key).") }
        if let one = reference(json) { return [one] }
        let list = json.arrayValue ?? json.objectValue?.map(\.value) ?? []
        var result: [(name: String, call: Int)] = []
        for item in list {
            guard let one = reference(item) else { throw .corrupt("\(key) holds \(item.text.prefix(80)), not a reference.") }
            result.append(one)
        }
        return result
    }

    private static func reference(_ json: JSON) -> (name: String, call: Int)? {
        guard let items = json.arrayValue, items.count >= 3, let name = items[0].stringValue,
            let call = items[1].integerValue, items[2].integerValue == 0
        else { return nil }
        return (name, call)
    }

    /// The inputs of each call, from Keras 2's arrays or Keras 3's {"args": ...}.
    private static func inboundCalls(_ json: JSON?, layer: String) throws(ApusError) -> [[(name: String, call: Int)]] {
        var calls: [[(name: String, call: Int)]] = []
        for call in json?.arrayValue ?? [] {
            var inputs: [(name: String, call: Int)] = []
            if let arguments = call["args"]?.arrayValue {
                let tensors = arguments.count == 1 ? arguments[0].arrayValue ?? arguments : arguments
                for tensor in tensors {
                    guard let history = tensor["config"]?["keras_history"], let one = reference(history) else {
                        throw .unsupported("layer '\(layer)': it is called with something that is not a tensor.")
                    }
                    inputs.append(one)
                }
            } else if let one = reference(call) {
                inputs.append(one)
            } else {
                for item in call.arrayValue ?? [] {
                    guard let one = reference(item) else {
                        throw .corrupt("layer '\(layer)': inbound_nodes holds \(item.text.prefix(80)), not a reference.")
                    }
                    inputs.append(one)
                }
            }
            calls.append(inputs)
        }
        return calls
    }
}
