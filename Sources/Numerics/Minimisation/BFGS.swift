import Core

/// The method of Broyden, Fletcher, Goldfarb and Shanno, the inverse Hessian approximation H kept as a matrix:
///
///     H = (1 - r s y') H (1 - r y s') + r s s',   r = 1 / s'y,
///
/// with steps s that meet the strong Wolfe conditions (c2 = 0.5) and gradient changes y; before the first update H is
/// s's / s'y times the identity. Nocedal and Wright, "Numerical Optimization", 2nd ed., section 6.1
/// (doi:10.1007/978-0-387-40065-5).
package struct BFGS: Minimizer {
    package static let entry = MinimizerEntry("BFGS", doc: "quasi-Newton with the whole inverse Hessian") {
        (_) throws(ApusError) in BFGS()
    }

    package init() {}

    /// Throws `limit` or `outOfMemory` when the n x n matrix does not fit.
    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let allocator = run.context.allocator
        let inverse = try InverseHessian(n, in: run.context)
        let search = try WolfeLineSearch(run)
        search.curvature = 0.5
        let direction = try Buffer<Double>(n, in: allocator)
        let change = try Buffer<Double>(n, in: allocator)
        run.inverseHessian = { (out) throws(ApusError) in inverse.write(to: out) }
        var stagnation = Stagnation(run)
        while true {
            inverse.direction(run.gradient.pointer, to: direction.pointer)
            var slope = innerProduct(run.gradient.pointer, direction.pointer, n)
            if !(slope < 0) {
                inverse.reset()
                inverse.direction(run.gradient.pointer, to: direction.pointer)
                slope = -innerProduct(run.gradient.pointer, run.gradient.pointer, n)
            }
            let first = inverse.isIdentity ? min(1, 1 / (-slope).squareRoot()) : 1
            switch try search.search(along: direction.pointer, slope: slope, first: first) {
            case .found: break
            case .endless:
                run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
                return .unbounded
            case .failed, .notFinite:
                // Old curvature may mislead; steepest descent has the last word.
                if inverse.isIdentity { return search.sawFinite ? .precision : .notFinite }
                inverse.reset()
                continue
            }
            for i in 0..<n {
                direction.pointer[i] = search.point.pointer[i] - run.x.pointer[i]
                change.pointer[i] = search.gradient.pointer[i] - run.gradient.pointer[i]
            }
            inverse.update(direction.pointer, change.pointer)
            run.move(to: search.point.pointer, value: search.value, gradient: search.gradient.pointer)
            if let stop = try run.iterated(step: length(direction.pointer, n)) { return stop }
            if stagnation.isReached(run) { return .precision }
        }
    }
}

/// The matrix H of BFGS.
private final class InverseHessian {
    private let n: Int
    private let context: Context
    private let matrix: Buffer<Double>
    private let product: Buffer<Double>
    private(set) var isIdentity = true
    /// Rows made as one slice.
    private let rows: Int

    init(_ n: Int, in context: Context) throws(ApusError) {
        let (cells, overflow) = n.multipliedReportingOverflow(by: n)
        if overflow { throw .limit("BFGS keeps a matrix of n x n, too many for n = \(n): use L-BFGS-B or CG.") }
        self.n = n
        self.context = context
        rows = max((1 << 15) / n, 1)
        do throws(ApusError) {
            matrix = try Buffer(cells, in: context.allocator)
        } catch { throw error.within("BFGS keeps a matrix of n x n; L-BFGS-B and CG do not") }
        product = try Buffer(n, in: context.allocator)
        reset()
    }

    func reset() {
        fill(1)
        isIdentity = true
    }

    private func fill(_ diagonal: Double) {
        matrix.clear()
        for i in 0..<n { matrix.pointer[i &* n + i] = diagonal }
    }

    /// direction = -H gradient.
    func direction(_ gradient: UnsafePointer<Double>, to direction: UnsafeMutablePointer<Double>) {
        if isIdentity {
            for i in 0..<n { direction[i] = -gradient[i] }
            return
        }
        context.parallel(over: n, by: rows) { [n, matrix] range in
            for i in range { direction[i] = -innerProduct(matrix.pointer + i &* n, gradient, n) }
        }
    }

    /// Takes in a step and the change of the gradient, where their curvature is positive beyond rounding.
    func update(_ s: UnsafePointer<Double>, _ y: UnsafePointer<Double>) {
        let curvature = innerProduct(s, y, n)
        let squares = innerProduct(y, y, n)
        guard curvature > 0x1p-52 * squares, squares > 0, squares.isFinite else { return }
        if isIdentity {
            fill(innerProduct(s, s, n) / curvature)
            isIdentity = false
        }
        let v = product.pointer
        context.parallel(over: n, by: rows) { [n, matrix] range in
            for i in range { v[i] = innerProduct(matrix.pointer + i &* n, y, n) }
        }
        let r = 1 / curvature
        let both = r * (1 + r * innerProduct(y, v, n))
        context.parallel(over: n, by: rows) { [n, matrix] range in
            for i in range {
                addProducts(both * s[i] - r * v[i], s, -r * s[i], v, to: matrix.pointer + i &* n, n)
            }
        }
    }

    /// Writes H, made symmetric to the last bit.
    func write(to out: UnsafeMutablePointer<Double>) {
        for i in 0..<n {
            for j in i..<n {
                let value = 0.5 * (matrix.pointer[i &* n + j] + matrix.pointer[j &* n + i])
                out[i &* n + j] = value
                out[j &* n + i] = value
            }
        }
    }
}
