import Core

/// Keras 3's archives, .keras, written as small as every Keras 3 takes them.
enum ArchiveWriter {
    /// What the archive says wrote it: a release that its notation is that of.
    private static let kerasVersion = "3.15.1"
    /// Equal models give equal bytes, so the date is none.
    private static let date = "1980-01-01@00:00:00"

    /// A whole archive.
    static func parts(of network: NetworkRecord, _ storage: ArrayStorage, in context: Context) throws(ApusError)
        -> FileParts
    {
        let metadata: JSON = ["keras_version": .string(kerasVersion), "date_saved": .string(date)]
        var items = network.config.objectValue ?? []
        items.append((key: "compile_config", value: network.training?.config ?? .object([])))
        let config = JSON.object(items)
        let weights = try WeightTreeWriter.parts(of: network, storage, in: context).gathered(in: context.allocator)
        defer { withExtendedLifetime(weights) {} }
        var (first, second) = (metadata.text, config.text)
        // The texts stay where they are while the archive is made.
        let result: Result<Buffer<UInt8>, ApusError> = first.withUTF8 { metadata in
            second.withUTF8 { config in
                do throws(ApusError) {
                    return .success(
                        try ZipWriter.image(
                            of: [
                                (name: ArchiveReader.Name.metadata, bytes: UnsafeRawBufferPointer(metadata)),
                                (name: ArchiveReader.Name.configuration, bytes: UnsafeRawBufferPointer(config)),
                                (name: ArchiveReader.Name.weights, bytes: UnsafeRawBufferPointer(weights.elements)),
                            ], in: context.allocator))
                } catch { return .failure(error) }
            }
        }
        return FileParts(try result.get())
    }
}
