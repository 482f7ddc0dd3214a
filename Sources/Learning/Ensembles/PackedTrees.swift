import Core

/// Many fitted trees in few arrays: nodes in preorder, left children first. A leaf holds its value, or the number of
/// its row in a table, where an inner node holds its threshold.
final class PackedTrees: Sendable {
    /// Where each tree begins; the last element is the number of nodes.
    let starts: Tensor
    let threshold: Tensor
    /// int32, -1 for a leaf.
    let feature: Tensor
    /// int32, the right child counted from the tree's root; 0 for a leaf.
    let right: Tensor
    /// uint8: 1, a missing value goes left; 2, the threshold is the number of a set of categories.
    let flags: Tensor
    /// Sets of categories that go left: 256 bits each.
    let sets: Tensor
    private let nodes: Buffer<TreeNode>

    static let names = ["tree_starts", "threshold", "feature", "children_right", "flags", "category_sets"]
    static let goesLeftMissing: UInt8 = 1
    static let isCategorical: UInt8 = 2
    private static let categoricalCode: UInt32 = 1 << 30
    private static let columnMask: UInt32 = (1 << 30) - 1

    var count: Int { starts.count - 1 }
    var nodeCount: Int { threshold.count }

    /// A node to be added.
    struct Node: BitwiseCopyable {
        var threshold = 0.0
        var feature: Int32 = -1
        var right: Int32 = 0
        var flags: UInt8 = 0
        /// The decrease of the loss or impurity by this split.
        var gain: Float = 0
    }

    /// Trees in the order they come.
    struct Draft {
        private(set) var nodes: GrowingBuffer<Node>
        private(set) var starts: GrowingBuffer<Int64>
        private(set) var sets: GrowingBuffer<UInt64>
        let allocator: Allocator

        init(in allocator: Allocator) throws(ApusError) {
            self.allocator = allocator
            nodes = try GrowingBuffer(in: allocator)
            starts = try GrowingBuffer(in: allocator)
            sets = try GrowingBuffer(in: allocator)
            try starts.append(0)
        }

        var trees: Int { starts.count - 1 }

        mutating func append(_ tree: UnsafePointer<Node>, _ count: Int) throws(ApusError) {
            for index in 0..<count { try nodes.append(tree[index]) }
            try starts.append(Int64(nodes.count))
        }

        /// The number of a new set of four words.
        mutating func appendSet(_ words: (UInt64, UInt64, UInt64, UInt64)) throws(ApusError) -> Int {
            try sets.append(words.0)
            try sets.append(words.1)
            try sets.append(words.2)
            try sets.append(words.3)
            return sets.count / 4 - 1
        }

        /// Only the first `count` trees.
        mutating func keep(_ count: Int) {
            while starts.count > count + 1 { starts.removeLast() }
            while nodes.count > Int(starts.pointer[starts.count - 1]) { nodes.removeLast() }
        }
    }

    convenience init(_ draft: borrowing Draft, kind: String, features: Int) throws(ApusError) {
        let allocator = draft.allocator
        let count = draft.nodes.count
        let starts = try Tensor(.int64, Shape(draft.starts.count), in: allocator)
        starts.int64s.update(from: draft.starts.pointer, count: starts.count)
        let threshold = try Tensor(.float64, Shape(count), in: allocator)
        let feature = try Tensor(.int32, Shape(count), in: allocator)
        let right = try Tensor(.int32, Shape(count), in: allocator)
        let flags = try Tensor(.uint8, Shape(count), in: allocator)
        for index in 0..<count {
            let node = draft.nodes.pointer[index]
            threshold.doubles[index] = node.threshold
            feature.int32s[index] = node.feature
            right.int32s[index] = node.right
            flags.bytes.pointer[index] = node.flags
        }
        let sets = try Tensor(.int64, Shape(draft.sets.count / 4, 4), in: allocator)
        for index in 0..<sets.count { sets.int64s[index] = Int64(bitPattern: draft.sets.pointer[index]) }
        try self.init(
            starts: starts, threshold: threshold, feature: feature, right: right, flags: flags, sets: sets,
            kind: kind, features: features, in: allocator)
    }

