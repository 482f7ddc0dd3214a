import Core
import Glibc

/// What all trees of a forest share while it is grown.
struct ForestProblem: @unchecked Sendable {
    let binned: BinnedColumns
    let thresholds: BinThresholds
    let target: TreeTarget
    /// Sample and class weights; nil when all are 1.
    let weights: UnsafePointer<Double>?
    let criterion: SplitCriterion
    let limits: TreeLimits
    /// Extra trees: one random threshold for each column drawn.
    let randomThresholds: Bool
    /// Rows drawn with replacement for each tree; nil takes every row once.
    let drawn: Int?
    /// Weighs the drawn rows so that their classes balance.
    let balancesSample: Bool
    /// The share of a tree's weight that a leaf needs.
    let leastWeightShare: Double

    /// Nodes that a tree can have.
    var mostNodes: Int { 2 * max(binned.rows / max(limits.leastInLeaf, 1), 1) }
}

/// Grows trees of a forest over bins, one after another, in memory of its own. A row is one word: its number, its class
/// and how often it was drawn.
final class ForestTreeGrower: @unchecked Sendable {
    let problem: ForestProblem
    let nodes: Buffer<PackedTrees.Node>
    private(set) var count = 0
    /// Sums of each leaf's classes (or its mean), in the order of the leaves.
    let leafValues: Buffer<Double>
    private(set) var leaves = 0
    /// The leaf of each row, for rows that were not drawn.
    let leafOfRow: Buffer<UInt32>
    let importances: Buffer<Double>
    private let order: Buffer<UInt64>
    private let spare: Buffer<UInt64>
    private let stack: Buffer<Pending>
    private let times: Buffer<UInt16>
    private let bins: Buffer<UInt8>
    private let candidates: Buffer<Int32>
    private let factors: Buffer<Double>
    let histogram: Buffer<Double>
    let rowCounts: Buffer<Int32>
    let sides: Buffer<Double>
    private var drawnRows = 0
    private var totalWeight = 0.0

    /// A row that was not drawn has this leaf only after `place`.
    static let inBag = UInt32.max

    private struct Pending: BitwiseCopyable {
        let start: Int
        let count: Int
        let depth: Int
        let parent: Int
        let key: UInt64
    }

    init(_ problem: ForestProblem, in allocator: Allocator) throws(ApusError) {
        self.problem = problem
        let rows = problem.binned.rows
        let width = problem.target.width
        nodes = try Buffer(problem.mostNodes, in: allocator)
        leafValues = try Buffer(cappedProduct(problem.mostNodes / 2 + 1, width), in: allocator)
        leafOfRow = try Buffer(problem.drawn == nil ? 0 : rows, in: allocator)
        importances = try Buffer(problem.binned.columns, in: allocator)
        order = try Buffer(rows, in: allocator)
        spare = try Buffer(rows, in: allocator)
        stack = try Buffer(problem.mostNodes / 2 + 2, in: allocator)
        times = try Buffer(problem.drawn == nil ? 0 : rows, in: allocator)
        bins = try Buffer(problem.mostNodes, in: allocator)
        candidates = try Buffer(problem.binned.columns, in: allocator)
        factors = try Buffer(width, in: allocator)
        let most = (0..<problem.binned.columns).map { problem.thresholds.bins($0) + 1 }.max() ?? 1
        let wide = problem.target.classes > 0 ? problem.target.classes : 2
        histogram = try Buffer(zeros: cappedProduct(most, wide), in: allocator)
        rowCounts = try Buffer(zeros: most, in: allocator)
        sides = try Buffer(3 * wide, in: allocator)
    }

    // MARK: Rows

    static func row(_ entry: UInt64) -> Int { Int(entry & 0xFFFF_FFFF) }
    static func label(_ entry: UInt64) -> Int { Int((entry >> 32) & 0xFFFF) }

    /// How much a row counts.
    @inline(__always)
    func weight(_ entry: UInt64) -> Double {
        let times = Double(entry >> 48)
        let balanced = problem.balancesSample ? times * factors.pointer[ForestTreeGrower.label(entry)] : times
        guard let weights = problem.weights else { return balanced }
        return balanced * weights[ForestTreeGrower.row(entry)]
    }

