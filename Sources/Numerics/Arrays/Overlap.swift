import Core

/// Whether arrays share memory.
package enum Overlap {
    /// Throws `invalidArgument` when an output shares memory with an input, unless it is that very array: the same
    /// data, dtype, shape and strides.
    package static func check(_ out: ArrayView, with input: ArrayView, named name: String, allowingSame: Bool = true)
        throws(ApusError)
    {
        guard out.count > 0, input.count > 0 else { return }
        let (a, b) = (range(out), range(input))
        if a.upper <= b.lower || b.upper <= a.lower { return }
        if allowingSame, isSame(out, input) { return }
        guard share(out, input, a.lower, b.lower) else { return }
        if allowingSame {
            throw .invalid(
                "out shares memory with \(name); it may be the same array (data, dtype, shape and strides) or a separate one."
            )
        }
        throw .invalid("out shares memory with \(name).")
    }

    /// Whether two views name the same elements in the same order.
    package static func isSame(_ a: ArrayView, _ b: ArrayView) -> Bool {
        guard a.data == b.data, a.dtype == b.dtype, a.shape == b.shape else { return false }
        for index in 0..<a.shape.rank where a.shape[index] > 1 && a.strides[index] != b.strides[index] { return false }
        return true
    }

    /// The addresses of the first byte and of the one after the last.
    private static func range(_ view: ArrayView) -> (lower: Int, upper: Int) {
        var lower = Int(bitPattern: view.data)
        var upper = lower &+ view.dtype.size
        for index in 0..<view.shape.rank where view.shape[index] > 1 {
            let reach = view.strides[index] &* (view.shape[index] &- 1)
            if reach < 0 { lower &+= reach } else { upper &+= reach }
        }
        return (lower, upper)
    }

    /// A stride and how often it may be stepped.
    private struct Term {
        var stride: Int
        var most: Int
    }

    /// Whether an element of `a` and one of `b` have a byte in common: whether the distance of their beginnings is
    /// a sum of steps, forward in `a` and, counted from the other end, in `b`. Solved by trying the largest strides
    /// first; most layouts leave one or two choices each. When it takes too long the answer is yes.
    private static func share(_ a: ArrayView, _ b: ArrayView, _ lowerA: Int, _ lowerB: Int) -> Bool {
        var terms: [Term] = []
        var reachB = 0
        func add(_ stride: Int, _ most: Int) {
            if let place = terms.firstIndex(where: { $0.stride == stride }) {
                terms[place].most += most
            } else {
                terms.append(Term(stride: stride, most: most))
            }
        }
        for index in 0..<a.shape.rank where a.shape[index] > 1 && a.strides[index] != 0 {
            add(abs(a.strides[index]), a.shape[index] - 1)
        }
        for index in 0..<b.shape.rank where b.shape[index] > 1 && b.strides[index] != 0 {
            add(abs(b.strides[index]), b.shape[index] - 1)
            reachB &+= abs(b.strides[index]) &* (b.shape[index] &- 1)
        }
        terms.sort { $0.stride > $1.stride }
        // lowerA + i = lowerB + j with i and j steps in a and b, give or take an element; j = reachB - k.
        let target = lowerB &+ reachB &- lowerA
        var budget = 100_000
        return reaches(terms[...], target &- (a.dtype.size - 1), target &+ (b.dtype.size - 1), &budget)
    }

    /// Whether some numbers of steps add up to something from `low` to `high`.
    private static func reaches(_ terms: ArraySlice<Term>, _ low: Int, _ high: Int, _ budget: inout Int) -> Bool {
        budget -= 1
        if budget < 0 { return true }
        guard let term = terms.first else { return low <= 0 && 0 <= high }
        let rest = terms.dropFirst()
        var most = 0
        for other in rest { most &+= other.stride &* other.most }
        if high < 0 || low > most &+ term.stride &* term.most { return false }
        // Steps of this stride such that the others can make up the rest.
        let first = low > most ? (low &- most &+ term.stride &- 1) / term.stride : 0
        let last = min(term.most, high / term.stride)
        if first > last { return false }
        for steps in first...last
        where reaches(rest, low &- steps &* term.stride, high &- steps &* term.stride, &budget) { return true }
        return false
    }
}
