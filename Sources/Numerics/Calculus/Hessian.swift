import Core

/// The second derivatives of a function of n numbers from its values.
package enum Hessian {
    /// n x n, symmetric, and unless `errors` is nil estimates of the absolute errors. The diagonal comes from second
    /// differences along each coordinate; d2f / dx_i dx_j from
    /// (f(+,+) - f(+,-) - f(-,+) + f(-,-)) / (4 h_i h_j), whose error has even powers of a common factor of both steps,
    /// with the steps at which the diagonal was found.
    package static func compute(
        at x: UnsafePointer<Double>, _ n: Int, _ differences: Differences, context: Context, _ f: PointFunction,
        into hessian: UnsafeMutablePointer<Double>, errors: UnsafeMutablePointer<Double>?
    ) throws(ApusError) {
        var second = differences
        second.order = 2
        let point = try Buffer(copying: try Gradient.finite(x, n), count: n, in: context.allocator)
        let steps = try Buffer<Double>(zeros: n, in: context.allocator)
        let line = try LineDerivative(second, context: context)
        let middle = try f(point.pointer)
        for index in 0..<n {
            try context.checkInterrupt()
            let start = point.pointer[index]
            let size = start.stepScale
            let result = try line.differentiate(
                position: start, size: size, unit: max(1, size), name: { "x[\(index)] = \(start)" }, center: middle
            ) { (step) throws(ApusError) in
                point.pointer[index] = start + step
                let value = try f(point.pointer)
                point.pointer[index] = start
                return value
            }
            hessian[index &* n &+ index] = result.value
            errors?[index &* n &+ index] = result.error
            steps.pointer[index] =
                differences.method == .richardson ? line.firstStep : second.plainStep(at: start.magnitude)
        }
        let mixed = try MixedDerivative(point, middle: middle, second, context: context)
        for row in 0..<n {
            for column in 0..<row {
                let result = try mixed.differentiate(
                    row, column, steps: (steps.pointer[row], steps.pointer[column]), f)
                hessian[row &* n &+ column] = result.value
                hessian[column &* n &+ row] = result.value
                errors?[row &* n &+ column] = result.error
                errors?[column &* n &+ row] = result.error
            }
        }
    }
}

/// d2f / dx_i dx_j at a point.
private final class MixedDerivative {
    private let point: Buffer<Double>
    private let middle: Double
    private let differences: Differences
    private let adaptive: AdaptiveDifference
    private let context: Context

    init(_ point: Buffer<Double>, middle: Double, _ differences: Differences, context: Context) throws(ApusError) {
        self.point = point
        self.middle = middle
        self.differences = differences
        self.context = context
        adaptive = try AdaptiveDifference(lanes: 1, differences: differences, context: context)
    }

    func differentiate(
        _ i: Int, _ j: Int, steps: (Double, Double), _ f: PointFunction
    ) throws(ApusError) -> (value: Double, error: Double) {
        let a = point.pointer[i]
        let b = point.pointer[j]
        let direction = differences.direction
        let middle = middle
        let point = point
        func value(_ s: Double, _ t: Double) throws(ApusError) -> Double {
            point.pointer[i] = a + s
            point.pointer[j] = b + t
            let value = try f(point.pointer)
            point.pointer[i] = a
            point.pointer[j] = b
            return value
        }
        let sample: AdaptiveDifference.Sample = { (factor, quotient, noise, bend) throws(ApusError) in
            let s = a.exactStep(factor * steps.0)
            let t = b.exactStep(factor * steps.1)
            guard s > 0, t > 0, s.isFinite, t.isFinite else { return false }
            bend[0] = 0
            let sign = direction == .backward ? -1.0 : 1.0
            let both = try value(sign * s, sign * t)
            guard both.isFinite else { return false }
            let first = try value(sign * s, direction == .both ? -t : 0)
            guard first.isFinite else { return false }
            let other = try value(direction == .both ? -s : 0, sign * t)
            guard other.isFinite else { return false }
            let none = direction == .both ? try value(-s, -t) : middle
            guard none.isFinite else { return false }
            let size = max(both.magnitude, first.magnitude, other.magnitude, none.magnitude)
            let change = max((both - first).magnitude / t * b.magnitude, (both - other).magnitude / s * a.magnitude)
            let share = direction == .both ? 4.0 : 1.0
            quotient[0] = ((both - first) - (other - none)) / (share * s) / t
            noise[0] = 4 * .ulpOfOne * (size / (share * s) + change / (share * s)) / t
            noise[0] = min(noise[0], AdaptiveDifference.mostNoise)
            return quotient[0].isFinite && !noise[0].isNaN
        }
        let place = { "x[\(j)] = \(b), x[\(i)] = \(a)" }
        try context.checkInterrupt()
        guard differences.method == .richardson else {
            var result = (value: 0.0, error: 0.0)
            try adaptive.plain(
                step: 1, isGiven: differences.step > 0, share: direction == .both ? 4.0 / 3.0 : 2, withErrors: true,
                place: place, sample) { _, value, error in result = (value, error) }
            return result
        }
        try adaptive.run(
            start: 1, unit: 1, smallStart: 1, mayGrow: differences.step == 0, place: place, sample)
        return try adaptive.result(0) { "The second derivative by x[\(j)] and x[\(i)]" }
    }
}
