import Core
import Glibc

/// Derivatives of a function of n numbers from its values.
package enum Gradient {
    /// The n partial derivatives and, unless `errors` is nil, estimates of their absolute errors.
    package static func compute(
        at x: UnsafePointer<Double>, _ n: Int, _ differences: Differences, context: Context, _ f: PointFunction,
        into gradient: UnsafeMutablePointer<Double>, errors: UnsafeMutablePointer<Double>?
    ) throws(ApusError) {
        let point = try Buffer(copying: try finite(x, n), count: n, in: context.allocator)
        let line = try LineDerivative(differences, wantsErrors: errors != nil, context: context)
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
            gradient[index] = result.value
            errors?[index] = result.error
        }
    }

    /// The derivative along a direction; with `isUnit` along the direction divided by its length.
    package static func along(
        _ direction: UnsafePointer<Double>, isUnit: Bool, at x: UnsafePointer<Double>, _ n: Int,
        _ differences: Differences, context: Context, _ f: PointFunction
    ) throws(ApusError) -> (value: Double, error: Double) {
        let x = try finite(x, n)
        let point = try Buffer<Double>(n, in: context.allocator)
        var largest = 0.0
        var reach = 0.0
        for index in 0..<n {
            guard direction[index].isFinite else {
                throw .invalid("direction[\(index)] must be finite, got \(direction[index]).")
            }
            largest = max(largest, direction[index].magnitude)
            if direction[index] != 0 { reach = max(reach, x[index].magnitude) }
        }
        guard largest > 0 else {
            if isUnit { throw .invalid("direction must not be all zeros with normalize=true.") }
            let value = try f(x)
            guard value.isFinite else {
                throw ApusError(.notConverged, "The function is \(value) at x, expected a finite value.")
            }
            return (0, 0)
        }
        // Steps are along the direction with largest component 1; the result is scaled afterwards.
        var squares = 0.0
        for index in 0..<n { squares += (direction[index] / largest) * (direction[index] / largest) }
        let scale = isUnit ? 1 / sqrt(squares) : largest
        var size = Double.infinity
        for index in 0..<n where direction[index] != 0 {
            size = min(size, x[index].stepScale / (direction[index].magnitude / largest))
        }
        let line = try LineDerivative(differences, context: context)
        let result = try line.differentiate(
            position: 0, size: size, unit: max(1, reach), name: { "x, along the direction" }
        ) { (step) throws(ApusError) in
            for index in 0..<n { point.pointer[index] = x[index] + step * (direction[index] / largest) }
            return try f(point.pointer)
        }
        let power = differences.order == 1 ? scale : scale * scale
        return (result.value * power, result.error * power)
    }

    /// x, when all of it is finite.
    static func finite(_ x: UnsafePointer<Double>, _ n: Int) throws(ApusError) -> UnsafePointer<Double> {
        for index in 0..<n where !x[index].isFinite {
            throw .invalid("x[\(index)] must be finite, got \(x[index]).")
        }
        return x
    }
}
