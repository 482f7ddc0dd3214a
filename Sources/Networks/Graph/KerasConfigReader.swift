import Core

/// Reads Keras's model configurations in any notation of Keras 2 and 3.
struct KerasConfigReader {
    /// For warnings; nil for none.
    private let context: Context?
    private let maximumLayers: Int
    /// Whether unknown parameters are refused, as in calls, instead of being passed over, as in files.
    private let isStrict: Bool

    init(_ context: Context?, maximumLayers: Int, isStrict: Bool = false) {
        self.context = context
        self.maximumLayers = maximumLayers
        self.isStrict = isStrict
    }

    static func isModel(_ className: String?) -> Bool { ["Sequential", "Functional", "Model"].contains(className) }

    /// The graph of {"class_name": ..., "config": ...}.
    func model(_ json: JSON) throws(ApusError) -> NetworkGraph {
        guard let className = json["class_name"]?.stringValue, let config = json["config"] else {
            throw .corrupt("A model configuration must have class_name and config.")
        }
        try KerasOrigin.check(json)
        let name = config["name"]?.stringValue ?? snakeCase(className)
        let builder = NetworkBuilder(name: name, allocator: context?.allocator ?? Allocator(), maximumLayers: maximumLayers)
        switch className {
        case "Sequential":
            guard let layers = config.arrayValue ?? config["layers"]?.arrayValue else {
                throw .corrupt("A Sequential configuration must have layers.")
            }
            let names = try sequential(layers, config, json["build_config"]?["input_shape"], builder)
            return try builder.graph(listing: (isSequential: true, names: names))
        case "Functional", "Model":
            return try functional(config, builder)
        default:
            throw .unsupported("A model of class '\(className)' is not supported; Sequential and Functional are.")
        }
    }

    // MARK: Sequential

    /// Adds the layers; their names.
    private func sequential(
        _ layers: [JSON], _ config: JSON, _ builtShape: JSON?, _ builder: NetworkBuilder
    ) throws(ApusError) -> [String] {
        var all: [String] = []
        for (index, json) in layers.enumerated() {
            let layer = try layer(json)
            if index == 0, !(layer.layer is InputLayer) {
                let own = json["config"]
                // A name that the layers to come do not have.
                let names = Set(layers.compactMap { $0["config"]?["name"]?.stringValue })
                var name = "input_layer"
                while names.contains(name) { name += "_" }
                let given: [(key: String, value: JSON)]
                if let model = layer.layer as? NestedModel {
                    given = [(key: "shape", value: .array(model.graph.inputShape(0).jsonExtents))]
                } else if let shape = own?["batch_input_shape"] ?? own?["batch_shape"] ?? config["build_input_shape"]
                    ?? config["batch_input_shape"] ?? builtShape
                {
                    given = try KerasConfigReader.inputParameters(shape)
                } else {
                    throw .unsupported("The Sequential configuration has no input shape, so it is not built.")
                }
                try builder.add("InputLayer", given: given + [(key: "name", value: .string(name))], inputs: nil)
                all.append(name)
            }
            all.append(layer.name)
            do { _ = try builder.add(layer, inputs: nil) } catch { throw error.within("layer '\(layer.name)'") }
        }
        return all
    }

    // MARK: Layers

    private static func inputParameters(_ batchShape: JSON) throws(ApusError) -> [(key: String, value: JSON)] {
        // null, or [null, 28, 28]: the batch goes
        guard let extents = batchShape.arrayValue, !extents.isEmpty else {
            throw .unsupported("The input shape \(batchShape.text) is not one array of extents.")
        }
        for extent in extents where !extent.isNull && (extent.integerValue == nil || extent.boolValue != nil) {
            throw .unsupported("The input shape \(batchShape.text) has an extent that is not a whole number or null.")
        }
        return [
            (key: "shape", value: .array(Array(extents.dropFirst()))), (key: "batch_size", value: extents[0]),
        ]
    }

