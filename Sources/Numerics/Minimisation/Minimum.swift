import Core

/// A smooth function of n numbers: its value at a point, its gradient written out.
package typealias SmoothFunction = (UnsafePointer<Double>, UnsafeMutablePointer<Double>) throws(ApusError) -> Double

/// Called after each iteration with its number from 1, the value and the largest gradient component; true ends the run.
package typealias MinimisationStep = (Int, Double, Double) throws(ApusError) -> Bool

/// How a minimisation ended.
package struct Minimum {
    package enum Stop: Sendable {
        /// No gradient component is larger than the tolerance.
        case gradient
        /// No step lowers the value any more in double precision.
        case precision
        /// The iterations ran out.
        case iterations
        /// The caller ended it.
        case asked
    }

    package var value: Double
    /// The largest absolute gradient component.
    package var slope: Double
    package var iterations: Int
    /// Evaluations of value and gradient.
    package var evaluations: Int
    package var stop: Stop

    static func largest(_ gradient: UnsafePointer<Double>, _ count: Int) -> Double {
        var most = 0.0
        for i in 0..<count {
            // A NaN must win, so that it is never taken for a small slope.
            if !(abs(gradient[i]) <= most) { most = abs(gradient[i]) }
        }
        return most
    }
}

/// The sum of products in a fixed order.
func innerProduct(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += a[i] * b[i] }
    return sum
}
