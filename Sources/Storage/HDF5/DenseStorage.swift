import Core

/// Links or attributes kept outside the object header: a fractal heap holds them, a B-tree (version 2) lists them.
struct DenseStorage {
    private let file: FileReader
    private let heap: FractalHeap
    private let tree: Int
    /// What the tree's records must be: 5 for links by name, 8 for attributes by name.
    private let recordType: Int
    /// Bytes of a record before its heap id.
    private let prefix: Int

    /// Reads a link info message; nil when all links are in the header.
    init?(links cursor: inout Cursor, in file: FileReader) throws(ApusError) {
        let version = try cursor.byte()
        guard version == 0 else { throw FileBytes.damaged("a group has link information of version \(version)") }
        let flags = try cursor.byte()
        try cursor.skip(flags & 1 != 0 ? 8 : 0)
        guard let heap = try cursor.address(), let tree = try cursor.address() else { return nil }
        self.file = file
        self.heap = try FractalHeap(at: heap, in: file)
        self.tree = tree
        recordType = 5
        prefix = 4
    }

    /// Reads an attribute info message; nil when all attributes are in the header.
    init?(attributes cursor: inout Cursor, in file: FileReader) throws(ApusError) {
        let version = try cursor.byte()
        guard version == 0 else { throw FileBytes.damaged("an object has attribute information of version \(version)") }
        let flags = try cursor.byte()
        try cursor.skip(flags & 1 != 0 ? 2 : 0)
        guard let heap = try cursor.address(), let tree = try cursor.address() else { return nil }
        self.file = file
        self.heap = try FractalHeap(at: heap, in: file)
        self.tree = tree
        recordType = 8
        prefix = 0
    }

    /// Calls `body` with the content of each link or attribute message.
    func forEach(_ body: (inout Cursor) throws(ApusError) -> Void) throws(ApusError) {
        try BTree2(at: tree, type: recordType, in: file).forEach { (record) throws(ApusError) in
            var record = record
            try record.skip(prefix)
            var object = try heap.object(&record)
            try body(&object)
        }
    }
}
