import Core

/// A quick look at the condition of a factored matrix: one step of the estimate of Hager (1984,
/// doi:10.1137/0905023) from a vector without pattern, which costs two solutions instead of five or so. What it finds is
/// at most the true norm of the inverse, and rarely far from it; matrices that it finds ill-conditioned, with a margin
/// of 2^22, are looked at closely.
enum ConditionCheck {
    private static let clearlyRegular = 0x1p30

    /// Whether |a| |a^-1| is clearly below 2^52, `norm` being the 1-norm of a. `x` holds n numbers of scratch; `solve`
    /// solves with a, or its transpose, in place.
    @inline(__always)
    static func isClearlyRegular(
        order n: Int, norm: Double, _ x: UnsafeMutablePointer<Double>,
        solve: (_ x: UnsafeMutablePointer<Double>, _ transposed: Bool) -> Void
    ) -> Bool {
        if n == 0 { return true }
        // Multiples of the golden ratio, modulo 1, less a half: every size and sign, and no matrix is made for them.
        var sum = 0.0
        for i in 0..<n {
            let value = Double(UInt32(truncatingIfNeeded: (i &+ 1) &* 0x9E37_79B9)) * 0x1p-32 - 0.5
            x[i] = value
            sum += value.magnitude
        }
        solve(x, false)
        let first = ColumnMajor.absoluteSum(x, n) / sum
        if !(first * norm < clearlyRegular) { return false }
        for i in 0..<n { x[i] = x[i] < 0 ? -1 : 1 }
        solve(x, true)
        var second = 0.0
        for i in 0..<n {
            let size = x[i].magnitude
            if !(size <= second) { second = size }
        }
        return second * norm < clearlyRegular
    }
}