    /// Keys that say nothing about what a layer computes.
    private static let ignored: Set<String> = [
        "dtype", "dtype_policy", "batch_input_shape", "batch_shape", "build_config", "sparse", "ragged", "optional",
        "input_dtype", "noise_shape", "quantization_config", "lora_rank", "lora_alpha", "quantization_mode",
        "input_dim", "input_length", "shared_object_id", "implementation", "seed", "synchronized", "renorm_clipping",
        "renorm_momentum", "kernel_initializer",
    ]
    /// Keys that matter in training alone.
    private static let trainingOnly = ["_regularizer", "_constraint"]
    /// Keys that must be null.
    private static let mustBeNull = ["quantization_config", "lora_rank", "noise_shape", "sliding_window"]
    /// Keys that must be false.
    private static let mustBeFalse = ["time_major", "renorm", "use_gate"]

    /// The layer of {"class_name": ..., "config": ...}.
    ///
    /// - Parameter keywords: values that Keras passes with each call and that are parameters here.
    func layer(_ json: JSON, keywords: [(key: String, value: JSON)] = []) throws(ApusError) -> GraphLayer {
        let className = json["class_name"]?.stringValue ?? json.stringValue
        guard let className, let config = json["config"]?.objectValue ?? (isStrict ? [] : nil) else {
            throw .corrupt("A layer must have class_name and config.")
        }
        let given = config.last { $0.key == "name" }?.value.stringValue ?? json["name"]?.stringValue
        do { try KerasOrigin.check(json) } catch { throw given.map { error.within("layer '\($0)'") } ?? error }
        guard let name = given ?? (isStrict ? snakeCase(className) : nil) else {
            throw .corrupt("A layer of class '\(className)' has no name.")
        }
        let trainable = json["config"]?["trainable"]?.boolValue ?? true
        do throws(ApusError) {
            if KerasConfigReader.isModel(className) {
                return GraphLayer(name: name, isTrainable: trainable, layer: NestedModel(try model(json)))
            }
            let entry = try LayerCatalog.family.entry(className)
            if entry.className == "InputLayer" { return try input(json, name, entry) }
            let (given, kept) = try parameters(config + keywords, entry, name)
            return GraphLayer(
                name: name, isTrainable: trainable,
                layer: try entry.make(
                    Parameters(
                        kind: entry.className, specs: entry.parameters, given: given, lenient: !isStrict)),
                keptConfig: kept)
        } catch { throw (isStrict ? error : error.inFile).within("layer '\(name)'") }
    }

    private func input(_ json: JSON, _ name: String, _ entry: Entry<any Layer>) throws(ApusError) -> GraphLayer {
        for key in ["sparse", "ragged"] where json["config"]?[key]?.boolValue == true {
            throw .unsupported("\(key) inputs are not supported.")
        }
        guard let shape = json["config"]?["batch_shape"] ?? json["config"]?["batch_input_shape"] else {
            throw .corrupt("An InputLayer needs batch_shape or batch_input_shape.")
        }
        return GraphLayer(
            name: name, isTrainable: true,
            layer: try entry.make(
                Parameters(
                    kind: entry.className, specs: entry.parameters,
                    given: KerasConfigReader.inputParameters(shape))))
    }

    /// A layer's configuration as its parameters, and the regularizers and constraints that are only kept.
    private func parameters(
        _ config: [(key: String, value: JSON)], _ entry: Entry<any Layer>, _ name: String
    ) throws(ApusError) -> (given: [(key: String, value: JSON)], kept: [(key: String, value: JSON)]) {
        var given: [(key: String, value: JSON)] = []
        var kept: [(key: String, value: JSON)] = []
        for written in config where written.key != "name" && written.key != "trainable" {
            let item = (key: entry.formerNames[written.key] ?? written.key, value: written.value)
            let isTrainingOnly = KerasConfigReader.trainingOnly.contains { item.key.hasSuffix($0) }
            if entry.parameters.contains(where: { $0.name == item.key }) {
                // A later key of the same name wins, as in Python.
                given.removeAll { $0.key == item.key }
                if isTrainingOnly, !isStrict, !isKnown(item.key, item.value) {
                    kept.append((key: item.key, value: KerasConfigReader.portable(item.value)))
                } else {
                    given.append(item)
                }
            } else if isStrict, item.key != "dtype" {
                given.append(item)
            } else if isTrainingOnly {
                if !item.value.isNull { kept.append((key: item.key, value: KerasConfigReader.portable(item.value))) }
            } else if KerasConfigReader.mustBeFalse.contains(item.key), item.value.boolValue == true {
                throw .unsupported("\(item.key) is true; only false is supported.")
            } else if item.key == "groups" {
                // Keras 2 says it of every convolution.
                guard item.value.integerValue == 1 else {
                    throw .unsupported("groups is \(item.value.text.prefix(80)); only 1 is supported.")
                }
            } else if !item.value.isNull, item.value.boolValue != false, !KerasConfigReader.ignored.contains(item.key) {
                context?.warn("layer '\(name)': the configuration key '\(item.key)' is not known and was passed over.")
            }
        }
        for item in config where KerasConfigReader.mustBeNull.contains(item.key) && !item.value.isNull {
            if entry.parameters.contains(where: { $0.name == item.key }) { continue }
            throw .unsupported("\(item.key) is \(item.value.text); only null is supported.")
        }
        return (given, kept)
    }

