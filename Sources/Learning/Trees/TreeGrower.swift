import Core

/// Grows one CART tree by exact splits: each column's rows stay sorted, node by node, so that a node is searched in one
/// pass per column and never sorted again (Breiman, Friedman, Olshen, Stone 1984; the sorted lists as in Mehta,
/// Agrawal, Rissanen 1996, doi:10.1007/BFb0014141).
///
/// Large nodes are searched column by column in parallel; branches of fewer rows than `branchRows` are grown whole, in
/// parallel. The tree does not depend on the number of threads, and no recursion follows its depth.
final class TreeGrower {
    let context: Context
    let target: TreeTarget
    let criterion: SplitCriterion
    let limits: TreeLimits
    /// -1, 0 or 1 for each column; empty without constraints.
    let monotonic: [Int]
    let random: TreeRandom
    let reader: ColumnReader
    let columns: Int
    /// Rows of positive weight.
    let rows: Int
    /// The order of each column, then that of y for medians: entry i of column c at c * rows + i.
    let entries: Buffer<UInt64>
    let lanes: Int
    /// Working memory of each lane.
    let spare: Buffer<UInt64>
    let counts: Buffer<Double>
    let candidates: Buffer<Int32>
    let medians: MedianSweep?
    /// Whether a row goes left.
    private let mark: Buffer<UInt8>
    let found: Buffer<Split>
    private(set) var totalWeight = 0.0

    static let branchRows = 4096
    static let rowMask: UInt64 = 0xFFFF_FFFF

    /// Takes over the entries of `sorted` where `keepsSorted` is false.
    init(
        _ sorted: SortedColumns, keepsSorted: Bool, x: ArrayView, _ target: TreeTarget, _ criterion: SplitCriterion,
        _ limits: TreeLimits, monotonic: [Int] = [], _ random: TreeRandom, in context: Context
    ) throws(ApusError) {
        self.context = context
        self.target = target
        self.criterion = criterion
        self.limits = limits
        self.monotonic = monotonic
        self.random = random
        reader = ColumnReader(x: x)
        columns = sorted.columns
        let allocator = context.allocator
        let weights = target.weights
        let all = sorted.rows
        rows = weights.map { weights in (0..<all).count { weights.pointer[$0] > 0 } } ?? all
        guard rows > 0 else { throw .invalid("The weight of every row is 0.") }
        let extra = criterion == .absoluteError ? 1 : 0
        if rows == all, extra == 0, !keepsSorted {
            entries = sorted.entries
        } else {
            entries = try Buffer(cappedProduct(columns + extra, rows), in: allocator)
            TreeGrower.copy(sorted, weights, to: entries.pointer)
        }
        lanes = rows > TreeGrower.branchRows ? context.threads : 1
        spare = try Buffer(cappedProduct(lanes, rows), in: allocator)
        counts = try Buffer(cappedProduct(lanes, 3, target.width), in: allocator)
        candidates = try Buffer(cappedProduct(lanes, columns), in: allocator)
        mark = try Buffer(all, in: allocator)
        found = try Buffer(columns, in: allocator)
        medians = extra == 1 ? try MedianSweep(all, active: rows, lanes: lanes, in: allocator) : nil
        if extra == 1, let values = target.values {
            let order = try SortedColumns(
                ArrayView(data: values.pointer, dtype: .float64, shape: Shape(all, 1)), in: context)
            TreeGrower.copy(order, weights, to: entries.pointer + columns &* rows)
        }
    }

    private static func copy(
        _ sorted: SortedColumns, _ weights: Buffer<Double>?, to out: UnsafeMutablePointer<UInt64>
    ) {
        let from = sorted.entries
        guard let weights else {
            out.update(from: from.pointer, count: from.count)
            return
        }
        var place = 0
        for i in 0..<from.count where weights.pointer[Int(from.pointer[i] & rowMask)] > 0 {
            out[place] = from.pointer[i]
            place += 1
        }
    }

    // MARK: Nodes

    /// The root, its impurity known.
    func root() -> GrownNode {
        var node = GrownNode(start: 0, count: rows, depth: 0, key: random.key)
        judge(&node, column: 0, lane: 0)
        totalWeight = node.weight
        return node
    }

