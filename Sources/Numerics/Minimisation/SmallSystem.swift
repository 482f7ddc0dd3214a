import Core

/// A few linear equations, solved by elimination with partial pivoting: the inner systems of limited-memory methods.
struct SmallSystem {
    /// The matrix, row-major with `order` columns; overwritten by its factors.
    let matrix: Buffer<Double>
    private let pivots: Buffer<Int>
    private(set) var order = 0

    init(_ largest: Int, in allocator: Allocator) throws(ApusError) {
        let (cells, overflow) = largest.multipliedReportingOverflow(by: largest)
        if overflow { throw .limit("A system of \(largest) equations is too large.") }
        matrix = try Buffer(cells, in: allocator)
        pivots = try Buffer(largest, in: allocator)
    }

    /// Factors the leading `order` rows; false when they are singular to working precision or not finite.
    mutating func factor(_ order: Int) -> Bool {
        self.order = order
        let a = matrix.pointer
        for k in 0..<order {
            var pivot = k
            for i in k..<order where abs(a[i &* order + k]) > abs(a[pivot &* order + k]) { pivot = i }
            pivots.pointer[k] = pivot
            let value = a[pivot &* order + k]
            guard value != 0, value.isFinite else { return false }
            if pivot != k {
                for j in 0..<order {
                    let held = a[k &* order + j]
                    a[k &* order + j] = a[pivot &* order + j]
                    a[pivot &* order + j] = held
                }
            }
            for i in k + 1..<max(order, k + 1) {
                let factor = a[i &* order + k] / value
                a[i &* order + k] = factor
                if factor == 0 { continue }
                for j in k + 1..<order { a[i &* order + j] -= factor * a[k &* order + j] }
            }
        }
        return true
    }

    /// Solves for one right-hand side, in place.
    func solve(_ side: UnsafeMutablePointer<Double>) {
        let a = matrix.pointer
        for k in 0..<order {
            let pivot = pivots.pointer[k]
            (side[k], side[pivot]) = (side[pivot], side[k])
        }
        for i in 0..<order {
            for j in 0..<i { side[i] -= a[i &* order + j] * side[j] }
        }
        for i in stride(from: order - 1, through: 0, by: -1) {
            for j in i + 1..<max(order, i + 1) { side[i] -= a[i &* order + j] * side[j] }
            side[i] /= a[i &* order + i]
        }
    }
}
