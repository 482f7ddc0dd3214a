import Core

/// Grown nodes to the arrays of a tree.
extension TreeGrower {
    /// A node that waits, and the node whose right child it is (-1: none).
    private struct Waiting: BitwiseCopyable {
        let branch: Int
        let index: Int
        let parent: Int
    }

    /// What monotonic constraints leave a node to predict.
    private struct Bounds: BitwiseCopyable {
        let lower: Double
        let upper: Double
    }

    /// `count` nodes in all; `branch` gives the memory of a branch.
    func arrays(
        _ top: borrowing GrowingBuffer<GrownNode>, count: Int,
        _ branch: (Int) -> (UnsafeMutablePointer<GrownNode>, Int)
    ) throws(ApusError) -> TreeArrays {
        let allocator = context.allocator
        let draft = try TreeArrays.Draft(count, classes: target.classes, in: allocator)
        let bounds = monotonic.isEmpty ? nil : try Buffer<Bounds>(count, in: allocator)
        let stack = try Buffer<Waiting>(count, in: allocator)
        var waiting = 1
        stack.pointer[0] = Waiting(branch: -1, index: 0, parent: -1)
        var out = 0
        while waiting > 0, out < count {
            waiting -= 1
            var here = stack.pointer[waiting]
            var node = here.branch < 0 ? top.pointer[here.index] : branch(here.branch).0[here.index]
            if here.branch < 0, node.children < -1 {
                here = Waiting(branch: -2 - node.children, index: 0, parent: here.parent)
                node = branch(here.branch).0[0]
            }
            if here.parent >= 0 { draft.right.int64s[here.parent] = Int64(out) }
            draft.leaf(out)
            draft.impurity.doubles[out] = node.impurity
            draft.samples.int64s[out] = Int64(node.count)
            draft.weighted.doubles[out] = node.weight
            if node.children < 0 {
                value(node, draft.value.doubles + out &* target.width)
            } else {
                draft.left.int64s[out] = Int64(out) + 1
                draft.feature.int64s[out] = Int64(node.feature)
                draft.threshold.doubles[out] = node.threshold
                draft.missingLeft.bytes.pointer[out] = node.missingLeft ? 1 : 0
                draft.value.doubles[out &* target.width] = node.value
                stack.pointer[waiting] = Waiting(branch: here.branch, index: node.children + 1, parent: out)
                stack.pointer[waiting + 1] = Waiting(branch: here.branch, index: node.children, parent: -1)
                waiting += 2
            }
            if let bounds { bounds.pointer[out] = Bounds(lower: node.lower, upper: node.upper) }
            out += 1
        }
        if target.classes > 0 { sumClasses(draft, count) }
        if let bounds { clip(draft, bounds) }
        return try TreeArrays(draft, kind: "tree", features: columns, in: allocator)
    }

    /// The summed weights of a leaf's classes, or its number.
    private func value(_ node: GrownNode, _ out: UnsafeMutablePointer<Double>) {
        guard let labels = target.labels else {
            out[0] = node.value
            return
        }
        for k in 0..<target.classes { out[k] = 0 }
        let order = entries.pointer + node.start
        for i in 0..<node.count {
            let row = Int(order[i] & TreeGrower.rowMask)
            out[Int(labels.pointer[row])] += target.weights.map { $0.pointer[row] } ?? 1
        }
    }

    /// Sums of the children, then shares. Children lie behind their parents.
    private func sumClasses(_ draft: TreeArrays.Draft, _ count: Int) {
        let width = target.classes
        let values = draft.value.doubles
        for index in (0..<count).reversed() where draft.right.int64s[index] >= 0 {
            let left = values + (index + 1) &* width
            let right = values + Int(draft.right.int64s[index]) &* width
            for k in 0..<width { values[index &* width + k] = left[k] + right[k] }
        }
        for index in 0..<count {
            let own = values + index &* width
            var sum = 0.0
            for k in 0..<width { sum += own[k] }
            if sum > 0 { for k in 0..<width { own[k] /= sum } }
        }
    }

    /// Values into what monotonic constraints leave them; of two classes the share of the second.
    private func clip(_ draft: TreeArrays.Draft, _ all: Buffer<Bounds>) {
        for index in 0..<all.count {
            let bounds = all.pointer[index]
            let place = draft.value.doubles + index &* target.width
            if target.classes == 2 {
                place[1] = min(max(place[1], bounds.lower), bounds.upper)
                place[0] = 1 - place[1]
            } else {
                place[0] = min(max(place[0], bounds.lower), bounds.upper)
            }
        }
    }
}
