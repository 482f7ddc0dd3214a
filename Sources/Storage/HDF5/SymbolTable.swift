import Core

/// The names of an old-style group: a B-tree (version 1) of symbol table nodes, and a heap of names.
struct SymbolTable {
    private let file: FileReader
    private let tree: Int
    /// The heap's data segment.
    private let names: (place: Int, size: Int)

    /// Reads a symbol table message and the heap's head.
    init(_ cursor: inout Cursor, in file: FileReader) throws(ApusError) {
        self.file = file
        tree = try cursor.definedAddress("a group's tree")
        let heap = try cursor.definedAddress("a group's heap")
        var head = try file.bytes.cursor(from: heap, "a group's heap")
        try head.expect("HEAP", "a group's heap")
        try head.skip(4)
        let size = try head.length()
        try head.skip(file.bytes.lengthSize)
        let place = try head.definedAddress("a group's heap")
        try file.bytes.check(place, size, "a group's heap")
        names = (place, size)
    }

    func forEach(_ body: (String, FileObject.Link) throws(ApusError) -> Void) throws(ApusError) {
        try visit(tree, level: nil, body)
    }

    private func visit(
        _ address: Int, level expected: Int?, _ body: (String, FileObject.Link) throws(ApusError) -> Void
    ) throws(ApusError) {
        var cursor = try file.bytes.cursor(from: address, "a group's tree")
        try cursor.expect("TREE", "a group's tree")
        let type = try cursor.byte()
        let level = try cursor.byte()
        let count = try cursor.number(2)
        guard type == 0, level <= 32, expected == nil || expected == level else {
            throw FileBytes.damaged("a group's tree makes no sense")
        }
        try file.spend(24 + 16 * count)
        try cursor.skip(2 * file.bytes.addressSize)
        for _ in 0..<count {
            try cursor.skip(file.bytes.lengthSize)
            let child = try cursor.definedAddress("a group's tree")
            if level > 0 { try visit(child, level: level - 1, body) } else { try leaf(child, body) }
        }
    }

    private func leaf(
        _ address: Int, _ body: (String, FileObject.Link) throws(ApusError) -> Void
    ) throws(ApusError) {
        var cursor = try file.bytes.cursor(from: address, "a group's node")
        try cursor.expect("SNOD", "a group's node")
        try cursor.skip(2)
        let count = try cursor.number(2)
        try file.spend(8 + 40 * count)
        for _ in 0..<count {
            let offset = try cursor.length()
            let address = try cursor.address()
            let cache = try cursor.number(4)
            try cursor.skip(20)
            let name = try name(offset)
            if cache == 2 {
                try body(name, .refused("a soft"))
            } else if let address {
                try body(name, .object(address))
            } else {
                throw FileBytes.damaged("the link '\(name)' has no address")
            }
        }
    }

    /// The name at an offset of the heap, up to its zero byte.
    private func name(_ offset: Int) throws(ApusError) -> String {
        guard offset < names.size else { throw FileBytes.damaged("a name lies outside its heap") }
        let start = names.place + offset
        let most = min(names.size - offset, LoadLimits.maximumName + 1)
        var length = 0
        while length < most {
            if try file.bytes.byte(start + length) == 0 { break }
            length += 1
        }
        guard length < most else { throw FileBytes.damaged("a name has no end") }
        try file.spend(length)
        return try file.bytes.text(start, length)
    }
}
