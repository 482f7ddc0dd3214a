import Core
import Glibc

/// The best split of a node by one column: sums by bin, and a pass over the bins that hold a row.
extension ForestTreeGrower {
    /// A set of the 256 bins.
    private struct Occupied {
        var words = InlineArray<4, UInt64>(repeating: 0)

        @inline(__always)
        mutating func insert(_ bin: Int) { words[bin >> 6] |= 1 << UInt64(bin & 63) }

        /// Calls `body` with each bin, ascending.
        @inline(__always)
        func each(_ body: (Int) -> Void) {
            for word in 0..<4 {
                var rest = words[word]
                while rest != 0 {
                    body(word &* 64 &+ rest.trailingZeroBitCount)
                    rest &= rest &- 1
                }
            }
        }
    }

    /// Looks at a column. `threshold` in 0 ..< 1 takes the one cut at that part of the way from the least to the
    /// greatest value; -1 all cuts. False for a column that is constant here.
    func scan(
        _ column: Int, _ own: UnsafePointer<UInt64>, _ count: Int, _ summary: Summary, _ threshold: Double,
        _ best: inout ForestSplit
    ) -> Bool {
        let words = UnsafePointer(problem.binned.words.pointer + (column >> 3) &* problem.binned.rows)
        let shift = UInt64((column & 7) &* 8)
        var occupied = Occupied()
        let classes = problem.target.classes
        let wide = classes > 0 ? classes : 2
        let sums = histogram.pointer
        let rows = rowCounts.pointer
        if classes > 0 {
            for i in 0..<count {
                let entry = own[i]
                let bin = Int((words[ForestTreeGrower.row(entry)] >> shift) & 255)
                occupied.insert(bin)
                rows[bin] &+= 1
                sums[bin &* wide &+ ForestTreeGrower.label(entry)] += weight(entry)
            }
        } else if let values = problem.target.values?.pointer {
            for i in 0..<count {
                let entry = own[i]
                let row = ForestTreeGrower.row(entry)
                let bin = Int((words[row] >> shift) & 255)
                let w = weight(entry)
                occupied.insert(bin)
                rows[bin] &+= 1
                sums[2 &* bin] += w
                sums[2 &* bin &+ 1] += w * (values[row] - summary.mean)
            }
        }
        var first = -1
        var last = -1
        var number = 0
        occupied.each { bin in
            if first < 0 { first = bin }
            last = bin
            number += 1
        }
        let varies = number > 1
        if varies {
            let absent = problem.thresholds.missingBin(column)
            let hasMissing = last == absent
            var only = -1
            if threshold >= 0 {
                only = cut(column, first, hasMissing ? lastPresent(occupied.words, absent) : last, threshold)
            }
            for missingLeft in 0..<(hasMissing ? 2 : 1) {
                sweep(
                    column, occupied.words, count, summary, absent: hasMissing ? absent : -1,
                    missingLeft: missingLeft == 1, only: only, &best)
            }
        }
        occupied.each { bin in
            rows[bin] = 0
            for k in 0..<wide { sums[bin &* wide &+ k] = 0 }
        }
        return varies
    }

    private func lastPresent(_ words: InlineArray<4, UInt64>, _ absent: Int) -> Int {
        var last = 0
        let occupied = Occupied(words: words)
        occupied.each { if $0 != absent { last = $0 } }
        return last
    }

    /// The bin that a random threshold between the bins `first` and `last` falls into; below `last`.
    private func cut(_ column: Int, _ first: Int, _ last: Int, _ part: Double) -> Int {
        if last <= first { return first }
        let thresholds = problem.thresholds
        let low = thresholds.threshold(column, first)
        let high = thresholds.threshold(column, last - 1)
        let value = low + part * (high - low)
        let begin = thresholds.offsets[column]
        let end = thresholds.offsets[column + 1]
        let bin = BinThresholds.bin(value, thresholds.values.pointer + begin, end - begin)
        return min(max(bin, first), last - 1)
    }

    /// Moves bin after bin to the left and keeps the best cut.
    private func sweep(
        _ column: Int, _ words: InlineArray<4, UInt64>, _ count: Int, _ summary: Summary, absent: Int,
        missingLeft: Bool, only: Int, _ best: inout ForestSplit
    ) {
        let occupied = Occupied(words: words)
        let classes = problem.target.classes
        let wide = classes > 0 ? classes : 2
        let sums = histogram.pointer
        let rows = rowCounts.pointer
        let total = sides.pointer
        let left = sides.pointer + wide
        let right = sides.pointer + 2 * wide
        var leftWeight = 0.0
        var leftRows = 0
        let least = problem.limits.leastInLeaf
        let leastWeight = leastWeight()
        for k in 0..<wide {
            left[k] = 0
            right[k] = classes > 0 ? total[k] : 0
        }
        if missingLeft {
            leftRows = Int(rows[absent])
            leftWeight = move(absent, sums, left, right, wide, classes)
        }
        occupied.each { bin in
            if bin == absent { return }
            leftRows += Int(rows[bin])
            leftWeight += move(bin, sums, left, right, wide, classes)
            if leftRows < least || count - leftRows < least || (only >= 0 && !isCut(bin, only, occupied)) { return }
            let rightWeight = summary.weight - leftWeight
            if leftWeight < leastWeight || rightWeight < leastWeight || leftWeight <= 0 || rightWeight <= 0 { return }
            let score: Double
            var mass = 0.0
            if classes == 0 {
                score = left[1] * left[1] / leftWeight + right[1] * right[1] / rightWeight
                mass = summary.mass - score
            } else if problem.criterion == .entropy {
                mass = self.mass(left, leftWeight) + self.mass(right, rightWeight)
                score = -mass
            } else {
                var leftSquares = 0.0
                var rightSquares = 0.0
                for k in 0..<classes {
                    leftSquares += left[k] * left[k]
                    rightSquares += right[k] * right[k]
                }
                score = leftSquares / leftWeight + rightSquares / rightWeight
                mass = summary.weight - score
            }
            if score > best.score {
                best.score = score
                best.column = column
                best.bin = bin
                best.missingLeft = absent >= 0 ? missingLeft : leftRows > count - leftRows
                best.mass = mass
            }
        }
    }

    /// Moves the sums of a bin to the left; their weight.
    @inline(__always)
    private func move(
        _ bin: Int, _ sums: UnsafePointer<Double>, _ left: UnsafeMutablePointer<Double>,
        _ right: UnsafeMutablePointer<Double>, _ wide: Int, _ classes: Int
    ) -> Double {
        var weight = 0.0
        let own = sums + bin &* wide
        for k in 0..<wide {
            left[k] += own[k]
            right[k] -= own[k]
            weight += own[k]
        }
        return classes > 0 ? weight : own[0]
    }

    /// Whether `bin` is the last one with rows up to the bin of a random threshold.
    private func isCut(_ bin: Int, _ only: Int, _ occupied: Occupied) -> Bool {
        if bin > only { return false }
        var next = bin + 1
        while next <= only {
            if occupied.words[next >> 6] >> UInt64(next & 63) & 1 != 0 { return false }
            next += 1
        }
        return true
    }
}