    /// Fills `order` with the rows of a tree. False when none of them has a weight.
    private func draw(_ random: TreeRandom) -> Bool {
        let rows = problem.binned.rows
        let labels = problem.target.labels?.pointer
        drawnRows = 0
        totalWeight = 0
        if let drawn = problem.drawn {
            times.clear()
            let generator = random.part(0).generator
            var number: UInt64 = 0
            for _ in 0..<drawn {
                let row = Int(generator.below(UInt64(rows), draw: &number))
                if times.pointer[row] < UInt16.max { times.pointer[row] += 1 }
            }
        }
        if problem.balancesSample, let labels { balance(labels) }
        for row in 0..<rows {
            let count = problem.drawn == nil ? 1 : UInt64(times.pointer[row])
            if count == 0 { continue }
            let entry = UInt64(row) | UInt64(labels.map { $0[row] } ?? 0) << 32 | count << 48
            let w = weight(entry)
            if w <= 0 { continue }
            order.pointer[drawnRows] = entry
            totalWeight += w
            drawnRows += 1
        }
        return drawnRows > 0
    }

    /// Factors that give each class of the drawn rows the same weight.
    private func balance(_ labels: UnsafePointer<UInt16>) {
        let classes = problem.target.classes
        factors.clear()
        var total = 0.0
        for row in 0..<problem.binned.rows {
            let count = problem.drawn == nil ? 1 : Double(times.pointer[row])
            factors.pointer[Int(labels[row])] += count
            total += count
        }
        for k in 0..<classes where factors.pointer[k] > 0 {
            factors.pointer[k] = total / (Double(classes) * factors.pointer[k])
        }
    }

    // MARK: Growth

    /// Grows a tree; false when the context was interrupted, or no row has a weight.
    func grow(_ random: TreeRandom, in context: Context) -> Bool {
        count = 0
        leaves = 0
        importances.clear()
        guard draw(random) else { return false }
        let seed = random.seed
        stack.pointer[0] = Pending(start: 0, count: drawnRows, depth: 0, parent: -1, key: random.part(1).key)
        var waiting = 1
        while waiting > 0 {
            if count & 1023 == 0, context.isInterrupted { return false }
            waiting -= 1
            let here = stack.pointer[waiting]
            if here.parent >= 0 { nodes.pointer[here.parent].right = Int32(truncatingIfNeeded: count) }
            let place = count
            count += 1
            nodes.pointer[place] = PackedTrees.Node()
            let summary = summarise(here.start, here.count)
            let random = TreeRandom(seed: seed, key: here.key)
            if isOpen(here, summary), let split = best(here.start, here.count, summary, random),
                split.decrease(summary) / totalWeight + 0x1p-52 >= problem.limits.leastDecrease
            {
                let left = partition(here.start, here.count, split)
                var node = PackedTrees.Node()
                node.feature = Int32(truncatingIfNeeded: split.column)
                node.threshold = problem.thresholds.threshold(split.column, split.bin)
                if split.missingLeft { node.flags = PackedTrees.goesLeftMissing }
                nodes.pointer[place] = node
                bins.pointer[place] = UInt8(truncatingIfNeeded: split.bin)
                importances.pointer[split.column] += split.decrease(summary)
                let depth = here.depth + 1
                stack.pointer[waiting] = Pending(
                    start: here.start + left, count: here.count - left, depth: depth, parent: place,
                    key: random.part(1).key)
                stack.pointer[waiting + 1] = Pending(
                    start: here.start, count: left, depth: depth, parent: -1, key: random.part(0).key)
                waiting += 2
            } else {
                leaf(place, here.start, here.count, summary)
            }
        }
        return true
    }

    /// Weight, impurity and sums of a node's rows; the classes' sums stay in `sides`.
    struct Summary {
        var weight = 0.0
        /// Regression.
        var mean = 0.0
        /// Weight times impurity.
        var mass = 0.0
        var isPure = true
    }

    private func isOpen(_ here: Pending, _ summary: Summary) -> Bool {
        let limits = problem.limits
        return !summary.isPure && here.depth < limits.depth && here.count >= limits.leastToSplit
            && here.count / 2 >= limits.leastInLeaf && summary.weight >= 2 * problem.leastWeightShare * totalWeight
            && count + 2 <= nodes.count
    }

    func leastWeight() -> Double { problem.leastWeightShare * totalWeight }

    private func summarise(_ start: Int, _ count: Int) -> Summary {
        let own = order.pointer + start
        var summary = Summary()
        let classes = problem.target.classes
        if classes > 0 {
            let total = sides.pointer
            for k in 0..<classes { total[k] = 0 }
            for i in 0..<count { total[ForestTreeGrower.label(own[i])] += weight(own[i]) }
            var present = 0
            for k in 0..<classes where total[k] > 0 {
                summary.weight += total[k]
                present += 1
            }
            summary.isPure = present < 2
            if !summary.isPure { summary.mass = mass(total, summary.weight) }
            return summary
        }
        guard let values = problem.target.values?.pointer else { return summary }
        let first = values[ForestTreeGrower.row(own[0])]
        var sum = 0.0
        var squares = 0.0
        for i in 0..<count {
            let w = weight(own[i])
            let distance = values[ForestTreeGrower.row(own[i])] - first
            if distance != 0 { summary.isPure = false }
            sum += w * distance
            squares += w * distance * distance
            summary.weight += w
        }
        summary.mean = first + sum / summary.weight
        summary.mass = max(squares - sum * sum / summary.weight, 0)
        return summary
    }

