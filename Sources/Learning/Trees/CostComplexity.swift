import Core

/// Minimal cost-complexity pruning: the inner node t whose g(t) = (R(t) - R(T_t)) / (leaves of T_t - 1) is least
/// becomes a leaf, again and again while g(t) <= alpha; R is the node's share of the weight times its impurity, R(T_t)
/// the sum over the leaves below it (Breiman, Friedman, Olshen, Stone 1984, chapter 3).
enum CostComplexity {
    /// A node that is still an inner one; `stamp` tells old entries of the heap from new ones.
    private struct Link: BitwiseCopyable {
        let strength: Double
        let node: Int
        let stamp: Int
    }

    /// The pruned tree; the tree itself where nothing is cut.
    static func prune(_ tree: TreeArrays, alpha: Double, kind: String, features: Int, in context: Context)
        throws(ApusError) -> TreeArrays
    {
        let allocator = context.allocator
        let count = tree.count
        let right = tree.right.int64s
        let parent = try Buffer<Int>(count, in: allocator)
        let leaves = try Buffer<Int>(count, in: allocator)
        let below = try Buffer<Double>(count, in: allocator)
        let stamps = try Buffer<Int>(zeros: count, in: allocator)
        let cut = try Buffer<Bool>(zeros: count, in: allocator)
        let whole = tree.weighted.doubles[0]
        parent.pointer[0] = -1
        for index in (0..<count).reversed() {
            if right[index] < 0 {
                leaves.pointer[index] = 1
                below.pointer[index] = tree.mass(index) / whole
            } else {
                let (l, r) = (index + 1, Int(right[index]))
                parent.pointer[l] = index
                parent.pointer[r] = index
                leaves.pointer[index] = leaves.pointer[l] + leaves.pointer[r]
                below.pointer[index] = below.pointer[l] + below.pointer[r]
            }
        }
        let strength = { (index: Int) -> Double in
            (tree.mass(index) / whole - below.pointer[index]) / Double(leaves.pointer[index] - 1)
        }
        var heap = try GrowingBuffer<Link>(in: allocator)
        for index in 0..<count where right[index] >= 0 {
            try push(Link(strength: strength(index), node: index, stamp: 0), &heap)
        }
        var cuts = 0
        while let link = pop(&heap) {
            if link.stamp != stamps.pointer[link.node] || cut.pointer[link.node] { continue }
            if link.strength > alpha { break }
            try context.checkInterrupt()
            cuts += 1
            // What lies below is gone with it.
            for index in link.node..<end(link.node, tree) { cut.pointer[index] = true }
            let gone = leaves.pointer[link.node] - 1
            let loss = tree.mass(link.node) / whole - below.pointer[link.node]
            var above = parent.pointer[link.node]
            while above >= 0 {
                leaves.pointer[above] -= gone
                below.pointer[above] += loss
                stamps.pointer[above] += 1
                try push(Link(strength: strength(above), node: above, stamp: stamps.pointer[above]), &heap)
                above = parent.pointer[above]
            }
        }
        if cuts == 0 { return tree }
        return try rebuilt(tree, cut, kind: kind, features: features, in: allocator)
    }

    /// The node behind the last one below `index`.
    private static func end(_ index: Int, _ tree: TreeArrays) -> Int {
        var last = index
        while tree.right.int64s[last] >= 0 { last = Int(tree.right.int64s[last]) }
        return last + 1
    }

    /// Nodes that were cut fall away, but for those whose parent was not.
    private static func rebuilt(
        _ tree: TreeArrays, _ cut: Buffer<Bool>, kind: String, features: Int, in allocator: Allocator
    ) throws(ApusError) -> TreeArrays {
        let places = try Buffer<Int>(tree.count, in: allocator)
        for index in 0..<tree.count { places.pointer[index] = -1 }
        places.pointer[0] = 0
        for index in 0..<tree.count where places.pointer[index] >= 0 && isInner(index, tree, cut) {
            places.pointer[index + 1] = 0
            places.pointer[Int(tree.right.int64s[index])] = 0
        }
        var kept = 0
        for index in 0..<tree.count where places.pointer[index] >= 0 {
            places.pointer[index] = kept
            kept += 1
        }
        let classes = tree.value.shape.rank == 2 ? tree.value.shape[1] : 0
        let draft = try TreeArrays.Draft(kept, classes: classes, in: allocator)
        for index in 0..<tree.count where places.pointer[index] >= 0 {
            let place = places.pointer[index]
            draft.take(place, tree, index, width: max(classes, 1))
            guard isInner(index, tree, cut) else { continue }
            draft.left.int64s[place] = Int64(place) + 1
            draft.right.int64s[place] = Int64(places.pointer[Int(tree.right.int64s[index])])
            draft.feature.int64s[place] = tree.feature.int64s[index]
            draft.threshold.doubles[place] = tree.threshold.doubles[index]
            draft.missingLeft.bytes.pointer[place] = tree.missingLeft.bytes.pointer[index]
        }
        return try TreeArrays(draft, kind: kind, features: features, in: allocator)
    }

    private static func isInner(_ index: Int, _ tree: TreeArrays, _ cut: Buffer<Bool>) -> Bool {
        tree.right.int64s[index] >= 0 && !cut.pointer[index]
    }

    // MARK: The heap of links, the weakest first

    private static func before(_ a: Link, _ b: Link) -> Bool {
        a.strength < b.strength || (a.strength == b.strength && a.node < b.node)
    }

    private static func push(_ link: Link, _ heap: inout GrowingBuffer<Link>) throws(ApusError) {
        try heap.append(link)
        let items = heap.pointer
        var place = heap.count - 1
        while place > 0, before(link, items[(place - 1) / 2]) {
            items[place] = items[(place - 1) / 2]
            place = (place - 1) / 2
        }
        items[place] = link
    }

    private static func pop(_ heap: inout GrowingBuffer<Link>) -> Link? {
        guard heap.count > 0 else { return nil }
        let items = heap.pointer
        let first = items[0]
        let last = items[heap.count - 1]
        heap.removeLast()
        var place = 0
        while true {
            var child = 2 * place + 1
            if child >= heap.count { break }
            if child + 1 < heap.count, before(items[child + 1], items[child]) { child += 1 }
            if !before(items[child], last) { break }
            items[place] = items[child]
            place = child
        }
        if heap.count > 0 { items[place] = last }
        return first
    }
}
