import Core

/// The best split of a node, column by column.
extension TreeGrower {
    /// Nil when no split keeps the limits.
    func search(_ node: GrownNode, lane: Int, parallel: Bool) -> Split? {
        let own = entries.pointer + node.start
        switch criterion {
        case .gini, .entropy:
            guard let labels = target.labels else { return nil }
            let width = 3 &* target.width
            let scratch = counts.pointer
            var classes = ClassCounts(target, labels.pointer, scratch + lane &* width)
            classes.count(own, node.count)
            let counted = classes
            if criterion == .gini {
                return best(node, lane, parallel) { GiniStatistics(counted.sides(in: scratch + $0 &* width)) }
            }
            return best(node, lane, parallel) { EntropyStatistics(counted.sides(in: scratch + $0 &* width)) }
        case .squaredError, .poisson:
            guard let values = target.values else { return nil }
            var sums = ValueSums(target, values.pointer)
            sums.sum(own, node.count)
            let summed = sums
            if criterion == .poisson { return best(node, lane, parallel) { _ in PoissonStatistics(summed) } }
            return best(node, lane, parallel) { _ in VarianceStatistics(summed) }
        case .absoluteError:
            guard let medians, let values = target.values else { return nil }
            medians.begin(
                entries.pointer + (columns &* rows &+ node.start), start: node.start, node.count, values.pointer)
            return each(node, lane, parallel) { column, lane, split in
                self.scan(medians, values.pointer, column, node, lane, &split)
            }
        }
    }

    private func best<Statistics: SplitStatistics>(
        _ node: GrownNode, _ lane: Int, _ parallel: Bool, _ make: (Int) -> Statistics
    ) -> Split? {
        each(node, lane, parallel) { column, lane, split in
            var statistics = make(lane)
            self.scan(&statistics, column, node, &split)
        }
    }

    /// Looks at the columns that are drawn; of equal scores the first counts.
    private func each(
        _ node: GrownNode, _ lane: Int, _ parallel: Bool, _ scan: (Int, Int, inout Split) -> Void
    ) -> Split? {
        let list = candidates.pointer + lane &* columns
        let number = choose(node, list)
        var best = Split()
        if parallel {
            let found = found.pointer
            context.parallel(number, lanes: lanes) { slot, lane in
                var split = Split()
                scan(Int(list[slot]), lane, &split)
                found[slot] = split
            }
            for slot in 0..<number where found[slot].score > best.score { best = found[slot] }
        } else {
            for slot in 0..<number { scan(Int(list[slot]), lane, &best) }
        }
        return best.feature < 0 ? nil : best
    }

    /// Writes the columns to look at: all, or as many as are drawn, and on until one of them is not constant.
    private func choose(_ node: GrownNode, _ list: UnsafeMutablePointer<Int32>) -> Int {
        for column in 0..<columns { list[column] = Int32(truncatingIfNeeded: column) }
        if limits.features >= columns { return columns }
        let generator = Philox(seed: random.seed, stream: node.key)
        var draw: UInt64 = 0
        var varies = false
        var number = 0
        while number < columns, number < limits.features || !varies {
            let other = number + Int(generator.below(UInt64(columns - number), draw: &draw))
            let held = list[number]
            list[number] = list[other]
            list[other] = held
            let order = entries.pointer + (Int(list[number]) &* rows &+ node.start)
            if order[0] >> 32 != order[node.count - 1] >> 32 { varies = true }
            number += 1
        }
        return number
    }

