import Core

extension ArrayView {
    /// The addresses from the first byte of any element to past the last; empty without elements.
    private var addresses: Range<Int> {
        let start = Int(bitPattern: data)
        if count == 0 { return start..<start }
        var (low, high) = (0, dtype.size)
        for index in 0..<shape.rank where shape[index] > 1 {
            let reach = strides[index] &* (shape[index] - 1)
            if reach < 0 { low &+= reach } else { high &+= reach }
        }
        return start &+ low..<start &+ high
    }

    /// The same elements in the same places.
    package func isSame(as other: ArrayView) -> Bool {
        guard data == other.data, dtype == other.dtype, shape == other.shape else { return false }
        for index in 0..<shape.rank where shape[index] > 1 && strides[index] != other.strides[index] { return false }
        return true
    }

    /// Whether two views have a byte in common. Interleaved ones, such as two columns of a matrix, do not.
    package func sharesMemory(with other: ArrayView) -> Bool {
        guard count > 0, other.count > 0 else { return false }
        let (own, others) = (addresses, other.addresses)
        guard own.overlaps(others) else { return false }
        return SharedMemory.meet(self, other, own.lowerBound, others.lowerBound)
    }

    /// Throws `invalidArgument` when `out` shares memory with an input; where `inPlace`, it may be the input itself.
    package func requireApart(from inputs: [(view: ArrayView, name: String)], inPlace: Bool) throws(ApusError) {
        for input in inputs where sharesMemory(with: input.view) {
            if inPlace && isSame(as: input.view) { continue }
            throw .invalid(
                "out shares memory with \(input.name)\(inPlace ? " but is not the same array" : "").")
        }
    }

    /// The same for one input, without an array of them.
    @inline(__always)
    package func requireApart(from input: ArrayView, named name: String, inPlace: Bool) throws(ApusError) {
        if inPlace && isSame(as: input) { return }
        if sharesMemory(with: input) {
            throw .invalid("out shares memory with \(name)\(inPlace ? " but is not the same array" : "").")
        }
    }
}

private enum SharedMemory {
    /// A stride and how often it may be stepped.
    private struct Term {
        var stride: Int
        var most: Int
    }

    /// Whether an element of `a` and one of `b` have a byte in common: whether the distance of their beginnings is
    /// a sum of steps, forward in `a` and, counted from the other end, in `b`. Solved by trying the largest strides
    /// first; most layouts leave one or two choices each. When it takes too long the answer is yes.
    static func meet(_ a: ArrayView, _ b: ArrayView, _ lowerA: Int, _ lowerB: Int) -> Bool {
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
