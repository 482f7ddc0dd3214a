import Core

/// Grows one tree of gradient boosting: the leaf whose split gains most is split next. The rows of a leaf lie together;
/// the sums of the smaller child are taken anew, those of its sibling are what remains of the parent's (Ke, Meng,
/// Finley, Wang, Chen, Ma, Ye, Liu 2017, "LightGBM").
final class BoostingTreeGrower {
    struct Limits {
        var leaves = 31
        var depth = Int.max
        var leastInLeaf = 20
        /// Columns looked at for each split.
        var features = Int.max
        /// Sets of columns that may meet on a way from the root; nil without constraints.
        var interactions: [[Int]]?
    }

    let context: Context
    let binned: BinnedColumns
    let thresholds: BinThresholds
    let limits: Limits
    let search: BoostingSplitSearch
    /// The rows, leaf by leaf.
    let order: Buffer<UInt32>
    private let spare: Buffer<UInt32>
    private let ordered: Buffer<SIMD4<Float>>
    private let histograms: GradientHistograms
    private let found: Buffer<BoostingSplit>
    private let lefts: Buffer<Int>
    private var pool: [Buffer<GradientSums>] = []
    private var free: [Int] = []
    private(set) var leaves: [BoostingLeaf] = []
    private(set) var nodes: GrowingBuffer<BoostingNode>

    private static let chunk = 1 << 14

    init(
        _ binned: BinnedColumns, _ thresholds: BinThresholds, _ limits: Limits, _ search: BoostingSplitSearch,
        in context: Context
    ) throws(ApusError) {
        self.context = context
        self.binned = binned
        self.thresholds = thresholds
        self.limits = limits
        self.search = search
        let allocator = context.allocator
        order = try Buffer(binned.rows, in: allocator)
        spare = try Buffer(binned.rows, in: allocator)
        ordered = try Buffer(binned.rows, in: allocator)
        histograms = try GradientHistograms(binned, lanes: min(context.threads, binned.groups), in: allocator)
        found = try Buffer(cappedProduct(2, binned.groups), in: allocator)
        lefts = try Buffer(binned.rows / BoostingTreeGrower.chunk + 1, in: allocator)
        nodes = try GrowingBuffer(in: allocator)
    }

    /// Grows a tree over the first `count` rows of `order`; `gradients` has (gradient, second derivative, 1, 0) for
    /// each row of x. `all`: the order is that of x.
    func grow(_ gradients: UnsafePointer<SIMD4<Float>>, count: Int, all: Bool, _ random: TreeRandom)
        throws(ApusError)
    {
        nodes.removeAll()
        leaves = []
        free = Array(pool.indices)
        try nodes.append(BoostingNode())
        var root = BoostingLeaf(
            start: 0, count: count, depth: 0, node: 0, sums: GradientSums(repeating: 0),
            interactions: limits.interactions.map { Array($0.indices) })
        root.histogram = try slot()
        if !all { gather(gradients, root) }
        _ = evaluate(
            &root, nil, order: all ? nil : UnsafePointer(order.pointer),
            gradients: all ? gradients : UnsafePointer(ordered.pointer), random)
        leaves.append(root)
        while leaves.count < limits.leaves, let index = nextLeaf() {
            try context.checkInterrupt()
            try split(index, gradients, random)
        }
        for leaf in leaves {
            nodes.pointer[leaf.node].value = search.value(leaf.sums, lower: leaf.lower, upper: leaf.upper)
            nodes.pointer[leaf.node].lower = leaf.lower
            nodes.pointer[leaf.node].upper = leaf.upper
        }
    }

    /// The leaf to split next. Without a limit on leaves the order is of no account, and the last one keeps few sums.
    private func nextLeaf() -> Int? {
        if limits.leaves == Int.max { return leaves.lastIndex { $0.split.gain > 0 } }
        var best: Int?
        for index in leaves.indices where leaves[index].split.gain > 0 {
            if let other = best, leaves[other].split.gain >= leaves[index].split.gain { continue }
            best = index
        }
        return best
    }

    private func slot() throws(ApusError) -> Int {
        if let index = free.popLast() { return index }
        pool.append(try Buffer(GradientHistograms.size(binned.columns), in: context.allocator))
        return pool.count - 1
    }

