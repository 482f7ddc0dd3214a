import Core

/// Where the elements of an array lie.
enum Layout {
    /// In one piece; nil when nothing was ever stored.
    case whole(place: Int?, size: Int)
    case chunked(Chunking)

    /// Chunks of one shape and how to find them.
    struct Chunking {
        enum Index {
            /// A B-tree of version 1; nil when no chunk was stored.
            case tree(Int?)
            /// One chunk for all; its stored size and filter mask when it is filtered.
            case single(Int?, size: Int?, mask: Int)
            /// All chunks in a row, unfiltered.
            case implicit(Int?)
        }

        /// Extents of a chunk, in elements.
        let extents: [Int]
        /// Bytes of an element.
        let element: Int
        let index: Index
        /// Chunks that stick out of the array are stored unfiltered.
        var plainEdges = false
    }

    /// Reads a layout message, version 1 to 4. `rank` is the array's, for the size of old contiguous layouts.
    init(_ cursor: inout Cursor, of name: String) throws(ApusError) {
        let version = try cursor.byte()
        switch version {
        case 1, 2: self = try Layout.old(&cursor, of: name)
        case 3, 4:
            switch try cursor.byte() {
            case 0:
                let size = try cursor.number(2)
                self = .whole(place: try cursor.take(size), size: size)
            case 1:
                let place = try cursor.address()
                self = .whole(place: place, size: try cursor.length())
            case 2: self = version == 3 ? try Layout.chunked3(&cursor) : try Layout.chunked4(&cursor, of: name)
            case 3:
                throw .unsupported("The array '\(name)' is a virtual dataset, made of other files; that is refused.")
            default: throw FileBytes.damaged("the layout of '\(name)' makes no sense")
            }
        case 5:
            throw .unsupported(
                "The array '\(name)' has a chunk layout of HDF5 2.0, which this version does not read; h5repack --high=1 makes a file that it does."
            )
        default: throw FileBytes.damaged("the layout of '\(name)' has version \(version)")
        }
    }

    private static func old(_ cursor: inout Cursor, of name: String) throws(ApusError) -> Layout {
        let rank = try cursor.byte()
        let kind = try cursor.byte()
        try cursor.skip(5)
        let place = kind == 0 ? nil : try cursor.address()
        var extents: [Int] = []
        for _ in 0..<rank { extents.append(try cursor.number(4)) }
        switch kind {
        case 0:
            let size = try cursor.number(4)
            return .whole(place: try cursor.take(size), size: size)
        case 1: return .whole(place: place, size: Int.max)
        case 2: return .chunked(try chunking(extents, .tree(place)))
        default: throw FileBytes.damaged("the layout of '\(name)' makes no sense")
        }
    }

    private static func chunked3(_ cursor: inout Cursor) throws(ApusError) -> Layout {
        let rank = try cursor.byte()
        let place = try cursor.address()
        var extents: [Int] = []
        for _ in 0..<rank { extents.append(try cursor.number(4)) }
        return .chunked(try chunking(extents, .tree(place)))
    }

    private static func chunked4(_ cursor: inout Cursor, of name: String) throws(ApusError) -> Layout {
        let flags = try cursor.byte()
        let rank = try cursor.byte()
        let width = try cursor.byte()
        var extents: [Int] = []
        for _ in 0..<rank { extents.append(try cursor.number(width)) }
        let kind = try cursor.byte()
        let index: Chunking.Index
        switch kind {
        case 1:
            let size = flags & 2 != 0 ? try cursor.length() : nil
            let mask = flags & 2 != 0 ? try cursor.number(4) : 0
            index = .single(try cursor.address(), size: size, mask: mask)
        case 2: index = .implicit(try cursor.address())
        default:
            throw .unsupported(
                "The array '\(name)' has a chunk index of HDF5 1.10 (type \(kind)), which this version does not read; h5repack --high=1 makes a file that it does."
            )
        }
        var chunking = try chunking(extents, index)
        chunking.plainEdges = flags & 1 != 0
        return .chunked(chunking)
    }

    /// The last extent in the file is the size of an element.
    private static func chunking(_ extents: [Int], _ index: Chunking.Index) throws(ApusError) -> Chunking {
        guard extents.count >= 2, extents.count <= 33, !extents.contains(where: { $0 <= 0 }), let element = extents.last
        else { throw FileBytes.damaged("the chunks of an array make no sense") }
        return Chunking(extents: Array(extents.dropLast()), element: element, index: index)
    }
}
