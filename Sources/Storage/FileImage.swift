import Core

/// A model file as bytes: to one and from one.
package enum FileImage {
    /// What tells the shapes of the weights from a network's configuration, before any weight is read: the layers that
    /// have weights, in model order. It throws for configurations that it cannot make a network of.
    package typealias Layout = (JSON) throws(ApusError) -> [WeightLayout]

    // Writing

    /// The bytes of an HDF5 file: a network in Keras's legacy layout, any other model in the native one (see
    /// docs/file-format.md). Equal models give equal bytes.
    ///
    /// Throws `invalidArgument` for names that no file can hold, `outOfMemory`, `limit`, `interrupted`.
    package static func encode(_ model: SavedModel, in context: Context) throws(ApusError) -> Buffer<UInt8> {
        try parts(of: model, in: context).gathered(in: context.allocator)
    }

    /// The same file in parts, of which the model's arrays are some: they must not change meanwhile.
    package static func parts(of model: SavedModel, in context: Context) throws(ApusError) -> FileParts {
        switch model {
        case .estimator(let record): try RecordWriter.parts(of: record, in: context)
        case .network(let network): try NetworkWriter.parts(of: network, in: context)
        }
    }

    /// The version of libhdf5, which writes the files: "1.10.8".
    package static var libraryVersion: String { Library.version }

    /// Ids that are open in libhdf5 in this process; 0 between calls unless the host uses it too. For tests.
    package static func openIdentifiers() throws(ApusError) -> Int { try Library.openIdentifiers() }

    // Reading

    /// The model in the file at `path`, which must be a regular file. See `decode(bytes:)`; also throws `io`, when the
    /// file is cut short or written meanwhile too. Arrays are read straight to where they stay.
    package static func decode(
        path: String, limits: LoadLimits = LoadLimits(), in context: Context, training: Bool = true, layout: Layout?
    ) throws(ApusError) -> SavedModel {
        let file = try OpenFile(path, as: "a model")
        guard file.size <= limits.maximumFile else {
            throw .limit("'\(path)' has \(file.size) bytes; the load limit is \(limits.maximumBytes) bytes of arrays.")
        }
        do throws(ApusError) {
            let content = FileBytes(try FilePages(file, in: context.allocator))
            let model = try decode(content, limits, context, training, layout)
            try file.checkUnchanged()
            return model
        } catch {
            // What looks like damage may be a file that is being written.
            if error.code == .corrupt { try file.checkUnchanged() }
            throw error.within(file)
        }
    }

    /// The model in the bytes of a file, which are not kept. What it is shows in the content. `training` false leaves a
    /// network's training state unread; `layout` nil accepts weights of any shape.
    ///
    /// Throws `corrupt` for what is damaged, `unsupported` for what is well-formed and cannot be read, `limit` past the
    /// limits, and what `layout` throws. Nothing is allocated from a declared size that the file's own size or `layout`
    /// does not bear out.
    package static func decode(
        bytes: UnsafeRawBufferPointer, limits: LoadLimits = LoadLimits(), in context: Context, training: Bool = true,
        layout: Layout?
    ) throws(ApusError) -> SavedModel {
        if bytes.isEmpty { throw foreign(bytes) }
        return try decode(FileBytes(bytes), limits, context, training, layout)
    }

    private static func decode(
        _ content: FileBytes, _ limits: LoadLimits, _ context: Context, _ training: Bool, _ layout: Layout?
    ) throws(ApusError) -> SavedModel {
        guard let superblock = try FileReader.superblock(in: content) else {
            let head = try content.run(0, min(content.count, 64))
            defer { withExtendedLifetime(head) {} }
            throw foreign(head.bytes)
        }
        let file = try FileReader(content, superblock: superblock, limits: limits, in: context)
        defer { file.forget() }
        let root = try file.root()
        if let format = try root.attribute("apus_format") {
            let name = try format.text()
            guard name == RecordWriter.format else {
                throw .unsupported("The file has the format '\(name)'; models have '\(RecordWriter.format)'.")
            }
            try RecordReader.checkVersions(of: root, "The file")
            return .estimator(try RecordReader.record(in: root))
        }
        if try root.attribute("model_config") != nil {
            return .network(try NetworkReader.network(in: root, training: training, layout: layout))
        }
        throw try withoutModel(root)
    }

    /// The model in a file image that is owned.
    package static func decode(
        bytes: Buffer<UInt8>, limits: LoadLimits = LoadLimits(), in context: Context, training: Bool = true,
        layout: Layout?
    ) throws(ApusError) -> SavedModel {
        defer { withExtendedLifetime(bytes) {} }
        return try decode(
            bytes: UnsafeRawBufferPointer(bytes.elements), limits: limits, in: context, training: training,
            layout: layout)
    }

    /// Why HDF5 files that hold no whole model are refused.
    private static func withoutModel(_ root: FileObject) throws(ApusError) -> ApusError {
        let hasLayers = try root.attribute("layer_names") != nil
        let hasSplitLayers = try root.attribute("layer_names0") != nil
        if hasLayers || hasSplitLayers {
            return .unsupported("The file holds Keras weights without a model (save_weights); a whole model is needed.")
        }
        let names = try root.isGroup ? root.names() : []
        if names.contains(where: { ["layers", "vars", "_layer_checkpoint_dependencies"].contains($0) }) {
            return .unsupported(
                "The file holds Keras 3 weights without a model (.weights.h5); a whole model is needed.")
        }
        return .unsupported("The file is HDF5 and holds no model: neither 'apus_format' nor 'model_config' is there.")
    }

    /// Why content that is not HDF5 is refused.
    static func foreign(_ bytes: UnsafeRawBufferPointer, _ what: String = "a model") -> ApusError {
        func starts(_ signature: [UInt8]) -> Bool { bytes.starts(with: signature) }
        if bytes.isEmpty { return .corrupt("The file is empty.") }
        if starts([0x50, 0x4B, 3, 4]) || starts([0x50, 0x4B, 5, 6]) {
            return .unsupported(
                "The file is a zip archive; .keras archives are not read by this version. Save as .h5 in Keras.")
        }
        if bytes.count < FileReader.signature.count, FileReader.signature.starts(with: bytes) {
            return .corrupt("The file is truncated: it has \(bytes.count) bytes.")
        }
        if starts([0x1F, 0x8B]) { return .unsupported("The file is compressed with gzip, not \(what) file.") }
        if starts([0x80]), bytes.count > 1, bytes[1] <= 5 {
            return .unsupported("The file looks like a Python pickle, which is never loaded.")
        }
        if starts([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) {
            return .unsupported("The file is a numpy array (.npy), not \(what) file.")
        }
        if bytes.prefix(64).drop(while: { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D }).first == UInt8(ascii: "{") {
            return .unsupported("The file looks like JSON, not \(what) file.")
        }
        return .corrupt("The file is not an HDF5 file: it lacks the signature.")
    }

    /// The value of a JSON text in a file.
    static func json(_ text: String, _ name: String, _ limits: LoadLimits) throws(ApusError) -> JSON {
        guard text.utf8.count <= LoadLimits.maximumConfiguration else {
            throw .limit("'\(name)' has \(text.utf8.count) bytes; the limit is \(LoadLimits.maximumConfiguration).")
        }
        do throws(ApusError) {
            return try JSONParser.parse(text, maximumDepth: limits.maximumDepth)
        } catch {
            throw ApusError(error.code == .invalidArgument ? .corrupt : error.code, "'\(name)': \(error.message)")
        }
    }
}