    /// Rows of a node whose value in a column is there.
    private func presentRows(_ order: UnsafePointer<UInt64>, _ count: Int) -> Int {
        var low = 0
        var high = count
        if order[count - 1] >> 32 != SortedColumns.missing { return count }
        while low < high {
            let middle = (low + high) / 2
            if order[middle] >> 32 == SortedColumns.missing { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Tries each place between different values; missing rows on either side, and alone on the right.
    private func scan<Statistics: SplitStatistics>(
        _ statistics: inout Statistics, _ column: Int, _ node: GrownNode, _ best: inout Split
    ) {
        let order = UnsafePointer(entries.pointer + (column &* rows &+ node.start))
        let count = node.count
        let present = presentRows(order, count)
        if present == 0 || (present == count && order[0] >> 32 == order[count - 1] >> 32) { return }
        let most = count - limits.leastInLeaf
        for missingLeft in 0..<(present < count ? 2 : 1) {
            statistics.reset()
            let lead = missingLeft == 1 ? count - present : 0
            if missingLeft == 1 { for i in present..<count { statistics.move(Int(order[i] & TreeGrower.rowMask)) } }
            var rank = order[0] >> 32
            for i in 1..<present {
                statistics.move(Int(order[i - 1] & TreeGrower.rowMask))
                let next = order[i] >> 32
                if next == rank { continue }
                let before = rank
                rank = next
                let left = i + lead
                if left < limits.leastInLeaf || left > most { continue }
                let score = statistics.score
                if score > best.score, keepsLimits(statistics, column, node) {
                    best.score = score
                    best.feature = column
                    best.lastRank = before
                    best.lowRow = Int(order[i - 1] & TreeGrower.rowMask)
                    best.highRow = Int(order[i] & TreeGrower.rowMask)
                    best.leftCount = left
                    best.missingLeft = present < count ? missingLeft == 1 : left > count - left
                    best.leftValue = statistics.leftValue
                    best.rightValue = statistics.rightValue
                }
            }
        }
        if present == count || present < limits.leastInLeaf || present > most { return }
        statistics.reset()
        for i in 0..<present { statistics.move(Int(order[i] & TreeGrower.rowMask)) }
        let score = statistics.score
        if score > best.score, keepsLimits(statistics, column, node) {
            take(&best, score, column, order, present)
            best.leftValue = statistics.leftValue
            best.rightValue = statistics.rightValue
        }
    }

    /// All values that are there on the left, the missing ones on the right.
    private func take(
        _ best: inout Split, _ score: Double, _ column: Int, _ order: UnsafePointer<UInt64>, _ present: Int
    ) {
        best.score = score
        best.feature = column
        best.lastRank = order[present - 1] >> 32
        best.lowRow = Int(order[present - 1] & TreeGrower.rowMask)
        best.highRow = -1
        best.leftCount = present
        best.missingLeft = false
    }

    private func keepsLimits<Statistics: SplitStatistics>(
        _ statistics: Statistics, _ column: Int, _ node: GrownNode
    ) -> Bool {
        if statistics.leftWeight < limits.leastWeight || statistics.rightWeight < limits.leastWeight { return false }
        return keepsOrder(statistics.leftValue, statistics.rightValue, column, node)
    }

    /// Whether monotonic constraints allow what the sides would predict.
    private func keepsOrder(_ left: Double, _ right: Double, _ column: Int, _ node: GrownNode) -> Bool {
        if monotonic.isEmpty || monotonic[column] == 0 { return true }
        guard min(left, right) >= node.lower, max(left, right) <= node.upper else { return false }
        return (left - right) * Double(monotonic[column]) <= 0
    }

    /// The same for medians, whose losses come from two sweeps.
    private func scan(
        _ medians: MedianSweep, _ values: UnsafePointer<Double>, _ column: Int, _ node: GrownNode, _ lane: Int,
        _ best: inout Split
    ) {
        let order = UnsafePointer(entries.pointer + (column &* rows &+ node.start))
        let count = node.count
        let present = presentRows(order, count)
        if present == 0 || (present == count && order[0] >> 32 == order[count - 1] >> 32) { return }
        let sweep = medians.lane(
            lane, start: node.start, count, values, target.weights.map { UnsafePointer($0.pointer) })
        for missingLeft in 0..<(present < count ? 2 : 1) {
            let lead = missingLeft == 1 ? count - present : 0
            sweep.clear()
            if missingLeft == 0 { for i in present..<count { sweep.add(Int(order[i] & TreeGrower.rowMask)) } }
            var i = present - 1
            // What lies right of place i, i = 1 ..< present; place `present` has the missing rows alone.
            sweep.keep(present)
            while i > 0 {
                sweep.add(Int(order[i] & TreeGrower.rowMask))
                sweep.keep(i)
                i -= 1
            }
            sweep.clear()
            if missingLeft == 1 { for i in present..<count { sweep.add(Int(order[i] & TreeGrower.rowMask)) } }
            for i in 1...present {
                sweep.add(Int(order[i - 1] & TreeGrower.rowMask))
                let alone = i == present
                if alone ? present == count || missingLeft == 1 : order[i - 1] >> 32 == order[i] >> 32 { continue }
                let left = i + lead
                if left < limits.leastInLeaf || count - left < limits.leastInLeaf { continue }
                let here = sweep.summary()
                let there = sweep.kept(i)
                let score = -(here.loss + there.loss)
                guard score > best.score, here.weight >= limits.leastWeight, there.weight >= limits.leastWeight,
                    keepsOrder(here.median, there.median, column, node)
                else { continue }
                take(&best, score, column, order, i)
                if !alone {
                    best.highRow = Int(order[i] & TreeGrower.rowMask)
                    best.leftCount = left
                    best.missingLeft = present < count ? missingLeft == 1 : left > count - left
                }
                best.leftValue = here.median
                best.rightValue = there.median
            }
        }
    }
}
