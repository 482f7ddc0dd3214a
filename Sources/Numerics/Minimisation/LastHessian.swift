import Core

/// The Hessian that a method took last, whose inverse is its inverse Hessian.
final class LastHessian {
    /// count x count, of which the upper triangle counts.
    let matrix: Buffer<Double>
    private let count: Int
    private let context: Context
    /// Whether an evaluation has filled the matrix.
    private(set) var isWhole = false

    /// Makes room, and the run deliver the inverse.
    init(_ run: Minimisation) throws(ApusError) {
        count = run.count
        context = run.context
        matrix = try Buffer(count &* count, in: run.context.allocator)
        run.inverseHessian = { [self] (out) throws(ApusError) in try writeInverse(to: out) }
    }

    /// Evaluates the Hessian at the run's point; false where it is not finite.
    func update(_ derivatives: SecondDerivatives) throws(ApusError) -> Bool {
        isWhole = false
        isWhole = try derivatives.hessian(to: matrix.pointer)
        return isWhole
    }

    /// The inverse (count x count, symmetric); NaN where the Hessian is not positive definite to working precision.
    private func writeInverse(to out: UnsafeMutablePointer<Double>) throws(ApusError) {
        out.update(repeating: .nan, count: count &* count)
        if !isWhole { return }
        context.holdBLAS()
        guard let factor = try Cholesky(matrix.pointer, order: count, in: context.allocator),
            factor.reciprocalCondition > 1e-14
        else { return }
        for i in 0..<count {
            for j in 0..<count { out[i &* count + j] = i == j ? 1 : 0 }
        }
        factor.solve(out, count: count)
        for i in 0..<count {
            for j in 0..<i { out[i &* count + j] = out[j &* count + i] }
        }
    }
}