    /// Weight times impurity of summed classes.
    func mass(_ sums: UnsafePointer<Double>, _ weight: Double) -> Double {
        var sum = 0.0
        let classes = problem.target.classes
        if problem.criterion == .entropy {
            for k in 0..<classes where sums[k] > 0 { sum -= sums[k] * log2(sums[k] / weight) }
            return sum
        }
        for k in 0..<classes { sum += sums[k] * sums[k] }
        return weight - sum / weight
    }

    private func leaf(_ place: Int, _ start: Int, _ count: Int, _ summary: Summary) {
        let width = problem.target.width
        let out = leafValues.pointer + leaves &* width
        if problem.target.classes > 0 {
            for k in 0..<width { out[k] = sides.pointer[k] / summary.weight }
        } else {
            out[0] = summary.mean
        }
        nodes.pointer[place].threshold = Double(leaves)
        leaves += 1
    }

    /// Brings the rows that go left to the front; how many they are.
    private func partition(_ start: Int, _ count: Int, _ split: ForestSplit) -> Int {
        let own = order.pointer + start
        let held = spare.pointer
        let words = UnsafePointer(problem.binned.words.pointer + (split.column >> 3) &* problem.binned.rows)
        let shift = UInt64((split.column & 7) &* 8)
        let absent = problem.thresholds.missingBin(split.column)
        var left = 0
        var right = 0
        for i in 0..<count {
            let entry = own[i]
            let bin = Int((words[ForestTreeGrower.row(entry)] >> shift) & 255)
            let goes = bin <= split.bin || (bin == absent && split.missingLeft)
            let step = goes ? 1 : 0
            own[left] = entry
            held[right] = entry
            left &+= step
            right &+= 1 &- step
        }
        (own + left).update(from: held, count: right)
        return left
    }

    // MARK: Search

    /// The best split by the columns that are drawn; nil for none.
    private func best(_ start: Int, _ count: Int, _ summary: Summary, _ random: TreeRandom) -> ForestSplit? {
        let columns = problem.binned.columns
        let list = candidates.pointer
        for column in 0..<columns { list[column] = Int32(truncatingIfNeeded: column) }
        let generator = random.generator
        var draw: UInt64 = 0
        var best = ForestSplit()
        let own = UnsafePointer(order.pointer + start)
        var number = 0
        var varies = false
        while number < columns, number < problem.limits.features || !varies {
            if problem.limits.features < columns {
                let other = number + Int(generator.below(UInt64(columns - number), draw: &draw))
                let held = list[number]
                list[number] = list[other]
                list[other] = held
            }
            let threshold = problem.randomThresholds ? generator.uniform(draw &+ 1 << 40) : -1
            draw &+= 1
            if scan(Int(list[number]), own, count, summary, threshold, &best) { varies = true }
            number += 1
        }
        return best.column < 0 ? nil : best
    }

    /// Notes the leaf of every row that was not drawn.
    func place() {
        guard problem.drawn != nil else { return }
        let binned = problem.binned
        for row in 0..<binned.rows {
            if times.pointer[row] > 0 {
                leafOfRow.pointer[row] = ForestTreeGrower.inBag
                continue
            }
            var index = 0
            while nodes.pointer[index].right != 0 {
                let node = nodes.pointer[index]
                let column = Int(node.feature)
                let bin = binned.bin(row, column)
                let left =
                    bin == problem.thresholds.missingBin(column)
                    ? node.flags != 0 : bin <= Int(bins.pointer[index])
                index = left ? index + 1 : Int(node.right)
            }
            leafOfRow.pointer[row] = UInt32(nodes.pointer[index].threshold)
        }
    }
}

/// A split over bins.
struct ForestSplit: BitwiseCopyable {
    var score = -Double.infinity
    var column = -1
    /// The last bin on the left.
    var bin = 0
    var missingLeft = false
    /// Weight times impurity of both sides.
    var mass = 0.0

    func decrease(_ summary: ForestTreeGrower.Summary) -> Double { max(summary.mass - mass, 0) }
}