    /// Throws `corrupt` for arrays that are no trees: every child lies behind its parent, in the same tree.
    init(
        starts: Tensor, threshold: Tensor, feature: Tensor, right: Tensor, flags: Tensor, sets: Tensor, kind: String,
        features: Int, in allocator: Allocator
    ) throws(ApusError) {
        self.starts = starts
        self.threshold = threshold
        self.feature = feature
        self.right = right
        self.flags = flags
        self.sets = sets
        let total = threshold.count
        nodes = try Buffer(total, in: allocator)
        guard starts.count >= 1, starts.int64s[0] == 0, starts.int64s[starts.count - 1] == Int64(total),
            features < 1 << 30
        else { throw .corrupt("The array 'tree_starts' of a \(kind) does not fit the nodes.") }
        for tree in 0..<(starts.count - 1) {
            guard starts.int64s[tree] >= 0, starts.int64s[tree] < starts.int64s[tree + 1],
                starts.int64s[tree + 1] <= Int64(total), starts.int64s[tree + 1] - starts.int64s[tree] < 1 << 31
            else { throw .corrupt("The array 'tree_starts' of a \(kind) must ascend to the number of nodes.") }
            let first = Int(starts.int64s[tree])
            let count = Int(starts.int64s[tree + 1]) - first
            for index in 0..<count {
                let place = first + index
                let value = threshold.doubles[place]
                let child = Int(right.int32s[place])
                if child == 0 {
                    guard value.isFinite else {
                        throw .corrupt("A leaf of a \(kind) holds a value that is not finite.")
                    }
                    nodes.pointer[place] = TreeNode(threshold: value, code: 0, right: 0)
                    continue
                }
                let column = Int(feature.int32s[place])
                guard child > index + 1, child < count, column >= 0, column < features, !value.isNaN else {
                    throw .corrupt("Node \(index) of tree \(tree) of a \(kind) has a child or a column that cannot be.")
                }
                var code = UInt32(column)
                let bits = flags.bytes.pointer[place]
                if bits & PackedTrees.goesLeftMissing != 0 { code |= TreeNode.missingLeft }
                if bits & PackedTrees.isCategorical != 0 {
                    guard let set = Int(exactly: value), set >= 0, set < sets.shape[0] else {
                        throw .corrupt("Node \(index) of tree \(tree) of a \(kind) names no set of categories.")
                    }
                    code |= PackedTrees.categoricalCode
                }
                nodes.pointer[place] = TreeNode(threshold: value, code: code, right: UInt32(child))
            }
        }
    }

    /// From a file. Throws `corrupt`.
    convenience init(_ record: Record, features: Int, in allocator: Allocator) throws(ApusError) {
        let threshold = try record.tensor("threshold", shape: [nil])
        let count = threshold.count
        try self.init(
            starts: try record.tensor("tree_starts", .int64, shape: [nil]), threshold: threshold,
            feature: try record.tensor("feature", .int32, shape: [count]),
            right: try record.tensor("children_right", .int32, shape: [count]),
            flags: try record.tensor("flags", .uint8, shape: [count]),
            sets: try record.tensor("category_sets", .int64, shape: [nil, 4]), kind: record.kind, features: features,
            in: allocator)
    }

    /// Throws `corrupt` unless each leaf holds the number of one of `count` rows of a table.
    func requireLeaves(below count: Int, kind: String) throws(ApusError) {
        for index in 0..<nodeCount where right.int32s[index] == 0 {
            guard let place = Int(exactly: threshold.doubles[index]), place >= 0, place < count else {
                throw .corrupt("A leaf of a \(kind) names row \(threshold.doubles[index]) of \(count) leaf values.")
            }
        }
    }

    var attributes: [(name: String, value: Tensor)] {
        zip(PackedTrees.names, [starts, threshold, feature, right, flags, sets]).map { (name: $0, value: $1) }
    }

    /// What the leaf holds that a row falls into. Categories are values themselves: bit v of a set is for value v.
    @inline(__always)
    func value(_ tree: Int, _ row: UnsafePointer<Double>) -> Double {
        let own = UnsafePointer(nodes.pointer + Int(starts.int64s[tree]))
        var index = 0
        while true {
            let node = own[index]
            if node.right == 0 { return node.threshold }
            let value = row[Int(node.code & PackedTrees.columnMask)]
            var left = value <= node.threshold
            if node.code & ~PackedTrees.columnMask != 0 {
                left = special(node, value)
            }
            index = left ? index &+ 1 : Int(node.right)
        }
    }

    /// Missing values that go left, and categories.
    @inline(never)
    private func special(_ node: TreeNode, _ value: Double) -> Bool {
        let missingLeft = node.code & TreeNode.missingLeft != 0
        if value.isNaN { return missingLeft }
        guard node.code & PackedTrees.categoricalCode != 0 else { return value <= node.threshold }
        // A value that is no category counts as missing.
        guard let category = Int(exactly: value), category >= 0, category < 256 else { return missingLeft }
        let word = sets.int64s[Int(node.threshold) &* 4 &+ category / 64]
        return UInt64(bitPattern: word) >> UInt64(category % 64) & 1 != 0
    }
}

extension Tensor {
    /// The elements of an int32 tensor.
    fileprivate var int32s: UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(bytes.pointer).assumingMemoryBound(to: Int32.self)
    }
}