    /// Whether this version has a regularizer or constraint of a file.
    private func isKnown(_ key: String, _ value: JSON) -> Bool {
        do {
            if key.hasSuffix("_constraint") {
                _ = try ConstraintCatalog.make(value, lenient: true)
            } else {
                _ = try RegularizerCatalog.make(value, lenient: true)
            }
            return true
        } catch { return false }
    }

    /// An object of a file in the notation that every Keras reads: class_name and config alone.
    private static func portable(_ json: JSON) -> JSON {
        guard let name = json["class_name"], let config = json["config"] else { return json }
        return ["class_name": name, "config": config]
    }

    // MARK: Functional

    private struct Call {
        let layer: Int
        let number: Int
        let inputs: [KerasCall.Reference]
    }

    private func functional(_ config: JSON, _ builder: NetworkBuilder) throws(ApusError) -> NetworkGraph {
        guard let entries = config["layers"]?.arrayValue else {
            throw .corrupt("A Functional configuration must have layers.")
        }
        var layers: [GraphLayer] = []
        var names: Set<String> = []
        var written: [[KerasCall]] = []
        // Keras 3 writes how masks come about as operations of the model; they are found anew.
        var operations: [String: String] = [:]
        for json in entries {
            let name = json["name"]?.stringValue ?? json["config"]?["name"]?.stringValue ?? ""
            if KerasConfigReader.isOperation(json, amongOthers: !operations.isEmpty) {
                operations[name] = json["class_name"]?.stringValue ?? ""
                continue
            }
            let calls: [KerasCall]
            do { calls = try KerasCall.calls(json["inbound_nodes"]) } catch { throw error.within("layer '\(name)'") }
            let layer = try layer(json, keywords: calls.first?.plain ?? [])
            guard names.insert(layer.name).inserted else {
                throw .corrupt("Two layers are named '\(layer.name)'.")
            }
            written.append(layer.layer is InputLayer ? [KerasCall()] : calls)
            layers.append(layer)
        }
        let isKeras2 = written.contains { $0.contains { $0.isKeras2 } }
        let models = Dictionary(
            uniqueKeysWithValues: zip(layers, written).compactMap { layer, calls in
                (layer.layer as? NestedModel).map {
                    (layer.name, (isSequential: $0.graph.isSequential, calls: calls.count))
                }
            })
        /// A reference with calls counted from 0.
        func plain(_ reference: KerasCall.Reference, isEnd: Bool) -> KerasCall.Reference {
            guard let model = models[reference.name], reference.call > 0 else { return reference }
            let shifts = isKeras2 || (isEnd && (!model.isSequential || reference.call == model.calls))
            return KerasCall.Reference(
                name: reference.name, call: reference.call - (shifts ? 1 : 0), tensor: reference.tensor)
        }
        var calls: [Call] = []
        for (index, layer) in layers.enumerated() {
            for (number, call) in written[index].enumerated() {
                var inputs: [KerasCall.Reference]
                do throws(ApusError) {
                    inputs = try call.inputs(of: layer.layer)
                    if let operation = inputs.first(where: { operations[$0.name] != nil }) {
                        throw .unsupported(
                            "It is called on the result of the operation '\(operations[operation.name] ?? "")', which is not a layer."
                        )
                    }
                } catch { throw error.within("layer '\(layer.name)'") }
                inputs = inputs.map { plain($0, isEnd: false) }
                calls.append(Call(layer: index, number: number, inputs: inputs))
            }
        }
        let values = try place(calls, of: layers, in: builder)
        func resolve(_ json: JSON?, _ key: String) throws(ApusError) -> [Int] {
            var result: [Int] = []
            for reference in try references(json, key) {
                let reference = plain(reference, isEnd: true)
                guard let first = values[reference.key], reference.tensor < builder.outputs(of: first) else {
                    throw .corrupt(
                        operations[reference.name].map { "\(key) names the operation '\($0)', which is not a layer." }
                            ?? "\(key) names '\(reference.name)', call \(reference.call), output \(reference.tensor), which does not exist."
                    )
                }
                result.append(first + reference.tensor)
            }
            return result
        }
        let inputs = try resolve(config["input_layers"], "input_layers")
        let outputs = try resolve(config["output_layers"], "output_layers")
        return try builder.graph(
            outputs: outputs, inputs: inputs, listing: (isSequential: false, names: layers.map(\.name)))
    }

