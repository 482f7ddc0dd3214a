import Core
import Glibc

/// The two sides of a split while rows move from the right to the left one by one.
protocol SplitStatistics {
    /// All rows of the node on the right.
    mutating func reset()
    /// Moves a row to the left.
    mutating func move(_ row: Int)
    var leftWeight: Double { get }
    var rightWeight: Double { get }
    /// Larger is better: what differs between the splits of one node.
    var score: Double { get }
    /// What the sides would predict, for monotonic constraints.
    var leftValue: Double { get }
    var rightValue: Double { get }
}

/// Gini impurity, 1 - sum_k p_k^2: the score is sum_k l_k^2 / l + sum_k r_k^2 / r.
struct GiniStatistics: SplitStatistics {
    let labels: UnsafePointer<UInt16>
    let weights: UnsafePointer<Double>?
    let classes: Int
    /// Summed weights of the node's classes.
    let total: UnsafePointer<Double>
    let left: UnsafeMutablePointer<Double>
    let right: UnsafeMutablePointer<Double>
    let weight: Double
    private(set) var leftWeight = 0.0
    private(set) var rightWeight = 0.0
    private var leftSquares = 0.0
    private var rightSquares = 0.0

    init(_ node: ClassCounts) {
        labels = node.labels
        weights = node.weights
        classes = node.classes
        total = UnsafePointer(node.total)
        left = node.left
        right = node.right
        weight = node.weight
    }

    mutating func reset() {
        leftWeight = 0
        rightWeight = weight
        leftSquares = 0
        rightSquares = 0
        for k in 0..<classes {
            left[k] = 0
            right[k] = total[k]
            rightSquares += total[k] * total[k]
        }
    }

    @inline(__always)
    mutating func move(_ row: Int) {
        let w = weights.map { $0[row] } ?? 1
        let k = Int(labels[row])
        let l = left[k]
        let r = right[k]
        leftSquares += w * (2 * l + w)
        rightSquares -= w * (2 * r - w)
        left[k] = l + w
        right[k] = r - w
        leftWeight += w
        rightWeight -= w
    }

    @inline(__always)
    var score: Double {
        (leftSquares * rightWeight + rightSquares * leftWeight) / (leftWeight * rightWeight)
    }

    var leftValue: Double { left[classes - 1] / leftWeight }
    var rightValue: Double { right[classes - 1] / rightWeight }
}

/// Entropy in bits, -sum_k p_k log2 p_k: the score is minus the summed entropies of the sides, times their weights.
struct EntropyStatistics: SplitStatistics {
    let labels: UnsafePointer<UInt16>
    let weights: UnsafePointer<Double>?
    let classes: Int
    let total: UnsafePointer<Double>
    let left: UnsafeMutablePointer<Double>
    let right: UnsafeMutablePointer<Double>
    let weight: Double
    private(set) var leftWeight = 0.0
    private(set) var rightWeight = 0.0

    init(_ node: ClassCounts) {
        labels = node.labels
        weights = node.weights
        classes = node.classes
        total = UnsafePointer(node.total)
        left = node.left
        right = node.right
        weight = node.weight
    }

    mutating func reset() {
        leftWeight = 0
        rightWeight = weight
        for k in 0..<classes {
            left[k] = 0
            right[k] = total[k]
        }
    }

    @inline(__always)
    mutating func move(_ row: Int) {
        let w = weights.map { $0[row] } ?? 1
        let k = Int(labels[row])
        left[k] += w
        right[k] -= w
        leftWeight += w
        rightWeight -= w
    }

    var score: Double {
        var sum = 0.0
        for k in 0..<classes {
            sum += xlog2(left[k], leftWeight) + xlog2(right[k], rightWeight)
        }
        return sum
    }

    /// x log2(x / whole), 0 for nothing left.
    @inline(__always)
    private func xlog2(_ x: Double, _ whole: Double) -> Double { x > 0 ? x * log2(x / whole) : 0 }

    var leftValue: Double { left[classes - 1] / leftWeight }
    var rightValue: Double { right[classes - 1] / rightWeight }
}

/// Squared error: the score is l^2 / w_l + r^2 / w_r for the summed distances l and r to the node's mean.
struct VarianceStatistics: SplitStatistics {
    let values: UnsafePointer<Double>
    let weights: UnsafePointer<Double>?
    /// The node's mean: near numbers are subtracted before they are summed.
    let centre: Double
    let weight: Double
    private var left = 0.0
    private(set) var leftWeight = 0.0
    private(set) var rightWeight = 0.0
    /// The sum of all distances, 0 but for rounding.
    let rest: Double

    init(_ node: ValueSums) {
        values = node.values
        weights = node.weights
        centre = node.mean
        weight = node.weight
        rest = node.rest
    }

    mutating func reset() {
        left = 0
        leftWeight = 0
        rightWeight = weight
    }

    @inline(__always)
    mutating func move(_ row: Int) {
        let w = weights.map { $0[row] } ?? 1
        left += w * (values[row] - centre)
        leftWeight += w
        rightWeight -= w
    }