    // MARK: One split

    private func split(_ index: Int, _ gradients: UnsafePointer<SIMD4<Float>>, _ random: TreeRandom) throws(ApusError) {
        let leaf = leaves[index]
        var chosen = leaf.split
        if !chosen.isCategorical {
            for bin in 0...chosen.bin { chosen.set.insert(bin) }
        }
        let absent = thresholds.missingBin(chosen.column)
        if chosen.missingLeft { chosen.set.insert(absent) }
        let leftCount = partition(leaf, chosen)
        nodes.pointer[leaf.node].split = chosen
        nodes.pointer[leaf.node].children = nodes.count
        var left = child(leaf, start: leaf.start, count: leftCount, chosen.left)
        var right = child(leaf, start: leaf.start + leftCount, count: leaf.count - leftCount, leaf.sums - chosen.left)
        bound(&left, &right, leaf, chosen)
        left.node = nodes.count
        right.node = nodes.count + 1
        try nodes.append(BoostingNode())
        try nodes.append(BoostingNode())
        if mayBeSplit(left) || mayBeSplit(right) {
            // The smaller child is summed, the other one takes over the parent's sums.
            let leftIsSmaller = left.count <= right.count
            var smaller = leftIsSmaller ? left : right
            var larger: BoostingLeaf? = leftIsSmaller ? right : left
            smaller.histogram = try slot()
            larger?.histogram = leaf.histogram
            gather(gradients, smaller)
            let sibling = evaluate(
                &smaller, larger, order: UnsafePointer(order.pointer + smaller.start),
                gradients: UnsafePointer(ordered.pointer + smaller.start), random)
            larger?.split = sibling
            if let other = larger {
                left = leftIsSmaller ? smaller : other
                right = leftIsSmaller ? other : smaller
            }
            release(&left)
            release(&right)
        } else if let histogram = leaf.histogram {
            free.append(histogram)
        }
        leaves[index] = left
        leaves.append(right)
    }

    private func release(_ leaf: inout BoostingLeaf) {
        if leaf.split.gain > 0 { return }
        if let histogram = leaf.histogram { free.append(histogram) }
        leaf.histogram = nil
    }

    private func child(_ leaf: BoostingLeaf, start: Int, count: Int, _ sums: GradientSums) -> BoostingLeaf {
        BoostingLeaf(
            start: start, count: count, depth: leaf.depth + 1, node: 0, sums: sums, lower: leaf.lower,
            upper: leaf.upper,
            interactions: leaf.interactions.map { held in
                held.filter { limits.interactions?[$0].contains(leaf.split.column) == true }
            })
    }

    private func bound(
        _ left: inout BoostingLeaf, _ right: inout BoostingLeaf, _ leaf: BoostingLeaf, _ split: BoostingSplit
    ) {
        if search.monotonic.isEmpty || search.monotonic[split.column] == 0 { return }
        let l = search.value(left.sums, lower: leaf.lower, upper: leaf.upper)
        let r = search.value(right.sums, lower: leaf.lower, upper: leaf.upper)
        let middle = l / 2 + r / 2
        if search.monotonic[split.column] > 0 {
            left.upper = middle
            right.lower = middle
        } else {
            left.lower = middle
            right.upper = middle
        }
    }

    private func mayBeSplit(_ leaf: BoostingLeaf) -> Bool {
        leaf.depth < limits.depth && leaf.count / 2 >= limits.leastInLeaf
    }

