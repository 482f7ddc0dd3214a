import Core

/// Keras 3's archives, .keras: a zip file of the configuration and of the weights as HDF5.
enum ArchiveReader {
    /// The members that count.
    enum Name {
        static let metadata = "metadata.json"
        static let configuration = "config.json"
        static let weights = "model.weights.h5"
        static let numpyWeights = "model.weights.npz"
    }

    /// Bytes of the weights beside their arrays.
    private static let overhead = 256 << 20

    /// The network in an archive. Every size is checked against the configuration before arrays are allocated.
    static func network(
        _ bytes: UnsafeRawBufferPointer, limits: LoadLimits, in context: Context, training: Bool,
        layout: FileImage.Layout?
    ) throws(ApusError) -> NetworkRecord {
        let archive = try ZipArchive(
            bytes, names: [Name.metadata, Name.configuration, Name.weights, Name.numpyWeights])
        guard let config = try json(Name.configuration, in: archive, limits, context) else {
            throw .unsupported("The zip archive holds no Keras model: it has no '\(Name.configuration)'.")
        }
        let version = try json(Name.metadata, in: archive, limits, context)?["keras_version"]?.stringValue
        try NetworkReader.check(version: version)
        try OldConfiguration.check(config, version)
        let member = try weights(of: archive)
        guard let layout else { throw .invalid("An archive cannot be read without the layout of its weights.") }
        let expected = try layout(config)
        var network = NetworkRecord(.archive, config: config, kerasVersion: version)
        let weights = try content(of: member, in: archive, limits, context)
        defer { withExtendedLifetime(weights) {} }
        do throws(ApusError) {
            let root = try FileImage.root(of: weights.bytes, limits: limits, in: context)
            defer { root.file.forget() }
            network.layers = try layers(in: root, expected)
            network.block = expected.layers.first?.block?.floats
            if training { network.training = try self.training(config["compile_config"], in: root) }
        } catch {
            throw error.code == .interrupted ? error : error.within("'\(Name.weights)'")
        }
        return network
    }

    /// The HDF5 file of weights in an archive.
    static func weights(in bytes: UnsafeRawBufferPointer, limits: LoadLimits, in context: Context) throws(ApusError)
        -> FileBytes.Run
    {
        let archive = try ZipArchive(bytes, names: [Name.weights, Name.numpyWeights])
        return try content(of: weights(of: archive), in: archive, limits, context)
    }

    private static func weights(of archive: ZipArchive) throws(ApusError) -> ZipArchive.Member {
        if let member = archive.member(Name.weights) { return member }
        if archive.member(Name.numpyWeights) != nil {
            throw .unsupported("The archive has its weights as '\(Name.numpyWeights)'; '\(Name.weights)' is read.")
        }
        throw .corrupt("The archive has no '\(Name.weights)'.")
    }

    private static func content(
        of member: ZipArchive.Member, in archive: ZipArchive, _ limits: LoadLimits, _ context: Context
    ) throws(ApusError) -> FileBytes.Run {
        let (most, overflow) = limits.maximumBytes.addingReportingOverflow(overhead)
        return try archive.content(of: member, limit: overflow ? Int.max : most, in: context)
    }

    /// A member's JSON; nil when there is none.
    private static func json(
        _ name: String, in archive: ZipArchive, _ limits: LoadLimits, _ context: Context
    ) throws(ApusError) -> JSON? {
        guard let member = archive.member(name) else { return nil }
        let content = try archive.content(of: member, limit: LoadLimits.maximumConfiguration, in: context)
        defer { withExtendedLifetime(content) {} }
        guard let text = String(validating: content.bytes, as: UTF8.self) else {
            throw .corrupt("'\(name)' is not UTF-8.")
        }
        return try FileImage.json(text, name, limits)
    }

    private static func layers(in root: FileObject, _ expected: NetworkLayout) throws(ApusError)
        -> [NetworkRecord.Layer]
    {
        let weights = try WeightTreeReader.weights(in: root, expected)
        var layers: [NetworkRecord.Layer] = []
        for (layer, tensors) in zip(expected.layers, weights) {
            var read = NetworkRecord.Layer(name: layer.layer)
            for (weight, tensor) in zip(layer.weights, tensors) {
                guard let tensor else { throw .corrupt("The weight '\(weight.name)' of layer '\(layer.layer)' is missing.") }
                read.weights.append((name: weight.name, value: tensor))
            }
            layers.append(read)
        }
        return layers
    }

    /// The training state; nil for a model that was not compiled.
    private static func training(_ config: JSON?, in root: FileObject) throws(ApusError) -> NetworkRecord.Training? {
        let state = try NetworkReader.trainerState(in: root)
        guard let config, config.objectValue?.isEmpty == false || state != nil else { return nil }
        var training = NetworkRecord.Training(config: config, state: state)
        let group = try root.child(WeightTreeWriter.optimizerGroup)
        for array in try WeightTreeReader.variables(of: group, path: WeightTreeWriter.optimizerGroup) {
            training.optimizerWeights.append((name: array.name, value: try array.tensor(exact: false)))
        }
        return training
    }
}
