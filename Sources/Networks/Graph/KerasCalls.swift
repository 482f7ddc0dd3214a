import Core

/// The calls of layers in a Functional configuration: `inbound_nodes`, in Keras 2's arrays or Keras 3's objects.
struct KerasCall {
    /// An output of a call of a layer.
    struct Reference {
        let name: String
        let call: Int
        let tensor: Int

        var key: String { "\(call)/\(name)" }
    }

    /// Tensors by position.
    var positional: [Reference] = []
    /// Tensors by name.
    var named: [(name: String, references: [Reference])] = []
    /// Plain values by name.
    var plain: [(key: String, value: JSON)] = []
    /// Written as arrays, in which Keras 2 counts the calls of nested models from 1.
    var isKeras2 = false

    /// The inputs in the order in which the layer takes them. Throws `unsupported` for tensors that it does not take.
    func inputs(of layer: any Layer) throws(ApusError) -> [Reference] {
        var result = positional
        for name in layer.inputNames.dropFirst(min(1, positional.count)) {
            for item in named where item.name == name { result += item.references }
        }
        if let foreign = named.first(where: { !layer.inputNames.contains($0.name) }) {
            throw .unsupported("It is called with a tensor as \(foreign.name), which is not supported.")
        }
        return result
    }

    // MARK: Reading

    /// What says nothing: masks find their way by themselves.
    private static let passedOver: Set<String> = ["mask", "training"]

    static func reference(_ json: JSON) -> Reference? {
        guard let items = json.arrayValue, items.count >= 3, let name = items[0].stringValue,
            let call = items[1].integerValue, let tensor = items[2].integerValue, tensor >= 0
        else { return nil }
        return Reference(name: name, call: call, tensor: tensor)
    }

    /// The calls of one layer. Throws `corrupt` or `unsupported`; the caller adds the layer's name.
    static func calls(_ json: JSON?) throws(ApusError) -> [KerasCall] {
        var calls: [KerasCall] = []
        for call in json?.arrayValue ?? [] {
            if call["args"] != nil || call["kwargs"] != nil {
                calls.append(try fromObject(call))
            } else {
                calls.append(try fromArrays(call))
            }
        }
        return calls
    }

    private static func fromObject(_ json: JSON) throws(ApusError) -> KerasCall {
        var call = KerasCall()
        for argument in json["args"]?.arrayValue ?? [] {
            for item in argument.arrayValue ?? [argument] {
                if item.isNull { continue }
                guard let one = tensor(item) else {
                    throw .unsupported("It is called with \(item.text.prefix(80)), which is not a tensor.")
                }
                call.positional.append(one)
            }
        }
        for (key, value) in json["kwargs"]?.objectValue ?? [] where !value.isNull && !passedOver.contains(key) {
            let list = value.arrayValue ?? [value]
            let tensors = list.compactMap(tensor)
            if !tensors.isEmpty, tensors.count == list.count {
                call.named.append((key, tensors))
            } else {
                call.plain.append((key: key, value: value))
            }
        }
        return call
    }

    private static func tensor(_ json: JSON) -> Reference? {
        guard json["class_name"]?.stringValue == "__keras_tensor__" else { return nil }
        return json["config"]?["keras_history"].flatMap(reference)
    }

    private static func fromArrays(_ json: JSON) throws(ApusError) -> KerasCall {
        var call = KerasCall()
        call.isKeras2 = true
        for item in reference(json) != nil ? [json] : json.arrayValue ?? [] {
            guard let one = reference(item) else {
                throw .corrupt("inbound_nodes holds \(item.text.prefix(80)), not a reference.")
            }
            call.positional.append(one)
            guard let items = item.arrayValue, items.count > 3 else { continue }
            for (key, value) in items[3].objectValue ?? [] where !value.isNull && !passedOver.contains(key) {
                if let constant = value.arrayValue, constant.first?.stringValue == "_CONSTANT_VALUE" {
                    if let plain = constant.last, !plain.isNull { call.plain.append((key: key, value: plain)) }
                } else if let one = reference(value) {
                    call.named.append((key, [one]))
                } else if let list = value.arrayValue, !list.isEmpty, list.allSatisfy({ reference($0) != nil }) {
                    call.named.append((key, list.compactMap(reference)))
                } else {
                    call.plain.append((key: key, value: value))
                }
            }
        }
        return call
    }
}
