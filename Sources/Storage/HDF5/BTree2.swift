import Core

/// A B-tree of version 2: fixed-size records in nodes of one size.
struct BTree2 {
    private let file: FileReader
    private let type: Int
    private let nodeSize: Int
    private let recordSize: Int
    private let depth: Int
    private let root: (address: Int, records: Int)?
    /// Bytes of a record count in a pointer, and of the count of a whole subtree by the subtree's depth.
    private let countSize: Int
    private var totalSizes: [Int] = [0]

    /// Reads the head. Throws `corrupt` unless the records are of the type expected.
    init(at address: Int, type: Int, in file: FileReader) throws(ApusError) {
        self.file = file
        self.type = type
        var cursor = try file.bytes.cursor(from: address, "a tree")
        try cursor.expect("BTHD", "a tree")
        let version = try cursor.byte()
        let found = try cursor.byte()
        nodeSize = try cursor.number(4)
        recordSize = try cursor.number(2)
        depth = try cursor.number(2)
        try cursor.skip(2)
        let place = try cursor.address()
        let records = try cursor.number(2)
        _ = try cursor.length()
        try file.bytes.verify(address, cursor.position, "a tree")
        guard version == 0, found == type, recordSize > 0, depth <= 32, nodeSize > 10 + recordSize else {
            throw FileBytes.damaged("a tree makes no sense")
        }
        root = place.map { ($0, records) }

        // Widths of the counts follow from how many records fit at each depth.
        var most = (nodeSize - 10) / recordSize
        countSize = BTree2.bytes(for: most)
        var total = most
        for level in 1..<(depth + 1) {
            let pointer = file.bytes.addressSize + countSize + totalSizes[level - 1]
            guard nodeSize > 10 + pointer else { throw FileBytes.damaged("a tree makes no sense") }
            most = (nodeSize - 10 - pointer) / (recordSize + pointer)
            let (product, overflow) = total.multipliedReportingOverflow(by: most + 1)
            let (sum, carry) = product.addingReportingOverflow(most)
            total = overflow || carry ? Int.max : sum
            totalSizes.append(BTree2.bytes(for: total))
        }
    }

    /// Bytes that hold every number up to `limit`.
    private static func bytes(for limit: Int) -> Int {
        (Int.bitWidth - limit.leadingZeroBitCount - 1) / 8 + 1
    }

    /// Calls `body` with each record.
    func forEach(_ body: (Cursor) throws(ApusError) -> Void) throws(ApusError) {
        if let root { try visit(root.address, root.records, depth, body) }
    }

    private func visit(
        _ address: Int, _ records: Int, _ level: Int, _ body: (Cursor) throws(ApusError) -> Void
    ) throws(ApusError) {
        try file.spend(nodeSize)
        var cursor = try file.bytes.cursor(from: address, "a tree's node")
        try cursor.expect(level == 0 ? "BTLF" : "BTIN", "a tree's node")
        let version = try cursor.byte()
        let found = try cursor.byte()
        guard version == 0, found == type else { throw FileBytes.damaged("a tree's node makes no sense") }
        let start = try cursor.take(records * recordSize)
        var children: [(address: Int, records: Int)] = []
        if level > 0 {
            for _ in 0...records {
                let child = try cursor.definedAddress("a tree's node")
                let count = try cursor.number(countSize)
                try cursor.skip(totalSizes[level - 1])
                children.append((child, count))
            }
        }
        guard cursor.position - address + 4 <= nodeSize else { throw FileBytes.damaged("a tree's node is too large") }
        try file.bytes.verify(address, cursor.position, "a tree's node")
        for index in 0..<records {
            try body(file.bytes.cursor(start + index * recordSize, recordSize, "a tree's record"))
        }
        for child in children { try visit(child.address, child.records, level - 1, body) }
    }
}
