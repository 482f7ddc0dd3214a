import COpenBLAS
import Core

/// Second derivatives of a run's function at its point, from whatever the problem's owner gives: the Hessian, its
/// products with vectors, or, where neither is there, differences of gradients:
///
///     H v = (gradient(x + h v) - gradient(x)) / h
///
/// with h the square root of the precision of the gradients, scaled to x and v. Errors are then of the order of h:
/// 2^-26 for gradients by callback. Nocedal and Wright, "Numerical Optimization", 2nd ed., section 8.1
/// (doi:10.1007/978-0-387-40065-5).
final class SecondDerivatives {
    /// What methods that store the Hessian can count: n n numbers within LAPACK's 32 bits.
    static let largestCount = 46340

    private let run: Minimisation
    private let count: Int
    private let relativeStep: Double
    private let point: Buffer<Double>
    private let gradient: Buffer<Double>
    private let matrix: Buffer<Double>?
    private var isMatrixKnown = false
    private var scale = 1.0

    /// How far the smallest eigenvalue of a Hessian may be below 0, relative to its norm, and still be 0 for all that
    /// is known of it.
    var precision: Double { run.problem.hessian != nil || run.problem.product != nil ? 0x1p-40 : 64 * relativeStep }

    /// With `matrix`, for `hessian(to:)`; without it for products, and an n x n matrix is held only where the owner
    /// gives Hessians and no products.
    /// Throws `limit` where an n x n matrix would be beyond all bounds, and `outOfMemory`.
    init(_ run: Minimisation, products: Bool) throws(ApusError) {
        self.run = run
        count = run.count
        switch run.gradientSource {
        case .callback?, nil: relativeStep = 0x1p-26
        case .forward?: relativeStep = 0x1p-13
        case .central?: relativeStep = 0x1p-17
        }
        let allocator = run.context.allocator
        point = try Buffer(count, in: allocator)
        gradient = try Buffer(count, in: allocator)
        if products, run.problem.product != nil || run.problem.hessian == nil {
            matrix = nil
        } else {
            try SecondDerivatives.check(count)
            matrix = products ? try Buffer(count &* count, in: allocator) : nil
        }
        if matrix != nil { run.context.holdBLAS() }
    }

    private static func check(_ count: Int) throws(ApusError) {
        guard count <= largestCount else {
            throw .limit(
                "A Hessian of \(count) by \(count) numbers is too large (at most \(largestCount) by \(largestCount)); "
                    + "give hessian_product and use Newton-CG or trust-ncg.")
        }
    }

    /// To be called whenever the run's point has moved, before products.
    func moved() {
        isMatrixKnown = false
        scale = 1 + length(run.x.pointer, count)
    }

    // MARK: The matrix

    /// Writes the upper triangle of the Hessian at the run's point; the rest may hold anything. False where it is not
    /// finite.
    func hessian(to matrix: UnsafeMutablePointer<Double>) throws(ApusError) -> Bool {
        if try run.hessian(run.x.pointer, to: matrix) {
            var probe = 0.0
            for i in 0..<count {
                for j in i..<count { probe += matrix[i &* count + j] * 0 }
            }
            return probe == 0
        }
        if run.problem.product != nil {
            for i in 0..<count { point.pointer[i] = 0 }
            for i in 0..<count {
                point.pointer[i] = 1
                guard try run.hessianProduct(run.x.pointer, point.pointer, to: matrix + i &* count) else { return false }
                point.pointer[i] = 0
            }
            return symmetrise(matrix)
        }
        point.pointer.update(from: run.x.pointer, count: count)
        for i in 0..<count {
            let centre = run.x.pointer[i]
            var isFinite = false
            for sign in [1.0, -1.0] where !isFinite {
                point.pointer[i] = centre + sign * relativeStep * max(1, abs(centre))
                let moved = point.pointer[i] - centre
                let row = matrix + i &* count
                isFinite = try difference(by: moved, to: row)
            }
            point.pointer[i] = centre
            if !isFinite { return false }
        }
        return symmetrise(matrix)
    }

    /// row = (gradient(point) - gradient(x)) / moved; false where the function is undefined.
    private func difference(by moved: Double, to row: UnsafeMutablePointer<Double>) throws(ApusError) -> Bool {
        guard try run.evaluate(point.pointer, gradient: gradient.pointer).isFinite else { return false }
        var probe = 0.0
        for j in 0..<count {
            row[j] = (gradient.pointer[j] - run.gradient.pointer[j]) / moved
            probe += row[j] * 0
        }
        return probe == 0
    }

    /// Makes the upper half the mean of both; false where a number is not finite.
    private func symmetrise(_ matrix: UnsafeMutablePointer<Double>) -> Bool {
        var probe = 0.0
        for i in 0..<count {
            for j in i..<count {
                let mean = 0.5 * matrix[i &* count + j] + 0.5 * matrix[j &* count + i]
                matrix[i &* count + j] = mean
                probe += mean * 0
            }
        }
        return probe == 0
    }

    // MARK: Products

    /// product = H vector; false where it is not finite.
    func product(_ vector: UnsafePointer<Double>, to product: UnsafeMutablePointer<Double>) throws(ApusError) -> Bool {
        if try run.hessianProduct(run.x.pointer, vector, to: product) { return isFinite(product) }
        if let matrix {
            if !isMatrixKnown {
                guard try hessian(to: matrix.pointer) else { return false }
                isMatrixKnown = true
            }
            try run.context.checkInterrupt()
            let n = Int32(truncatingIfNeeded: count)
            cblas_dsymv(CblasRowMajor, CblasUpper, n, 1, matrix.pointer, n, vector, 1, 0, product, 1)
            return isFinite(product)
        }
        let size = length(vector, count)
        guard size > 0, size.isFinite else {
            for i in 0..<count { product[i] = 0 }
            return size == 0
        }
        for sign in [1.0, -1.0] {
            let step = sign * 2 * relativeStep * scale / size
            for i in 0..<count { point.pointer[i] = run.x.pointer[i] + step * vector[i] }
            if try difference(by: step, to: product) { return true }
        }
        return false
    }

    private func isFinite(_ values: UnsafePointer<Double>) -> Bool {
        var probe = 0.0
        for i in 0..<count { probe += values[i] * 0 }
        return probe == 0
    }
}
