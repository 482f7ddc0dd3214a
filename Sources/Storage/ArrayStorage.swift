import Core

/// How the larger arrays of a file are stored: as they are, or in chunks that are compressed or carry a checksum.
package struct ArrayStorage: Sendable {
    /// From 0, not compressed, to 9. Bytes are shuffled before, which floats need to get smaller.
    package var deflate = 0
    /// Whether each chunk carries Fletcher's checksum, which every reader of HDF5 checks.
    package var fletcher32 = false

    package init() {}

    /// What a save may be asked for.
    package static let specs = [
        ParameterSpec("deflate", .integer(0...9), default: 0, "level of compression of the larger arrays; 0 for none"),
        ParameterSpec("fletcher32", .boolean, default: false, "whether the larger arrays carry checksums"),
    ]

    package init(_ parameters: Parameters) {
        deflate = parameters.integer("deflate")
        fletcher32 = parameters.boolean("fletcher32")
    }

    /// Arrays of fewer bytes are stored as they are: chunks and their index would take more than they save.
    private static let smallest = 16 << 10
    /// Bytes of a chunk at most; what HDF5 keeps of an array in its cache by default.
    private static let chunk = 1 << 20

    /// The extents of a chunk of an array, nil for one that is stored as it is. Rows stay together as far as they fit.
    func chunk(of shape: Shape, elementSize: Int) -> [Int]? {
        guard deflate > 0 || fletcher32 else { return nil }
        func bytes(_ extents: [Int]) -> Int { extents.reduce(elementSize) { cappedProduct($0, $1) } }
        var extents = shape.extents
        guard bytes(extents) >= ArrayStorage.smallest else { return nil }
        while bytes(extents) > ArrayStorage.chunk, let axis = extents.firstIndex(where: { $0 > 1 }) {
            extents[axis] = (extents[axis] + 1) / 2
        }
        return extents
    }
}