    /// Parts the rows of a leaf, keeping their order on either side; how many go left.
    private func partition(_ leaf: BoostingLeaf, _ split: BoostingSplit) -> Int {
        let chunk = BoostingTreeGrower.chunk
        let order = order.pointer + leaf.start
        let spare = spare.pointer + leaf.start
        let lefts = lefts.pointer
        let words = UnsafePointer(binned.words.pointer + (split.column >> 3) &* binned.rows)
        let shift = UInt64((split.column & 7) &* 8)
        let set = split.set
        context.parallel(over: leaf.count, by: chunk) { rows in
            var left = 0
            var right = 0
            let start = rows.lowerBound
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { goes in
                for bin in 0..<256 { goes[bin] = set.contains(bin) ? 1 : 0 }
                for i in rows {
                    let row = order[i]
                    let step = Int(goes[Int((words[Int(row)] >> shift) & 255)])
                    spare[start &+ left] = row
                    order[start &+ right] = row
                    left &+= step
                    right &+= 1 &- step
                }
            }
            (spare + start + left).update(from: order + start, count: right)
            lefts[start / chunk] = left
        }
        let chunks = (leaf.count - 1) / chunk + 1
        var total = 0
        for number in 0..<chunks {
            let here = lefts[number]
            lefts[number] = total
            total += here
        }
        let whole = total
        context.parallel(over: leaf.count, by: chunk) { rows in
            let number = rows.lowerBound / chunk
            let before = lefts[number]
            let left = (number + 1 < chunks ? lefts[number + 1] : whole) - before
            let from = spare + rows.lowerBound
            (order + before).update(from: from, count: left)
            (order + whole + rows.lowerBound - before).update(from: from + left, count: rows.count - left)
        }
        return whole
    }

    /// Brings the gradients of a leaf's rows together.
    private func gather(_ gradients: UnsafePointer<SIMD4<Float>>, _ leaf: BoostingLeaf) {
        let order = order.pointer + leaf.start
        let out = ordered.pointer + leaf.start
        context.parallel(over: leaf.count, by: BoostingTreeGrower.chunk) { rows in
            for i in rows { out[i] = gradients[Int(order[i])] }
        }
    }

    /// Sums a leaf's gradients by bin, subtracts them from its sibling's, and finds the best split of each: the leaf's
    /// is set, the sibling's returned.
    private func evaluate(
        _ leaf: inout BoostingLeaf, _ sibling: BoostingLeaf?, order: UnsafePointer<UInt32>?,
        gradients: UnsafePointer<SIMD4<Float>>, _ random: TreeRandom
    ) -> BoostingSplit {
        var other = BoostingSplit()
        guard let own = leaf.histogram else { return other }
        let sums = pool[own].pointer
        let others = sibling?.histogram.map { pool[$0].pointer }
        let groups = binned.groups
        let count = leaf.count
        let isRoot = sibling == nil
        var whole = leaf
        let masks = [drawn(leaf, random), sibling.flatMap { drawn($0, random) }]
        let found = found.pointer
        if isRoot {
            context.parallel(groups, lanes: min(context.threads, groups)) { group, lane in
                self.sum(group, order, gradients, count, lane, sums)
            }
            // The root's sums are those of any column.
            var total = GradientSums(repeating: 0)
            for bin in 0...thresholds.missingBin(0) { total += sums[bin] }
            whole.sums = total
            leaf.sums = total
        }
        let searched = whole
        context.parallel(groups, lanes: min(context.threads, groups)) { group, lane in
            if !isRoot { self.sum(group, order, gradients, count, lane, sums) }
            let first = group &* BinnedColumns.together
            let width = min(BinnedColumns.together, self.binned.columns - first)
            if let others {
                for c in first..<(first + width) {
                    for bin in 0...self.thresholds.missingBin(c) {
                        others[c &* 256 &+ bin] -= sums[c &* 256 &+ bin]
                    }
                }
            }
            found[group] = self.best(group, sums, searched, masks[0])
            if let others, let sibling {
                found[groups + group] = self.best(group, others, sibling, masks[1])
            }
        }
        leaf.split = BoostingSplit()
        for group in 0..<groups {
            if found[group].gain > leaf.split.gain { leaf.split = found[group] }
            if sibling != nil, found[groups + group].gain > other.gain { other = found[groups + group] }
        }
        return other
    }

    private func sum(
        _ group: Int, _ order: UnsafePointer<UInt32>?, _ gradients: UnsafePointer<SIMD4<Float>>, _ count: Int,
        _ lane: Int, _ out: UnsafeMutablePointer<GradientSums>
    ) {
        let first = group &* BinnedColumns.together
        var used = 0
        for c in first..<min(first + BinnedColumns.together, binned.columns) {
            used = max(used, thresholds.missingBin(c) + 1)
        }
        histograms.sum(group, order, gradients, count, used: used, lane: lane, to: out + first &* 256)
    }