    /// How Keras 3 computes masks.
    private static let maskOperations: Set<String> = [
        "NotEqual", "Any", "LogicalOr", "LogicalAnd", "LogicalNot", "ExpandDims", "OnesLike", "ZerosLike", "BroadcastTo",
        "Cast", "Equal", "Squeeze",
    ]

    /// Whether an entry of `layers` is an operation on arrays: by its module, or in old files by its class and by
    /// having nothing that every layer has.
    private static func isOperation(_ json: JSON, amongOthers: Bool) -> Bool {
        if let module = json["module"]?.stringValue { return module.hasPrefix("keras.src.ops") }
        guard let name = json["class_name"]?.stringValue, json["config"]?["trainable"] == nil,
            json["config"]?["dtype"] == nil
        else { return false }
        return maskOperations.contains(name) || (amongOthers && name == "Concatenate")
    }

    /// Makes the calls in an order in which each comes after its inputs and after the calls of its layer before it, and
    /// returns the number of each call's first value by its key. A call that must wait is looked at again when what it
    /// waits for exists, so the work grows with the number of references.
    private func place(
        _ calls: [Call], of layers: [GraphLayer], in builder: NetworkBuilder
    ) throws(ApusError) -> [String: Int] {
        var values: [String: Int] = [:]
        var placed = [Int?](repeating: nil, count: layers.count)
        var waiting: [String: [Int]] = [:]
        var count = 0
        for first in calls.indices {
            var ready = [first]
            while let index = ready.popLast() {
                let call = calls[index]
                let layer = layers[call.layer]
                let before = "\(call.number - 1)/\(layer.name)"
                var inputs: [Int] = []
                var missing = call.number > 0 && values[before] == nil ? before : nil
                for input in call.inputs where missing == nil {
                    guard let value = values[input.key] else {
                        missing = input.key
                        continue
                    }
                    guard input.tensor < builder.outputs(of: value) else {
                        throw .corrupt(
                            "layer '\(layer.name)': '\(input.name)' has no output \(input.tensor).")
                    }
                    inputs.append(value + input.tensor)
                }
                if let missing {
                    waiting[missing, default: []].append(index)
                    continue
                }
                do throws(ApusError) {
                    let value: Int
                    if let known = placed[call.layer] {
                        value = try builder.call(known, inputs: inputs)
                    } else {
                        value = try builder.add(layer, inputs: inputs)
                        placed[call.layer] = builder.layerCount - 1
                    }
                    let key = "\(call.number)/\(layer.name)"
                    values[key] = value
                    count += 1
                    if let woken = waiting.removeValue(forKey: key) { ready += woken.reversed() }
                } catch { throw error.within("layer '\(layer.name)'") }
            }
        }
        if count < calls.count, let blocked = waiting.values.joined().min() {
            throw .corrupt(
                "layer '\(layers[calls[blocked].layer].name)': its inputs do not exist, or the graph has a cycle.")
        }
        return values
    }

    /// One reference, an array of them, or an object of them.
    private func references(_ json: JSON?, _ key: String) throws(ApusError) -> [KerasCall.Reference] {
        guard let json else { throw .corrupt("A Functional configuration must have \(key).") }
        if let one = KerasCall.reference(json) { return [one] }
        let list = json.arrayValue ?? json.objectValue?.map(\.value) ?? []
        var result: [KerasCall.Reference] = []
        for item in list {
            guard let one = KerasCall.reference(item) else {
                throw .corrupt("\(key) holds \(item.text.prefix(80)), not a reference.")
            }
            result.append(one)
        }
        return result
    }
}
