import COpenBLAS
import Core
import Glibc

/// The Cholesky factor of a symmetric positive definite matrix, rows and columns first scaled to a unit diagonal, which
/// brings the condition close to the least that any scaling can (van der Sluis 1969, doi:10.1007/BF02165096).
package struct Cholesky {
    private let factor: Buffer<Double>
    private let scale: Buffer<Double>
    package let order: Int
    /// An estimate of the reciprocal condition, in the 1-norm, of the scaled matrix.
    package let reciprocalCondition: Double

    /// Factors the upper triangle of `matrix` (order x order, row-major, left as it is); nil when it is not positive
    /// definite to working precision or not finite.
    package init?(_ matrix: UnsafePointer<Double>, order: Int, in allocator: Allocator) throws(ApusError) {
        let scale = try Buffer<Double>(order, in: allocator)
        for i in 0..<order {
            let diagonal = matrix[i &* order + i]
            guard diagonal > 0, diagonal.isFinite else { return nil }
            scale.pointer[i] = 1 / diagonal.squareRoot()
        }
        let factor = try Buffer<Double>(order &* order, in: allocator)
        let sums = try Buffer<Double>(zeros: order, in: allocator)
        for i in 0..<order {
            for j in i..<order {
                let value = matrix[i &* order + j] * scale.pointer[i] * scale.pointer[j]
                guard value.isFinite else { return nil }
                factor.pointer[i &* order + j] = value
                sums.pointer[j] += abs(value)
                if i != j { sums.pointer[i] += abs(value) }
            }
        }
        var norm = sums.elements.max() ?? 0
        // Row-major upper is LAPACK's column-major lower.
        var n = Int32(truncatingIfNeeded: order)
        var info: Int32 = 0
        dpotrf_("L", &n, factor.pointer, &n, &info, 1)
        guard info == 0 else { return nil }
        let work = try Buffer<Double>(3 * order, in: allocator)
        let integers = try Buffer<Int32>(order, in: allocator)
        var reciprocal = 0.0
        dpocon_("L", &n, factor.pointer, &n, &norm, &reciprocal, work.pointer, integers.pointer, &info, 1)
        guard info == 0 else { return nil }
        self.factor = factor
        self.scale = scale
        self.order = order
        self.reciprocalCondition = reciprocal
    }

    /// Solves for `count` right-hand sides, in place; side s is at `sides + s * order`.
    package func solve(_ sides: UnsafeMutablePointer<Double>, count: Int) {
        for s in 0..<count {
            for i in 0..<order { sides[s &* order + i] *= scale.pointer[i] }
        }
        var n = Int32(truncatingIfNeeded: order)
        var columns = Int32(truncatingIfNeeded: count)
        var info: Int32 = 0
        dpotrs_("L", &n, &columns, factor.pointer, &n, sides, &n, &info, 1)
        for s in 0..<count {
            for i in 0..<order { sides[s &* order + i] *= scale.pointer[i] }
        }
    }
}
