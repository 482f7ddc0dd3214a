import Core

/// A node as prediction reads it: x[feature] <= threshold goes to the node behind, else to `right`; 0 there marks a
/// leaf.
struct TreeNode: BitwiseCopyable {
    var threshold: Double
    /// The column; the highest bit says that a missing value goes left.
    var code: UInt32
    var right: UInt32

    static let missingLeft: UInt32 = 1 << 31

    /// Where a row goes from node `index`.
    @inline(__always)
    func next(_ index: Int, _ row: UnsafePointer<Double>) -> Int {
        let value = row[Int(code & ~TreeNode.missingLeft)]
        let left = value <= threshold || (value != value && code & TreeNode.missingLeft != 0)
        return left ? index &+ 1 : Int(right)
    }
}

/// A fitted tree: arrays over its nodes in preorder, left children first, under scikit-learn's names. A leaf has
/// children -1, feature -2 and threshold -2.
final class TreeArrays: Sendable {
    let left: Tensor
    let right: Tensor
    let feature: Tensor
    /// +inf where all values that are there go left.
    let threshold: Tensor
    let missingLeft: Tensor
    let impurity: Tensor
    let samples: Tensor
    let weighted: Tensor
    /// Nodes by classes (shares of the weight), or one number per node.
    let value: Tensor
    private let nodes: Buffer<TreeNode>

    var count: Int { left.count }

    /// Memory for `count` nodes, to be filled before `init(filled:)`.
    struct Draft {
        let left, right, feature, threshold, missingLeft, impurity, samples, weighted, value: Tensor

        /// `classes` 0 for regression.
        init(_ count: Int, classes: Int, in allocator: Allocator) throws(ApusError) {
            let shape = Shape(count)
            left = try Tensor(.int64, shape, in: allocator)
            right = try Tensor(.int64, shape, in: allocator)
            feature = try Tensor(.int64, shape, in: allocator)
            threshold = try Tensor(.float64, shape, in: allocator)
            missingLeft = try Tensor(.bool, shape, in: allocator)
            impurity = try Tensor(.float64, shape, in: allocator)
            samples = try Tensor(.int64, shape, in: allocator)
            weighted = try Tensor(.float64, shape, in: allocator)
            value = try Tensor(.float64, classes > 0 ? Shape(count, classes) : shape, in: allocator)
        }

        /// Takes node `from` of a tree as node `index`, a leaf for now.
        func take(_ index: Int, _ tree: TreeArrays, _ from: Int, width: Int) {
            leaf(index)
            impurity.doubles[index] = tree.impurity.doubles[from]
            samples.int64s[index] = tree.samples.int64s[from]
            weighted.doubles[index] = tree.weighted.doubles[from]
            (value.doubles + index &* width).update(from: tree.value.doubles + from &* width, count: width)
        }

        func leaf(_ index: Int) {
            left.int64s[index] = -1
            right.int64s[index] = -1
            feature.int64s[index] = -2
            threshold.doubles[index] = -2
            missingLeft.bytes.pointer[index] = 0
        }
    }

    /// Throws `corrupt` for arrays that are no tree.
    init(_ draft: Draft, kind: String, features: Int, in allocator: Allocator) throws(ApusError) {
        left = draft.left
        right = draft.right
        feature = draft.feature
        threshold = draft.threshold
        missingLeft = draft.missingLeft
        impurity = draft.impurity
        samples = draft.samples
        weighted = draft.weighted
        value = draft.value
        let count = left.count
        nodes = try Buffer(count, in: allocator)
        guard features < 1 << 30 else { throw .corrupt("A \(kind) cannot have \(features) features.") }
        guard count >= 1, count <= Int(Int32.max) else {
            throw .corrupt("A tree of a \(kind) must have 1 to 2^31 - 1 nodes, the file has \(count).")
        }
        for index in 0..<count {
            let right = right.int64s[index]
            if right == -1, left.int64s[index] == -1 {
                nodes.pointer[index] = TreeNode(threshold: 0, code: 0, right: 0)
                continue
            }
            let column = feature.int64s[index]
            // A left child lies behind its parent, a right one further on: no walk can go back.
            guard left.int64s[index] == Int64(index) + 1, right > Int64(index) + 1, right < Int64(count), column >= 0,
                column < Int64(features), !threshold.doubles[index].isNaN
            else { throw .corrupt("Node \(index) of a tree of a \(kind) has children or a column that cannot be.") }
            nodes.pointer[index] = TreeNode(
                threshold: threshold.doubles[index],
                code: UInt32(column) | (missingLeft.bytes.pointer[index] != 0 ? TreeNode.missingLeft : 0),
                right: UInt32(right))
        }
    }

