import Core

/// What configurations mean by the version of Keras that wrote them.
///
/// Old files leave out what their weights tell: GRU has had its `reset_after` since Keras 2.1, with another default in
/// standalone Keras and TensorFlow 1 than later. With it a GRU has two biases.
enum OldConfiguration {
    /// The function that Keras 2 and 3 define differently under one name: clip(x/5 + 1/2, 0, 1) and
    /// clip(x/6 + 1/2, 0, 1), which is Apus's.
    private static let changed = "hard_sigmoid"
    /// The keys whose text is the name of a function.
    private static let functions: Set<String> = ["activation", "recurrent_activation", "class_name", "config"]

    /// Throws `unsupported`, naming the layer, for a file of Keras 2 that uses a function with another meaning here.
    static func check(_ model: JSON, _ version: String?) throws(ApusError) {
        guard let version, version.hasPrefix("2."), mentionsChanged(model) else { return }
        let layers = model["config"]?["layers"]?.arrayValue ?? model["config"]?.arrayValue ?? []
        let name = layers.first(where: mentionsChanged)?["config"]?["name"]?.stringValue ?? ""
        throw .unsupported(
            "layer '\(name)': the \(changed) of Keras \(version) is another function than that of Keras 3, which this version has."
        )
    }

    /// Whether a configuration names the function. The parser has bounded how deep it is.
    static func mentionsChanged(_ json: JSON) -> Bool {
        if let items = json.objectValue {
            return items.contains { item in
                item.value.stringValue.map { $0 == changed && functions.contains(item.key) } ?? mentionsChanged(item.value)
            }
        }
        return json.arrayValue?.contains(where: mentionsChanged) ?? false
    }

    /// The model's configuration with a `reset_after` in every GRU.
    static func completed(_ model: JSON, _ version: String?, _ found: [NetworkReader.StoredLayer]) -> JSON {
        guard lacks(model) else { return model }
        var byName: [String: [StoredArray]] = [:]
        for layer in found { byName[layer.name] = layer.arrays }
        let isOld = version.map(isBefore24) ?? false
        func layer(_ json: JSON) -> JSON {
            let name = json["config"]?["name"]?.stringValue ?? json["name"]?.stringValue ?? ""
            return filled(json, resetAfter(byName[name] ?? []) ?? !isOld)
        }
        return replacing("config", in: model) { config in
            if let layers = config.arrayValue { return .array(layers.map(layer)) }
            return replacing("layers", in: config) { .array(($0.arrayValue ?? []).map(layer)) }
        }
    }

    /// By the shapes of biases: [2, 3 units] with it, [3 units] without; nil where there are none.
    private static func resetAfter(_ arrays: [StoredArray]) -> Bool? {
        let biases = arrays.filter { $0.name.hasSuffix("bias:0") || $0.name.hasSuffix("bias") }
        return biases.isEmpty ? nil : biases.contains { $0.shape.rank == 2 && $0.shape[0] == 2 }
    }

    private static func isGRU(_ json: JSON) -> Bool { json["class_name"]?.stringValue == "GRU" && json["config"] != nil }

    /// Whether any GRU within does not say it. The parser has bounded how deep this goes.
    private static func lacks(_ json: JSON) -> Bool {
        if isGRU(json), json["config"]?["reset_after"] == nil { return true }
        if let items = json.objectValue { return items.contains { lacks($0.value) } }
        return json.arrayValue?.contains(where: lacks) ?? false
    }

    private static func filled(_ json: JSON, _ value: Bool) -> JSON {
        if isGRU(json), json["config"]?["reset_after"] == nil {
            return replacing("config", in: json) {
                .object(($0.objectValue ?? []) + [(key: "reset_after", value: .bool(value))])
            }
        }
        if let items = json.objectValue {
            return .object(items.map { (key: $0.key, value: filled($0.value, value)) })
        }
        return json.arrayValue.map { .array($0.map { filled($0, value) }) } ?? json
    }

    private static func replacing(_ key: String, in json: JSON, _ change: (JSON) -> JSON) -> JSON {
        guard let items = json.objectValue else { return json }
        return .object(items.map { $0.key == key ? (key: key, value: change($0.value)) : $0 })
    }

    private static func isBefore24(_ version: String) -> Bool {
        let parts = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        guard parts.count == 2 else { return false }
        return parts[0] < 2 || (parts[0] == 2 && parts[1] < 4)
    }
}
