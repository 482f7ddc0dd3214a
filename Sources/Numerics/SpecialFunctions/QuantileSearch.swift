import Glibc

/// Inverses of distribution functions by Newton's method on logarithms, kept in a bracket.
///
/// log F(e^s) is concave for the distributions here, so the steps converge from one side; where they leave the bracket or
/// stall it is halved.
package enum QuantileSearch {
    /// The x > 0 whose lower tail is p and whose upper tail is q = 1 - p: the smaller of them counts. `end` is the least
    /// upper bound of x.
    package static func solve(
        lower p: Double, upper q: Double, start: Double, end: Double = .infinity,
        tails: (Double) -> Tails, logDensity: (Double) -> Double
    ) -> Double {
        guard p >= 0, q >= 0 else { return .nan }
        if p == 0 { return 0 }
        if q == 0 { return end }
        let usesLower = p <= q
        let target = log(usesLower ? p : q)
        var low = 0.0
        var high = end
        var x = start > 0 && start < end ? start : end.isFinite ? end / 2 : 1
        for _ in 0..<200 {
            let both = tails(x)
            let tail = usesLower ? both.logLower : both.logUpper
            // Positive when x is too large.
            let miss = usesLower ? tail - target : target - tail
            if miss == 0 { return x }
            if miss > 0 { high = x } else { low = x }
            var next = Double.nan
            if tail.isFinite {
                let slope = exp(logDensity(x) + log(x) - tail)
                let step = miss / slope
                if step.isFinite, slope > 0 {
                    next = abs(step) < 1 ? x - x * -expm1(-step) : x * exp(-step)
                    if abs(step) <= 1e-13, next > low || next < high { return min(max(next, low), high) }
                }
            }
            if !(next > low && next < high) {
                next = middle(low, high)
                // Beyond the least and the greatest double.
                if next == 0 { return 0 }
                if next == .infinity { return end }
            }
            if next == x || next <= low || next >= high { return x }
            x = next
        }
        return x
    }

    /// Between two bounds, on the scale of logarithms where they are far apart.
    private static func middle(_ low: Double, _ high: Double) -> Double {
        if low > 0, high / low <= 4 { return low + (high - low) / 2 }
        let least = log2(max(low, .leastNonzeroMagnitude))
        let most = log2(min(high, .greatestFiniteMagnitude))
        let middle = exp2(least + (most - least) / 2)
        if low == 0, middle >= high { return high / 2 }
        if high == .infinity, middle <= low || middle == .infinity {
            return low < .greatestFiniteMagnitude ? .greatestFiniteMagnitude : .infinity
        }
        return middle
    }

    /// The least whole number k of low ... high for which `reaches` holds, which it does from some k on (and at `high`).
    package static func least(from low: Double, to high: Double, near start: Double, step: Double, _ reaches: (Double) -> Bool)
        -> Double
    {
        var k = max(low, min(high, start.rounded()))
        if k.isNaN { k = low }
        var stride = max(1, step.rounded())
        var above: Double
        var below: Double
        if reaches(k) {
            above = k
            below = k - stride
            while below >= low, reaches(below) {
                above = below
                stride *= 2
                below = above - stride
            }
            below = max(below, low - 1)
        } else {
            below = k
            above = k + stride
            while above < high, !reaches(above) {
                below = above
                stride *= 2
                above = below + stride
            }
            above = min(above, high)
        }
        while above - below > 1 {
            let middle = (below + (above - below) / 2).rounded(.down)
            if middle <= below || middle >= above { break }
            if reaches(middle) { above = middle } else { below = middle }
        }
        // Not -0.
        return above + 0
    }
}