    /// The best split of a leaf by a column of one group.
    private func best(
        _ group: Int, _ sums: UnsafePointer<GradientSums>, _ leaf: BoostingLeaf, _ mask: [Bool]?
    ) -> BoostingSplit {
        var split = BoostingSplit()
        guard mayBeSplit(leaf) else { return split }
        let first = group &* BinnedColumns.together
        for column in first..<min(first + BinnedColumns.together, binned.columns) {
            if let mask, !mask[column] { continue }
            let own = sums + column &* 256
            let bins = thresholds.bins(column)
            let absent = binned.missing.pointer[column]
            if thresholds.categorical[column] {
                search.searchCategories(column, own, bins: bins, hasMissing: absent, leaf, &split)
            } else if bins > 1 || absent {
                let before = split.gain
                search.search(column, own, bins: bins, hasMissing: absent, leaf, &split)
                if split.gain > before, !absent { split.missingLeft = split.left.rows * 2 > leaf.sums.rows }
            }
        }
        return split
    }

    /// The columns that a leaf may be split by; nil for all.
    private func drawn(_ leaf: BoostingLeaf, _ random: TreeRandom) -> [Bool]? {
        let columns = binned.columns
        var allowed = Array(0..<columns)
        if let sets = limits.interactions, let held = leaf.interactions {
            allowed = allowed.filter { column in held.contains { sets[$0].contains(column) } }
        } else if limits.features >= columns {
            return nil
        }
        let number = min(limits.features, allowed.count)
        if number < allowed.count {
            let generator = random.part(leaf.node).generator
            var draw: UInt64 = 0
            for i in 0..<number {
                allowed.swapAt(i, i + Int(generator.below(UInt64(allowed.count - i), draw: &draw)))
            }
        }
        var mask = [Bool](repeating: false, count: columns)
        for column in allowed.prefix(number) { mask[column] = true }
        return mask
    }

    /// The leaf's node that a row of the binned columns falls into.
    @inline(__always)
    func leaf(_ row: Int) -> Int {
        let nodes = nodes.pointer
        var index = 0
        while nodes[index].children >= 0 {
            let split = nodes[index].split
            index = nodes[index].children &+ (split.set.contains(binned.bin(row, split.column)) ? 0 : 1)
        }
        return index
    }

    // MARK: The finished tree

    /// Adds the tree in preorder to `trees`.
    func append(to trees: inout PackedTrees.Draft) throws(ApusError) {
        var stack: [(node: Int, parent: Int)] = [(0, -1)]
        var out = try GrowingBuffer<PackedTrees.Node>(capacity: nodes.count, in: context.allocator)
        while let (index, parent) = stack.popLast() {
            let node = nodes.pointer[index]
            if parent >= 0 { out.pointer[parent].right = Int32(truncatingIfNeeded: out.count) }
            var packed = PackedTrees.Node()
            if node.children < 0 {
                packed.threshold = node.value
            } else {
                let split = node.split
                packed.feature = Int32(truncatingIfNeeded: split.column)
                packed.gain = Float(split.gain)
                if split.missingLeft { packed.flags |= PackedTrees.goesLeftMissing }
                if split.isCategorical {
                    packed.flags |= PackedTrees.isCategorical
                    packed.threshold = Double(try trees.appendSet(categories(split).words))
                } else {
                    packed.threshold = thresholds.threshold(split.column, split.bin)
                }
                stack.append((node.children + 1, out.count))
                stack.append((node.children, -1))
            }
            try out.append(packed)
        }
        try trees.append(out.pointer, out.count)
    }

    /// Bins to the categories they stand for; one that training has not seen goes where missing values go.
    private func categories(_ split: BoostingSplit) -> BinSet {
        var set = BinSet()
        let bins = thresholds.bins(split.column)
        let first = thresholds.offsets[split.column]
        var known = BinSet()
        for bin in 0..<bins {
            let category = Int(thresholds.values.pointer[first + bin])
            known.insert(category)
            if split.set.contains(bin) { set.insert(category) }
        }
        if split.missingLeft { for category in 0..<256 where !known.contains(category) { set.insert(category) } }
        return set
    }
}
