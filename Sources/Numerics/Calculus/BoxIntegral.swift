import Core

/// Integrals over boxes by iterated integrals of one variable, the last one innermost.
package final class BoxIntegral {
    /// Variables at most: the evaluations grow with the power of them.
    package static let mostDimensions = 6

    private let integrator: Integrator
    private let lower: [Double]
    private let upper: [Double]
    private let point: Buffer<Double>
    private let context: Context
    private let f: PointFunction
    private var evaluations = 0
    private var subdivisions = 0
    /// The largest error of an inner integral, by depth.
    private var innerErrors: [Double]
    private var outcome = Integral.Outcome.converged

    private init(
        _ integrator: Integrator, _ lower: [Double], _ upper: [Double], _ context: Context, _ f: @escaping PointFunction
    ) throws(ApusError) {
        self.integrator = integrator
        self.lower = lower
        self.upper = upper
        self.context = context
        self.f = f
        point = try Buffer(zeros: lower.count, in: context.allocator)
        innerErrors = Array(repeating: 0, count: lower.count + 1)
    }

    /// The integral over lower[i] <= x[i] <= upper[i]; reversed limits change the sign. Throws `invalidArgument` for
    /// more than six dimensions and for `points`, which a box has no place for.
    package static func integrate(
        _ integrator: Integrator, from lower: [Double], to upper: [Double], context: Context, _ f: @escaping PointFunction
    ) throws(ApusError) -> Integral {
        guard !lower.isEmpty, lower.count <= mostDimensions else {
            throw .invalid("n must be 1 to \(mostDimensions), got \(lower.count).")
        }
        guard integrator.points.isEmpty else { throw .invalid("A box takes no points.") }
        let box = try BoxIntegral(integrator, lower, upper, context, f)
        var result = try box.level(0)
        result.evaluations = box.evaluations
        result.subdivisions = box.subdivisions
        // Errors inside are spread over the outer ranges.
        var spread = 1.0
        for depth in 0..<lower.count - 1 {
            let width = (upper[depth] - lower[depth]).magnitude
            if width.isFinite { spread *= width }
            result.error += box.innerErrors[depth + 1] * spread
        }
        if result.outcome == .converged { result.outcome = box.outcome }
        return result
    }

    private func level(_ depth: Int) throws(ApusError) -> Integral {
        let isLast = depth == lower.count - 1
        let result = try integrator.integrate(lower[depth], upper[depth], context: context) { (x) throws(ApusError) in
            self.point.pointer[depth] = x
            if isLast {
                self.evaluations += 1
                return try self.f(self.point.pointer)
            }
            let inner = try self.level(depth + 1)
            self.innerErrors[depth + 1] = max(self.innerErrors[depth + 1], inner.error)
            if self.outcome == .converged { self.outcome = inner.outcome }
            return inner.value
        }
        subdivisions += result.subdivisions
        return result
    }
}
