import Core

/// Weighted medians, and the absolute distances to them, of rows that are added one by one: sums by the order of y in
/// Fenwick trees (Fenwick 1994, doi:10.1002/spe.4380240306), log n steps a row.
final class MedianSweep {
    /// The place of each row in its node's order of y.
    private let place: Buffer<UInt32>
    /// y in that order, at the node's place among the rows.
    private let ordered: Buffer<Double>
    /// Rows of the largest node.
    private let active: Int
    private let sums: Buffer<Double>
    private let kept: Buffer<Summary>

    struct Summary: BitwiseCopyable {
        var weight = 0.0
        var median = 0.0
        /// The weighted sum of the distances to the median.
        var loss = 0.0
    }

    /// `rows` of the data, `active` of them with a weight.
    init(_ rows: Int, active: Int, lanes: Int, in allocator: Allocator) throws(ApusError) {
        self.active = active
        place = try Buffer(rows, in: allocator)
        ordered = try Buffer(active, in: allocator)
        sums = try Buffer(cappedProduct(lanes, 2, active + 1), in: allocator)
        kept = try Buffer(cappedProduct(lanes, active + 1), in: allocator)
    }

    /// Takes a node's rows in the order of y; its first row is number `start` of all.
    func begin(_ order: UnsafePointer<UInt64>, start: Int, _ count: Int, _ values: UnsafePointer<Double>) {
        for i in 0..<count {
            let row = Int(order[i] & TreeGrower.rowMask)
            place.pointer[row] = UInt32(truncatingIfNeeded: i)
            ordered.pointer[start &+ i] = values[row]
        }
    }

    /// The sweep of a lane over a node that `begin` has seen.
    func lane(
        _ lane: Int, start: Int, _ count: Int, _ values: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?
    ) -> Sweep {
        let own = sums.pointer + lane &* 2 &* (active + 1)
        return Sweep(
            place: place.pointer, ordered: ordered.pointer + start, count: count, values: values, weights: weights,
            treeOfWeights: own, treeOfSums: own + active + 1, summaries: kept.pointer + lane &* (active + 1))
    }

    /// The median of rows in the order of y, the middle of two where they halve the weight.
    static func middle(
        _ order: UnsafePointer<UInt64>, _ count: Int, _ values: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?
    ) -> (median: Double, loss: Double, weight: Double, isPure: Bool) {
        var weight = 0.0
        for i in 0..<count { weight += weights.map { $0[Int(order[i] & TreeGrower.rowMask)] } ?? 1 }
        var sum = 0.0
        var i = 0
        while i < count - 1 {
            sum += weights.map { $0[Int(order[i] & TreeGrower.rowMask)] } ?? 1
            if sum >= weight / 2 { break }
            i += 1
        }
        var median = values[Int(order[i] & TreeGrower.rowMask)]
        if sum == weight / 2, i + 1 < count {
            median = median / 2 + values[Int(order[i + 1] & TreeGrower.rowMask)] / 2
        }
        var loss = 0.0
        for i in 0..<count {
            let row = Int(order[i] & TreeGrower.rowMask)
            loss += (weights.map { $0[row] } ?? 1) * abs(values[row] - median)
        }
        let first = values[Int(order[0] & TreeGrower.rowMask)]
        return (median, loss, weight, first == values[Int(order[count - 1] & TreeGrower.rowMask)])
    }

    struct Sweep {
        let place: UnsafePointer<UInt32>
        let ordered: UnsafePointer<Double>
        let count: Int
        let values: UnsafePointer<Double>
        let weights: UnsafePointer<Double>?
        let treeOfWeights: UnsafeMutablePointer<Double>
        let treeOfSums: UnsafeMutablePointer<Double>
        let summaries: UnsafeMutablePointer<Summary>

        func clear() {
            for i in 0...count {
                treeOfWeights[i] = 0
                treeOfSums[i] = 0
            }
        }

        /// Element 0 of either tree is the sum of all.
        func add(_ row: Int) {
            let w = weights.map { $0[row] } ?? 1
            let part = w * values[row]
            treeOfWeights[0] += w
            treeOfSums[0] += part
            var i = Int(place[row]) + 1
            while i <= count {
                treeOfWeights[i] += w
                treeOfSums[i] += part
                i += i & -i
            }
        }

        /// Of the rows added so far: with the median m, their loss is sum y - 2 sum_below y + m (2 weight_below -
        /// weight).
        func summary() -> Summary {
            let weight = treeOfWeights[0]
            if weight <= 0 { return Summary() }
            var position = 0
            var below = 0.0
            var sum = 0.0
            var step = 1
            while step * 2 <= count { step *= 2 }
            while step > 0 {
                let next = position + step
                if next <= count, below + treeOfWeights[next] < weight / 2 {
                    position = next
                    below += treeOfWeights[next]
                    sum += treeOfSums[next]
                }
                step /= 2
            }
            let median = ordered[min(position, count - 1)]
            return Summary(
                weight: weight, median: median, loss: treeOfSums[0] - 2 * sum + median * (2 * below - weight))
        }

        func keep(_ i: Int) { summaries[i] = summary() }
        func kept(_ i: Int) -> Summary { summaries[i] }
    }
}
