import Core

/// The best split of one column of a leaf, from the sums of its bins: the one that lessens the second-order loss most,
///
///     gain = G_l^2 / (H_l + l2) + G_r^2 / (H_r + l2) - G^2 / (H + l2)
///
/// (Chen, Guestrin 2016, doi:10.1145/2939672.2939785). Missing values are tried on either side.
struct BoostingSplitSearch: Sendable {
    let leastInLeaf: Double
    let l2: Double
    /// -1, 0 or 1 for each column; empty without constraints.
    let monotonic: [Int]

    static let leastHessian = 1e-3
    private static let tiny = 1e-15
    /// What categories need in summed second derivatives to be ordered, and what smooths that order.
    private static let categorySupport = 10.0
    private static let categorySmoothing = 10.0

    /// What a leaf of these sums predicts before the learning rate.
    func value(_ sums: GradientSums, lower: Double, upper: Double) -> Double {
        min(max(-sums.gradient / (sums.hessian + l2 + BoostingSplitSearch.tiny), lower), upper)
    }

    @inline(__always)
    private func strength(_ sums: GradientSums) -> Double {
        sums.gradient * sums.gradient / (sums.hessian + l2 + BoostingSplitSearch.tiny)
    }

    private func allows(_ sums: GradientSums) -> Bool {
        sums.rows >= leastInLeaf && sums.hessian >= BoostingSplitSearch.leastHessian
    }

    /// The gain over the whole leaf, 0 where a constraint forbids the split.
    private func gain(_ left: GradientSums, _ right: GradientSums, _ whole: Double, _ column: Int, _ leaf: BoostingLeaf)
        -> Double
    {
        if monotonic.isEmpty { return strength(left) + strength(right) - whole }
        let l = value(left, lower: leaf.lower, upper: leaf.upper)
        let r = value(right, lower: leaf.lower, upper: leaf.upper)
        if (l - r) * Double(monotonic[column]) > 0 { return 0 }
        return whole - (left.gradient * l + right.gradient * r)
    }

    /// What a leaf loses or gains against: the strength of its sums, or its clipped value's.
    private func whole(_ leaf: BoostingLeaf) -> Double {
        if monotonic.isEmpty { return strength(leaf.sums) }
        return leaf.sums.gradient * value(leaf.sums, lower: leaf.lower, upper: leaf.upper)
    }

    /// Looks at a column whose `bins` bins (and, behind them, that of missing values) have the sums `histogram`.
    func search(
        _ column: Int, _ histogram: UnsafePointer<GradientSums>, bins: Int, hasMissing: Bool, _ leaf: BoostingLeaf,
        _ best: inout BoostingSplit
    ) {
        let whole = whole(leaf)
        let absent = hasMissing ? histogram[bins] : GradientSums(repeating: 0)
        var left = GradientSums(repeating: 0)
        for bin in 0..<(hasMissing ? bins : bins - 1) {
            left += histogram[bin]
            let right = leaf.sums - left
            if right.rows < leastInLeaf { break }
            guard left.rows >= leastInLeaf else { continue }
            weigh(left, right, whole, column, bin, false, leaf, &best)
        }
        if !hasMissing || absent.rows == 0 { return }
        left = absent
        for bin in 0..<(bins - 1) {
            left += histogram[bin]
            let right = leaf.sums - left
            if right.rows < leastInLeaf { break }
            guard left.rows >= leastInLeaf else { continue }
            weigh(left, right, whole, column, bin, true, leaf, &best)
        }
    }

    @inline(__always)
    private func weigh(
        _ left: GradientSums, _ right: GradientSums, _ whole: Double, _ column: Int, _ bin: Int, _ missingLeft: Bool,
        _ leaf: BoostingLeaf, _ best: inout BoostingSplit
    ) {
        guard left.hessian >= BoostingSplitSearch.leastHessian, right.hessian >= BoostingSplitSearch.leastHessian
        else { return }
        let gain = gain(left, right, whole, column, leaf)
        if gain > best.gain {
            best.gain = gain
            best.column = column
            best.bin = bin
            best.missingLeft = missingLeft
            best.isCategorical = false
            best.left = left
        }
    }

    /// Categories are ordered by gradient / (hessian + smoothing), then cut as numbers are, from either end (Fisher
    /// 1958, doi:10.1080/01621459.1958.10501479); rare ones stay on the other side. Missing values are a category.
    func searchCategories(
        _ column: Int, _ histogram: UnsafePointer<GradientSums>, bins: Int, hasMissing: Bool, _ leaf: BoostingLeaf,
        _ best: inout BoostingSplit
    ) {
        let whole = whole(leaf)
        let count = hasMissing ? bins + 1 : bins
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { order in
            var number = 0
            for bin in 0..<count
            where histogram[bin].hessian * leaf.sums.rows / leaf.sums.hessian >= BoostingSplitSearch.categorySupport {
                var place = number
                let rank = rank(histogram[bin])
                while place > 0, self.rank(histogram[order[place - 1]]) > rank {
                    order[place] = order[place - 1]
                    place -= 1
                }
                order[place] = bin
                number += 1
            }
            for backwards in [false, true] {
                var left = GradientSums(repeating: 0)
                var set = BinSet()
                for i in 0..<max(number - 1, 0) {
                    let bin = order[backwards ? number - 1 - i : i]
                    left += histogram[bin]
                    set.insert(bin)
                    let right = leaf.sums - left
                    guard allows(left), allows(right) else { continue }
                    let gain = gain(left, right, whole, column, leaf)
                    guard gain > best.gain else { continue }
                    best.gain = gain
                    best.column = column
                    best.isCategorical = true
                    best.left = left
                    best.set = set
                    best.missingLeft = hasMissing ? set.contains(bins) : left.rows > right.rows
                }
            }
        }
    }

    private func rank(_ sums: GradientSums) -> Double {
        sums.gradient / (sums.hessian + BoostingSplitSearch.categorySmoothing)
    }
}