    /// Weight, impurity and value of a node whose rows lie together in `column`; whether a split may be looked for.
    func judge(_ node: inout GrownNode, column: Int, lane: Int) {
        let own = entries.pointer + (column &* rows &+ node.start)
        var pure = false
        switch criterion {
        case .gini, .entropy:
            guard let labels = target.labels else { return }
            var classes = ClassCounts(target, labels.pointer, counts.pointer + lane &* 3 &* target.width)
            classes.count(own, node.count)
            node.weight = classes.weight
            node.impurity = classes.impurity(entropy: criterion == .entropy)
            pure = classes.isPure
        case .squaredError, .poisson:
            guard let values = target.values else { return }
            var sums = ValueSums(target, values.pointer)
            sums.sum(own, node.count)
            node.weight = sums.weight
            node.value = sums.mean
            node.impurity = criterion == .poisson ? sums.poisson(own, node.count) : sums.variance
            pure = sums.isPure
        case .absoluteError:
            guard let values = target.values else { return }
            let order = entries.pointer + (columns &* rows &+ node.start)
            let middle = MedianSweep.middle(order, node.count, values.pointer, target.weights?.pointer)
            node.weight = middle.weight
            node.value = middle.median
            node.impurity = middle.loss / middle.weight
            pure = middle.isPure
        }
        let (twice, overflow) = limits.leastInLeaf.multipliedReportingOverflow(by: 2)
        node.isTerminal =
            pure || node.depth >= limits.depth || node.count < limits.leastToSplit || overflow || node.count < twice
            || node.weight < 2 * limits.leastWeight
    }

    /// Splits a node: its rows are parted in every column that will be looked at again. Nil when it stays a leaf.
    func part(_ node: inout GrownNode, _ split: Split, lane: Int, parallel: Bool) -> (GrownNode, GrownNode)? {
        let column = split.feature
        let order = entries.pointer + (column &* rows &+ node.start)
        for i in 0..<node.count {
            let rank = order[i] >> 32
            let left = rank == SortedColumns.missing ? split.missingLeft : rank <= split.lastRank
            mark.pointer[Int(order[i] & TreeGrower.rowMask)] = left ? 1 : 0
        }
        partition(column, node, lane)
        if medians != nil { partition(columns, node, lane) }
        let branch = TreeRandom(seed: random.seed, key: node.key)
        var left = GrownNode(
            start: node.start, count: split.leftCount, depth: node.depth + 1, key: branch.part(0).key)
        var right = GrownNode(
            start: node.start + split.leftCount, count: node.count - split.leftCount, depth: node.depth + 1,
            key: branch.part(1).key)
        judge(&left, column: column, lane: lane)
        judge(&right, column: column, lane: lane)
        let share = node.weight / totalWeight
        let decrease =
            share
            * (node.impurity - left.weight / node.weight * left.impurity
                - right.weight / node.weight * right.impurity)
        if decrease + 0x1p-52 < limits.leastDecrease { return nil }
        bound(&left, &right, node, split)
        node.feature = column
        node.leftCount = split.leftCount
        node.missingLeft = split.missingLeft
        node.threshold = threshold(split)
        let last = left.isTerminal && right.isTerminal
        // Leaves are read in the order of column 0.
        if last {
            if column != 0 { partition(0, node, lane) }
        } else if parallel {
            context.parallel(columns, lanes: lanes) { other, lane in
                if other != column { self.partition(other, node, lane) }
            }
        } else {
            for other in 0..<columns where other != column { partition(other, node, lane) }
        }
        return (left, right)
    }

    /// The middle of the values beside the split; the lower one where rounding would reach the upper.
    private func threshold(_ split: Split) -> Double {
        if split.highRow < 0 { return .infinity }
        let low = reader.value(split.lowRow, split.feature)
        let high = reader.value(split.highRow, split.feature)
        let middle = low / 2 + high / 2
        return middle >= high || middle < low ? low : middle
    }

    private func bound(_ left: inout GrownNode, _ right: inout GrownNode, _ node: GrownNode, _ split: Split) {
        if monotonic.isEmpty { return }
        (left.lower, left.upper) = (node.lower, node.upper)
        (right.lower, right.upper) = (node.lower, node.upper)
        let middle = split.leftValue / 2 + split.rightValue / 2
        if monotonic[split.feature] > 0 {
            left.upper = middle
            right.lower = middle
        } else if monotonic[split.feature] < 0 {
            left.lower = middle
            right.upper = middle
        }
    }

    /// Brings the rows that go left to the front, keeping the order of either side.
    private func partition(_ column: Int, _ node: GrownNode, _ lane: Int) {
        let order = entries.pointer + (column &* rows &+ node.start)
        let held = spare.pointer + lane &* rows
        let mark = mark.pointer
        var left = 0
        var right = 0
        for i in 0..<node.count {
            let entry = order[i]
            let goes = Int(mark[Int(entry & TreeGrower.rowMask)])
            order[left] = entry
            held[right] = entry
            left &+= goes
            right &+= 1 &- goes
        }
        (order + left).update(from: held, count: right)
    }
}
