import Core

/// The box lower <= x <= upper; infinities where there is no bound.
package struct Bounds {
    package let lower: Buffer<Double>
    package let upper: Buffer<Double>
    /// Whether every variable has both bounds, so that the box says how far is far.
    let isClosed: Bool

    /// Copies the bounds; nil when nothing is bounded, so that methods need not look.
    /// Throws `invalidArgument` for NaN, for a lower bound above its upper bound, and for a bound no number meets.
    package init?(lower: UnsafePointer<Double>?, upper: UnsafePointer<Double>?, count: Int, in allocator: Allocator)
        throws(ApusError)
    {
        if lower == nil, upper == nil { return nil }
        // Before the bounds are read: a count that no memory holds is not theirs either.
        self.lower = try Buffer(count, in: allocator)
        self.upper = try Buffer(count, in: allocator)
        var isBounded = false
        var isClosed = true
        for i in 0..<count {
            let low = lower?[i] ?? -.infinity
            let high = upper?[i] ?? .infinity
            guard low <= high, low < .infinity, high > -.infinity else {
                throw .invalid("The bounds must be lower <= upper, got lower \(low) and upper \(high) at index \(i).")
            }
            if low > -.infinity || high < .infinity { isBounded = true }
            if low == -.infinity || high == .infinity { isClosed = false }
        }
        guard isBounded else { return nil }
        self.isClosed = isClosed
        for i in 0..<count {
            self.lower.pointer[i] = lower?[i] ?? -.infinity
            self.upper.pointer[i] = upper?[i] ?? .infinity
        }
    }

    /// Moves a point to the nearest one of the box.
    package func project(_ x: UnsafeMutablePointer<Double>) {
        for i in 0..<lower.count { x[i] = min(max(x[i], lower.pointer[i]), upper.pointer[i]) }
    }

    /// The largest step along a direction that stays in the box.
    func largestStep(_ x: UnsafePointer<Double>, _ direction: UnsafePointer<Double>) -> Double {
        var most = Double.infinity
        for i in 0..<lower.count where direction[i] != 0 {
            let bound = direction[i] < 0 ? lower.pointer[i] : upper.pointer[i]
            most = min(most, (bound - x[i]) / direction[i])
        }
        return most
    }

    /// The largest component of P(x - gradient) - x, P the projection onto the box: 0 where no step along the box
    /// descends, whatever the gradient at a bound. NaN when the gradient has one.
    func slope(_ x: UnsafePointer<Double>, _ gradient: UnsafePointer<Double>) -> Double {
        var most = 0.0
        for i in 0..<lower.count {
            let g = gradient[i]
            // Distances, not x - g, which would round a small gradient away.
            let move = g < 0 ? min(-g, upper.pointer[i] - x[i]) : g > 0 ? min(g, x[i] - lower.pointer[i]) : abs(g)
            if !(move <= most) { most = move }
        }
        return most
    }
}
