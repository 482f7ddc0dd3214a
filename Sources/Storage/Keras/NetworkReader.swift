import Core

/// Keras's legacy HDF5 layout, read from any writer: Keras 2 and 3, repacked files, fixed and variable texts.
enum NetworkReader {
    /// The network at the root of a file.
    static func network(in root: FileObject, training: Bool, layout: FileImage.Layout?) throws(ApusError)
        -> NetworkRecord
    {
        let version = try root.attribute("keras_version")?.text()
        if let version, version.hasPrefix("1.") || version == "1" {
            throw .unsupported("The file was written by Keras \(version), whose layout is not read; Keras 2 and 3 are.")
        }
        guard let config = try json("model_config", of: root) else {
            throw FileBytes.damaged("it has no 'model_config'")
        }
        guard let group = try root.child("model_weights") else {
            throw FileBytes.damaged("it has no group 'model_weights'")
        }
        let expected = try layout?(config)
        var network = NetworkRecord(config: config, kerasVersion: version)
        network.layers = try layers(in: group, expected)
        network.block = expected?.first?.block?.floats
        if training { network.training = try self.training(in: root) }
        return network
    }

    private static func json(_ name: String, of root: FileObject) throws(ApusError) -> JSON? {
        guard let attribute = try root.attribute(name) else { return nil }
        return try FileImage.json(attribute.text(), name, root.file.limits)
    }

    // Weights

    /// All layers of the file, in its order. Those with weights are paired by position with what is expected; every array
    /// is checked before any is allocated.
    private static func layers(in group: FileObject, _ expected: [WeightLayout]?) throws(ApusError)
        -> [NetworkRecord.Layer]
    {
        var found: [(name: String, arrays: [StoredArray])] = []
        var total = 0
        for name in try group.list("layer_names") {
            guard let layer = try group.descendant(name), layer.isGroup else {
                throw FileBytes.damaged("the layer '\(name)' has no group")
            }
            try group.file.visit(layer.address, name)
            let names = try layer.list("weight_names")
            total += names.count
            guard total <= group.file.limits.maximumLayers else {
                throw .limit("The file has more than \(group.file.limits.maximumLayers) weights.")
            }
            found.append((name, try arrays(names, in: layer)))
        }
        if let top = try group.child(NetworkWriter.topLevel), try !top.list("weight_names").isEmpty {
            throw .unsupported("The model has weights outside its layers ('\(NetworkWriter.topLevel)').")
        }
        if let expected {
            try check(found, against: expected)
            try allocate(for: found, expected, in: group.file)
        }

        var layers: [NetworkRecord.Layer] = []
        var wanted = (expected ?? []).filter { !$0.weights.isEmpty }[...]
        for (name, arrays) in found {
            var layer = NetworkRecord.Layer(name: name)
            let layout = arrays.isEmpty ? nil : wanted.popFirst()
            for (index, array) in arrays.enumerated() {
                let place = try layout?.place(of: index)
                layer.weights.append((name: short(array.name, name), value: try array.weight(at: place)))
            }
            layers.append(layer)
        }
        return layers
    }

    /// Makes the model's memory, now that the file is known to have what belongs there.
    private static func allocate(
        for found: [(name: String, arrays: [StoredArray])], _ expected: [WeightLayout], in file: FileReader
    ) throws(ApusError) {
        var bytes = 0
        for layer in found {
            for array in layer.arrays { try array.checkStored(&bytes) }
        }
        guard let block = expected.first?.block else { return }
        guard block.count <= file.limits.maximumBytes / MemoryLayout<Float>.size else {
            throw .limit("The network's weights take the file past the load limit of \(file.limits.maximumBytes) bytes.")
        }
        try block.allocate(in: file.context.allocator)
        if let floats = block.floats {
            LargePages.advise(UnsafeMutableRawPointer(floats.pointer), floats.count * MemoryLayout<Float>.stride)
        }
    }

    private static func arrays(_ names: [String], in group: FileObject) throws(ApusError) -> [StoredArray] {
        var arrays: [StoredArray] = []
        for name in names {
            guard let object = try group.descendant(name) else {
                throw FileBytes.damaged("the weight '\(name)' is listed and missing")
            }
            arrays.append(try StoredArray(object, name))
        }
        return arrays
    }

    /// Throws unless layers, weights and shapes are those of the configuration.
    private static func check(
        _ found: [(name: String, arrays: [StoredArray])], against expected: [WeightLayout]
    ) throws(ApusError) {
        let found = found.filter { !$0.arrays.isEmpty }
        let expected = expected.filter { !$0.weights.isEmpty }
        guard found.count == expected.count else {
            throw .corrupt("The file has weights of \(found.count) layers, the configuration needs \(expected.count).")
        }
        for (layer, wanted) in zip(found, expected) {
            guard layer.arrays.count == wanted.weights.count else {
                throw .corrupt(
                    "The layer '\(wanted.layer)' needs \(wanted.weights.count) weights, the file has \(layer.arrays.count) in '\(layer.name)'."
                )
            }
            for (array, weight) in zip(layer.arrays, wanted.weights) {
                switch array.type {
                case .float: break
                // A count is a whole number: that of Normalization.
                case .integer where array.shape.rank == 0: break
                default:
                    throw .corrupt(
                        "The weight '\(weight.name)' of layer '\(wanted.layer)' must be a float array, the file has \(array.type.name)."
                    )
                }
                guard array.shape == weight.shape else {
                    throw .corrupt(
                        "The weight '\(weight.name)' of layer '\(wanted.layer)' must have shape \(weight.shape), the file has \(array.shape)."
                    )
                }
            }
        }
    }

    /// The variable's part of a weight's name: without the layer's name in front, and what was before that, and ":0".
    private static func short(_ name: String, _ layer: String) -> String {
        var parts = name.split(separator: "/")[...]
        if let place = parts.firstIndex(where: { $0 == layer }), place < parts.endIndex - 1 {
            parts = parts[(place + 1)...]
        }
        var text = parts.joined(separator: "/")
        if text.hasSuffix(":0") { text.removeLast(2) }
        return text
    }

    // Training

    /// The training state; nil when the file has none.
    private static func training(in root: FileObject) throws(ApusError) -> NetworkRecord.Training? {
        guard let config = try json("training_config", of: root) else { return nil }
        var training = NetworkRecord.Training(config: config)
        if let group = try root.child("optimizer_weights") {
            for array in try arrays(group.list("weight_names"), in: group) {
                training.optimizerWeights.append((name: array.name, value: try array.tensor(exact: false)))
            }
        }
        if let group = try root.child(NetworkWriter.trainerGroup) {
            try RecordReader.checkVersions(of: group, "The training state")
            training.state = try RecordReader.record(in: group)
        }
        return training
    }
}
