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

    /// Whether two views may have a byte in common: their ranges of addresses meet, and no common divisor of all strides
    /// keeps them apart, as it does for two columns of a matrix.
    package func sharesMemory(with other: ArrayView) -> Bool {
        guard count > 0, other.count > 0, addresses.overlaps(other.addresses) else { return false }
        var divisor = 0
        for view in [self, other] {
            for index in 0..<view.shape.rank where view.shape[index] > 1 {
                divisor = ArrayView.commonDivisor(divisor, Int(clamping: view.strides[index].magnitude))
            }
        }
        guard divisor > 0 else { return true }
        let distance = (Int(bitPattern: other.data) &- Int(bitPattern: data)) % divisor
        let apart = distance < 0 ? distance + divisor : distance
        return apart < dtype.size || apart > divisor - other.dtype.size
    }

    private static func commonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// Throws `invalidArgument` when `out` shares memory with an input; where `inPlace`, it may be the input itself.
    package func requireApart(from inputs: [(view: ArrayView, name: String)], inPlace: Bool) throws(ApusError) {
        for input in inputs where sharesMemory(with: input.view) {
            if inPlace && isSame(as: input.view) { continue }
            throw .invalid(
                "out shares memory with \(input.name)\(inPlace ? " but is not the same array" : "").")
        }
    }
}
