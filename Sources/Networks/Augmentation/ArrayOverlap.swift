import Core

extension ArrayView {
    /// The bytes from the first to past the last that elements lie in.
    private var reach: (from: UInt, to: UInt) {
        var (low, high) = (UInt(bitPattern: data), UInt(bitPattern: data))
        for index in 0..<shape.rank where shape[index] > 1 {
            let span = strides[index] &* (shape[index] &- 1)
            if span < 0 { low = low &- UInt(bitPattern: -span) } else { high = high &+ UInt(bitPattern: span) }
        }
        return (low, high &+ UInt(bitPattern: dtype.size))
    }

    /// Throws `invalidArgument` where the memory of two arrays overlaps, unless they are the same array.
    func requireApart(from other: ArrayView, _ name: String, _ otherName: String, orSame: Bool) throws(ApusError) {
        if count == 0 || other.count == 0 { return }
        let (own, others) = (reach, other.reach)
        if own.to <= others.from || others.to <= own.from { return }
        if orSame, data == other.data, dtype == other.dtype, shape == other.shape {
            var isSame = true
            for index in 0..<shape.rank where shape[index] > 1 && strides[index] != other.strides[index] {
                isSame = false
            }
            if isSame { return }
        }
        let exception = orSame ? ", or the same array with the same shape and dtype" : ""
        throw .invalid("\(otherName) overlaps \(name): it must be memory of its own\(exception).")
    }
}
