import Core

/// A model file as bytes: to one and from one.
package enum FileImage {
    /// What tells the shapes of the weights from a network's configuration, before any weight is read: its layers in
    /// the order of the file, and the tree of Keras 3. It throws for configurations that it cannot make a network of.
    package typealias Layout = (JSON) throws(ApusError) -> NetworkLayout

    // Writing

    /// The bytes of a file: a network in the one of Keras's forms that its record says, any other model as HDF5 in the
    /// native layout (see docs/file-format.md). Equal models and storage give equal bytes.
    ///
    /// Throws `invalidArgument` for names that no file can hold, `outOfMemory`, `limit`, `interrupted`.
    package static func encode(
        _ model: SavedModel, storage: ArrayStorage = ArrayStorage(), in context: Context
    ) throws(ApusError) -> Buffer<UInt8> {
        try parts(of: model, storage: storage, in: context).gathered(in: context.allocator)
    }

    /// The same file in parts, of which the model's arrays are some: they must not change meanwhile.
    package static func parts(
        of model: SavedModel, storage: ArrayStorage = ArrayStorage(), in context: Context
    ) throws(ApusError) -> FileParts {
        switch model {
        case .estimator(let record): try RecordWriter.parts(of: record, storage, in: context)
        case .network(let network):
            switch network.form {
            case .legacy: try NetworkWriter.parts(of: network, storage, in: context)
            case .archive: try ArchiveWriter.parts(of: network, storage, in: context)
            case .weights: try WeightTreeWriter.parts(of: network, storage, in: context)
            }
        }
    }

    /// The form of a network's file by its name, as Keras 3 takes it: .keras an archive, .weights.h5 weights alone, all
    /// others the legacy form.
    package static func form(ofFileAt path: String) -> NetworkRecord.Form {
        func ends(_ ending: String) -> Bool { path.utf8.reversed().starts(with: ending.utf8.reversed()) }
        return ends(".keras") ? .archive : ends(".weights.h5") ? .weights : .legacy
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
            let model = try decode(file, limits, context, training, layout)
            try file.checkUnchanged()
            return model
        } catch {
            // What looks like damage may be a file that is being written.
            if error.code == .corrupt { try file.checkUnchanged() }
            throw error.within(file)
        }
    }

    private static func decode(
        _ file: OpenFile, _ limits: LoadLimits, _ context: Context, _ training: Bool, _ layout: Layout?
    ) throws(ApusError) -> SavedModel {
        let content = FileBytes(try FilePages(file, in: context.allocator))
        let head = try content.run(0, min(content.count, 4))
        guard isArchive(head.bytes) else { return try decode(content, limits, context, training, layout) }
        // An archive's members are checked and unpacked in memory.
        let whole = try content.run(0, content.count)
        defer { withExtendedLifetime(whole) {} }
        return try decode(bytes: whole.bytes, limits: limits, in: context, training: training, layout: layout)
    }

    /// The model in the bytes of a file, which are not kept. What it is shows in the content. `training` false leaves a
    /// network's training state unread; `layout` nil accepts weights of any shape, and no archives.
    ///
    /// Throws `corrupt` for what is damaged, `unsupported` for what is well-formed and cannot be read, `limit` past the
    /// limits, and what `layout` throws. Nothing is allocated from a declared size that the file's own size or `layout`
    /// does not bear out.
    package static func decode(
        bytes: UnsafeRawBufferPointer, limits: LoadLimits = LoadLimits(), in context: Context, training: Bool = true,
        layout: Layout?
    ) throws(ApusError) -> SavedModel {
        if isArchive(bytes) {
            return .network(
                try ArchiveReader.network(bytes, limits: limits, in: context, training: training, layout: layout))
        }
        if bytes.isEmpty { throw foreign(bytes) }
        return try decode(FileBytes(bytes), limits, context, training, layout)
    }

    private static func decode(
        _ content: FileBytes, _ limits: LoadLimits, _ context: Context, _ training: Bool, _ layout: Layout?
    ) throws(ApusError) -> SavedModel {
        let root = try root(of: content, limits: limits, in: context)
        defer { root.file.forget() }
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

    /// Whether the bytes begin as a zip archive does.
    static func isArchive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6])
    }

    /// The root group of an HDF5 file in memory, whose reader is to be told to forget when all is read. Throws for what
    /// is no HDF5 file.
    static func root(of bytes: UnsafeRawBufferPointer, limits: LoadLimits, in context: Context) throws(ApusError)
        -> FileObject
    {
        if bytes.isEmpty { throw foreign(bytes) }
        return try root(of: FileBytes(bytes), limits: limits, in: context)
    }

    private static func root(of content: FileBytes, limits: LoadLimits, in context: Context) throws(ApusError)
        -> FileObject
    {
        guard let superblock = try FileReader.superblock(in: content) else {
            let head = try content.run(0, min(content.count, 64))
            defer { withExtendedLifetime(head) {} }
            throw foreign(head.bytes)
        }
        return try FileReader(content, superblock: superblock, limits: limits, in: context).root()
    }

    /// Why HDF5 files that hold no whole model are refused.
    static func withoutModel(_ root: FileObject) throws(ApusError) -> ApusError {
        let hasLayers = try root.attribute("layer_names") != nil
        let hasSplitLayers = try root.attribute("layer_names0") != nil
        if hasLayers || hasSplitLayers {
            return .unsupported("The file holds Keras weights without a model (save_weights); a whole model is needed.")
        }
        if try KerasWeights.isTree(root) {
            return .unsupported(
                "The file holds Keras 3 weights without a model (.weights.h5); a whole model is needed.")
        }
        return .unsupported("The file is HDF5 and holds no model: neither 'apus_format' nor 'model_config' is there.")
    }

    /// Why content that is not HDF5 is refused.
    static func foreign(_ bytes: UnsafeRawBufferPointer, _ what: String = "a model") -> ApusError {
        func starts(_ signature: [UInt8]) -> Bool { bytes.starts(with: signature) }
        if bytes.isEmpty { return .corrupt("The file is empty.") }
        if isArchive(bytes) { return .unsupported("The file is a zip archive, not \(what) file.") }
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
