import Core

/// Keras's legacy HDF5 layout, read from any writer: Keras 2 and 3, repacked files, fixed and variable texts.
enum NetworkReader {
    /// The network at the root of a file.
    static func network(in root: FileObject, training: Bool, layout: FileImage.Layout?) throws(ApusError)
        -> NetworkRecord
    {
        let version = try version(of: root)
        guard let config = try json("model_config", of: root) else {
            throw FileBytes.damaged("it has no 'model_config'")
        }
        guard let group = try root.child("model_weights") else {
            throw FileBytes.damaged("it has no group 'model_weights'")
        }
        try OldConfiguration.check(config, version)
        let found = try stored(in: group)
        let whole = OldConfiguration.completed(config, version, found)
        let expected = try layout?(whole)
        var network = NetworkRecord(config: whole, kerasVersion: version)
        network.layers = try layers(found, expected?.layers, in: root.file)
        network.block = expected?.layers.first?.block?.floats
        if training { network.training = try self.training(in: root) }
        return network
    }

    /// The version of Keras that wrote a group; nil where it does not say. Throws for one whose layout is another.
    static func version(of group: FileObject) throws(ApusError) -> String? {
        let version = try group.attribute("keras_version")?.text()
        try check(version: version)
        return version
    }

    /// Throws for a writer whose files are not read.
    static func check(version: String?) throws(ApusError) {
        if let version, version.hasPrefix("1.") || version == "1" {
            throw .unsupported("The file was written by Keras \(version), whose layout is not read; Keras 2 and 3 are.")
        }
    }

    private static func json(_ name: String, of root: FileObject) throws(ApusError) -> JSON? {
        guard let attribute = try root.attribute(name) else { return nil }
        return try FileImage.json(attribute.text(), name, root.file.limits)
    }

    // Weights

    /// The weights of a layer as a file has them.
    typealias StoredLayer = (name: String, arrays: [StoredArray])

    /// All layers of the file, in its order. Those with weights are paired by position with what is expected; every
    /// array is checked before any is allocated.
    private static func layers(
        _ found: [StoredLayer], _ expected: [WeightLayout]?, in file: FileReader
    ) throws(ApusError) -> [NetworkRecord.Layer] {
        if let expected {
            try check(found, against: expected)
            try allocate(for: found.lazy.flatMap(\.arrays), expected, in: file)
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

    /// All layers of the file, in its order. Nothing of their arrays is read.
    static func stored(in group: FileObject) throws(ApusError) -> [StoredLayer] {
        var found: [StoredLayer] = []
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
        return found
    }

    /// Makes the model's memory, now that the file is known to have what belongs there.
    static func allocate(
        for arrays: some Sequence<StoredArray>, _ expected: [WeightLayout], in file: FileReader
    ) throws(ApusError) {
        var bytes = 0
        for array in arrays { try array.checkStored(&bytes) }
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
        _ found: [StoredLayer], against expected: [WeightLayout]
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
            for (array, weight) in zip(layer.arrays, wanted.weights) { try check(array, is: weight, of: wanted.layer) }
        }
    }

    /// Throws unless an array can be that weight of a layer.
    static func check(_ array: StoredArray, is weight: (name: String, shape: Shape), of layer: String) throws(ApusError) {
        try checkType(of: array, as: weight.name, of: layer)
        guard array.shape == weight.shape else {
            throw .corrupt(
                "The weight '\(weight.name)' of layer '\(layer)' must have shape \(weight.shape), the file has \(array.shape)."
            )
        }
    }

    /// Throws for arrays that can be no weight, whatever their shape.
    static func checkType(of array: StoredArray, as weight: String, of layer: String) throws(ApusError) {
        switch array.type {
        case .float, .brainFloat: break
        // A count is a whole number: that of Normalization.
        case .integer where array.shape.rank == 0: break
        default:
            throw .corrupt(
                "The weight '\(weight)' of layer '\(layer)' must be a float array, the file has \(array.type.name).")
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
        training.state = try trainerState(in: root)
        return training
    }

    /// What Apus keeps beside Keras's training state; nil in files of other writers.
    static func trainerState(in root: FileObject) throws(ApusError) -> Record? {
        guard let group = try root.child(NetworkWriter.trainerGroup) else { return nil }
        try RecordReader.checkVersions(of: group, "The training state")
        return try RecordReader.record(in: group)
    }
}