    /// The leaf that a row falls into.
    @inline(__always)
    func leaf(_ row: UnsafePointer<Double>) -> Int {
        let nodes = nodes.pointer
        var index = 0
        while nodes[index].right != 0 { index = nodes[index].next(index, row) }
        return index
    }

    // MARK: Files

    static let names = [
        "children_left", "children_right", "feature", "threshold", "missing_go_to_left", "impurity", "n_node_samples",
        "weighted_n_node_samples", "value",
    ]

    /// Every array by name.
    var attributes: [(name: String, value: Tensor)] {
        let tensors = [left, right, feature, threshold, missingLeft, impurity, samples, weighted, value]
        return zip(TreeArrays.names, tensors).map { (name: $0, value: $1) }
    }

    /// From a file. Throws `corrupt`.
    convenience init(_ record: Record, features: Int, classes: Int, in allocator: Allocator) throws(ApusError) {
        let left = try record.tensor("children_left", .int64, shape: [nil])
        let draft = Draft(
            left: left, right: try record.tensor("children_right", .int64, shape: [left.count]),
            feature: try record.tensor("feature", .int64, shape: [left.count]),
            threshold: try record.tensor("threshold", shape: [left.count]),
            missingLeft: try record.tensor("missing_go_to_left", .bool, shape: [left.count]),
            impurity: try record.finite("impurity", shape: [left.count]),
            samples: try record.tensor("n_node_samples", .int64, shape: [left.count]),
            weighted: try record.finite("weighted_n_node_samples", shape: [left.count]),
            value: try record.finite("value", shape: classes > 0 ? [left.count, classes] : [left.count]))
        try self.init(draft, kind: record.kind, features: features, in: allocator)
    }

    // MARK: What the nodes say

    /// The decrease of weighted impurity by the splits of each column, summing to 1 (to 0 without a split).
    func importances(features: Int, in allocator: Allocator) throws(ApusError) -> Tensor {
        let sums = try Tensor(.float64, Shape(features), in: allocator)
        for column in 0..<features { sums.doubles[column] = 0 }
        for index in 0..<count where right.int64s[index] >= 0 {
            let (l, r) = (index + 1, Int(right.int64s[index]))
            let column = Int(feature.int64s[index])
            sums.doubles[column] += mass(index) - mass(l) - mass(r)
        }
        var sum = 0.0
        for column in 0..<features { sum += sums.doubles[column] }
        if sum > 0 { for column in 0..<features { sums.doubles[column] /= sum } }
        return sums
    }

    /// Weight times impurity.
    func mass(_ index: Int) -> Double { weighted.doubles[index] * impurity.doubles[index] }

    var leaves: Int { (0..<count).count { right.int64s[$0] < 0 } }

    /// Steps from the root to the farthest leaf.
    func depth(in allocator: Allocator) throws(ApusError) -> Int {
        let depths = try Buffer<Int>(zeros: count, in: allocator)
        var most = 0
        for index in 0..<count where right.int64s[index] >= 0 {
            let next = depths.pointer[index] + 1
            depths.pointer[index + 1] = next
            depths.pointer[Int(right.int64s[index])] = next
            most = max(most, next)
        }
        return most
    }
}

extension TreeArrays.Draft {
    init(
        left: Tensor, right: Tensor, feature: Tensor, threshold: Tensor, missingLeft: Tensor, impurity: Tensor,
        samples: Tensor, weighted: Tensor, value: Tensor
    ) {
        self.left = left
        self.right = right
        self.feature = feature
        self.threshold = threshold
        self.missingLeft = missingLeft
        self.impurity = impurity
        self.samples = samples
        self.weighted = weighted
        self.value = value
    }
}