    @inline(__always)
    var score: Double {
        let right = rest - left
        return (left * left * rightWeight + right * right * leftWeight) / (leftWeight * rightWeight)
    }

    var leftValue: Double { centre + left / leftWeight }
    var rightValue: Double { centre + (rest - left) / rightWeight }
}

/// Half the Poisson deviance: the score is sum_l y log(mean_l) + sum_r y log(mean_r); a side whose y are all 0 is no
/// side.
struct PoissonStatistics: SplitStatistics {
    let values: UnsafePointer<Double>
    let weights: UnsafePointer<Double>?
    let weight: Double
    let sum: Double
    private var left = 0.0
    private(set) var leftWeight = 0.0
    private(set) var rightWeight = 0.0

    init(_ node: ValueSums) {
        values = node.values
        weights = node.weights
        weight = node.weight
        sum = node.mean * node.weight
    }

    mutating func reset() {
        left = 0
        leftWeight = 0
        rightWeight = weight
    }

    @inline(__always)
    mutating func move(_ row: Int) {
        let w = weights.map { $0[row] } ?? 1
        left += w * values[row]
        leftWeight += w
        rightWeight -= w
    }

    var score: Double {
        let right = sum - left
        guard left > sum * 0x1p-40, right > sum * 0x1p-40 else { return -.infinity }
        return left * log(left / leftWeight) + right * log(right / rightWeight)
    }

    var leftValue: Double { left / leftWeight }
    var rightValue: Double { (sum - left) / rightWeight }
}

/// The classes of a node's rows, with room for those of two sides.
struct ClassCounts {
    let labels: UnsafePointer<UInt16>
    let weights: UnsafePointer<Double>?
    let classes: Int
    let total: UnsafeMutablePointer<Double>
    private(set) var left: UnsafeMutablePointer<Double>
    private(set) var right: UnsafeMutablePointer<Double>
    private(set) var weight = 0.0

    /// `scratch` holds 3 x classes doubles.
    init(_ target: TreeTarget, _ labels: UnsafePointer<UInt16>, _ scratch: UnsafeMutablePointer<Double>) {
        self.labels = labels
        weights = target.weights.map { UnsafePointer($0.pointer) }
        classes = target.classes
        total = scratch
        left = scratch + classes
        right = scratch + 2 * classes
    }

    /// The same counts with the sides in other scratch.
    func sides(in scratch: UnsafeMutablePointer<Double>) -> ClassCounts {
        var copy = self
        copy.left = scratch + classes
        copy.right = scratch + 2 * classes
        return copy
    }

    mutating func count(_ entries: UnsafePointer<UInt64>, _ count: Int) {
        for k in 0..<classes { total[k] = 0 }
        for i in 0..<count {
            let row = Int(entries[i] & 0xFFFF_FFFF)
            total[Int(labels[row])] += weights.map { $0[row] } ?? 1
        }
        weight = 0
        for k in 0..<classes { weight += total[k] }
    }

    var isPure: Bool { (0..<classes).count { total[$0] > 0 } < 2 }

    func impurity(entropy: Bool) -> Double {
        var sum = 0.0
        for k in 0..<classes where total[k] > 0 {
            let p = total[k] / weight
            sum += entropy ? -p * log2(p) : p * p
        }
        return entropy ? sum : 1 - sum
    }
}

/// The values of a node's rows.
struct ValueSums {
    let values: UnsafePointer<Double>
    let weights: UnsafePointer<Double>?
    private(set) var weight = 0.0
    private(set) var mean = 0.0
    /// The weighted sum of the distances to the mean.
    private(set) var rest = 0.0
    /// The weighted mean of their squares.
    private(set) var variance = 0.0
    private(set) var isPure = true

    init(_ target: TreeTarget, _ values: UnsafePointer<Double>) {
        self.values = values
        weights = target.weights.map { UnsafePointer($0.pointer) }
    }

    mutating func sum(_ entries: UnsafePointer<UInt64>, _ count: Int) {
        let first = values[Int(entries[0] & 0xFFFF_FFFF)]
        var sum = 0.0
        isPure = true
        weight = 0
        for i in 0..<count {
            let row = Int(entries[i] & 0xFFFF_FFFF)
            let w = weights.map { $0[row] } ?? 1
            let distance = values[row] - first
            if distance != 0 { isPure = false }
            sum += w * distance
            weight += w
        }
        mean = first + sum / weight
        rest = 0
        variance = 0
        if isPure { return }
        for i in 0..<count {
            let row = Int(entries[i] & 0xFFFF_FFFF)
            let w = weights.map { $0[row] } ?? 1
            let distance = values[row] - mean
            rest += w * distance
            variance += w * distance * distance
        }
        variance /= weight
    }

    /// Half the mean Poisson deviance.
    func poisson(_ entries: UnsafePointer<UInt64>, _ count: Int) -> Double {
        var sum = 0.0
        for i in 0..<count {
            let row = Int(entries[i] & 0xFFFF_FFFF)
            let y = values[row]
            if y > 0 { sum += (weights.map { $0[row] } ?? 1) * y * log(y / mean) }
        }
        return max(sum / weight, 0)
    }
}
