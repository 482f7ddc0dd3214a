import Core
import Glibc

/// From the root to all leaves.
extension TreeGrower {
    /// A branch that is grown on its own, in one piece of memory.
    private struct Branch: BitwiseCopyable {
        var root: GrownNode
        /// Where its nodes begin, and how many there may be.
        var first: Int
        var capacity: Int
        var count = 0
    }

    /// Grows the tree. Throws `interrupted`, `outOfMemory`, `limit`.
    func grow() throws(ApusError) -> TreeArrays {
        if limits.leaves < Int.max { return try growBestFirst() }
        var top = try GrowingBuffer<GrownNode>(in: context.allocator)
        var branches = try GrowingBuffer<Branch>(in: context.allocator)
        try top.append(root())
        var place = 0
        var index = 0
        while index < top.count {
            try context.checkInterrupt()
            var node = top.pointer[index]
            if !node.isTerminal, node.count <= TreeGrower.branchRows {
                let capacity = capacity(node)
                try branches.append(Branch(root: node, first: place, capacity: capacity))
                (place, node.children) = (place + capacity, -1 - branches.count)
            } else if !node.isTerminal, let split = search(node, lane: 0, parallel: true),
                let (left, right) = part(&node, split, lane: 0, parallel: true)
            {
                node.children = top.count
                try top.append(left)
                try top.append(right)
            }
            top.pointer[index] = node
            index += 1
        }
        let nodes = try Buffer<GrownNode>(place, in: context.allocator)
        let list = branches.pointer
        context.parallel(branches.count, lanes: lanes) { number, lane in
            self.grow(&list[number], nodes.pointer, lane)
        }
        try context.checkInterrupt()
        var total = top.count
        for number in 0..<branches.count { total += max(list[number].count - 1, 0) }
        return try arrays(top, count: total) { number in
            (nodes.pointer + list[number].first, list[number].count)
        }
    }

    /// Nodes that a branch can have.
    private func capacity(_ node: GrownNode) -> Int {
        let leaves = max(node.count / limits.leastInLeaf, 1)
        let levels = limits.depth - node.depth
        return levels < 40 ? min(2 * leaves - 1, 1 << (levels + 1)) : 2 * leaves - 1
    }

    /// Level by level: a node's children lie behind it.
    private func grow(_ branch: inout Branch, _ memory: UnsafeMutablePointer<GrownNode>, _ lane: Int) {
        let nodes = memory + branch.first
        nodes[0] = branch.root
        nodes[0].children = -1
        branch.count = 1
        var index = 0
        while index < branch.count {
            if context.isInterrupted { return }
            var node = nodes[index]
            if !node.isTerminal, branch.count + 2 <= branch.capacity,
                let split = search(node, lane: lane, parallel: false),
                let (left, right) = part(&node, split, lane: lane, parallel: false)
            {
                node.children = branch.count
                nodes[branch.count] = left
                nodes[branch.count + 1] = right
                branch.count += 2
            }
            nodes[index] = node
            index += 1
        }
    }

    // MARK: Best first

    /// A leaf that could be split, and by how much that lessens the impurity.
    private struct Chance: BitwiseCopyable {
        let gain: Double
        let node: Int
        let split: Split
    }

    /// The split that lessens the weighted impurity most is made first, until there are `limits.leaves` leaves.
    private func growBestFirst() throws(ApusError) -> TreeArrays {
        var nodes = try GrowingBuffer<GrownNode>(in: context.allocator)
        var heap = try GrowingBuffer<Chance>(in: context.allocator)
        var waiting = 0
        try nodes.append(root())
        try consider(0, nodes, &heap, &waiting)
        var leaves = 1
        while waiting > 0, leaves < limits.leaves {
            try context.checkInterrupt()
            let chance = TreeGrower.pop(heap.pointer, &waiting)
            var node = nodes.pointer[chance.node]
            guard let (left, right) = part(&node, chance.split, lane: 0, parallel: node.count > TreeGrower.branchRows)
            else { continue }
            node.children = nodes.count
            nodes.pointer[chance.node] = node
            try nodes.append(left)
            try nodes.append(right)
            leaves += 1
            try consider(node.children, nodes, &heap, &waiting)
            try consider(node.children + 1, nodes, &heap, &waiting)
        }
        return try arrays(nodes, count: nodes.count) { _ in (nodes.pointer, 0) }
    }

    private func consider(
        _ index: Int, _ nodes: borrowing GrowingBuffer<GrownNode>, _ heap: inout GrowingBuffer<Chance>,
        _ waiting: inout Int
    ) throws(ApusError) {
        let node = nodes.pointer[index]
        guard !node.isTerminal,
            let split = search(node, lane: 0, parallel: node.count > TreeGrower.branchRows)
        else { return }
        let chance = Chance(gain: gain(node, split), node: index, split: split)
        if waiting == heap.count { try heap.append(chance) }
        let items = heap.pointer
        var place = waiting
        waiting += 1
        while place > 0, TreeGrower.before(chance, items[(place - 1) / 2]) {
            items[place] = items[(place - 1) / 2]
            place = (place - 1) / 2
        }
        items[place] = chance
    }

    /// What a split takes from the node's weight times impurity.
    private func gain(_ node: GrownNode, _ split: Split) -> Double {
        switch criterion {
        case .gini: split.score - node.weight * (1 - node.impurity)
        case .entropy: node.weight * node.impurity + split.score
        case .squaredError: split.score
        case .absoluteError: node.weight * node.impurity + split.score
        case .poisson: split.score - node.weight * (node.value > 0 ? node.value * log(node.value) : 0)
        }
    }

    private static func before(_ a: Chance, _ b: Chance) -> Bool {
        a.gain > b.gain || (a.gain == b.gain && a.node < b.node)
    }

    private static func pop(_ items: UnsafeMutablePointer<Chance>, _ waiting: inout Int) -> Chance {
        let first = items[0]
        waiting -= 1
        let last = items[waiting]
        var place = 0
        while true {
            var child = 2 * place + 1
            if child >= waiting { break }
            if child + 1 < waiting, before(items[child + 1], items[child]) { child += 1 }
            if !before(items[child], last) { break }
            items[place] = items[child]
            place = child
        }
        items[place] = last
        return first
    }
}
