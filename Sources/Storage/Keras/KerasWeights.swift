import Core

/// Weights without a model in Keras 3's tree: .weights.h5, or what a .keras archive has of them.
package enum KerasWeights {
    /// The weights for a network that is there, from the bytes of a .weights.h5 file, of a .keras archive, or of any
    /// file in which `isTree` finds them: by the layers of `layout`, in its order.
    ///
    /// - Parameter mismatch: told of objects whose variables have other counts or shapes, or are missing: they are
    /// passed
    ///   over then, and their weights nil. Without it they are errors.
    /// - Throws: `corrupt`, `unsupported`, `limit`, as `FileImage.decode`.
    package static func decode(
        bytes: UnsafeRawBufferPointer, layout: NetworkLayout, limits: LoadLimits = LoadLimits(), in context: Context,
        mismatch: ((ApusError) -> Void)? = nil
    ) throws(ApusError) -> [[Tensor?]] {
        if FileImage.isArchive(bytes) {
            let content = try ArchiveReader.weights(in: bytes, limits: limits, in: context)
            defer { withExtendedLifetime(content) {} }
            return try decode(bytes: content.bytes, layout: layout, limits: limits, in: context, mismatch: mismatch)
        }
        let root = try FileImage.root(of: bytes, limits: limits, in: context)
        defer { root.file.forget() }
        guard try isTree(root) else {
            throw .unsupported("The file does not hold weights in Keras 3's form: it has no group 'layers'.")
        }
        return try WeightTreeReader.weights(in: root, layout, mismatch: mismatch)
    }

    /// Whether an HDF5 file holds weights in Keras 3's tree.
    static func isTree(_ root: FileObject) throws(ApusError) -> Bool {
        guard root.isGroup else { return false }
        let names = try root.names()
        return names.contains { ["layers", "vars", "_layer_checkpoint_dependencies"].contains($0) }
    }
}
