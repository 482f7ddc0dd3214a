import Core

/// Where a search for the minimum of a function of one number ended.
package struct ScalarMinimum: Sendable {
    /// The best point seen.
    package var x: Double
    package var value: Double
    package var iterations: Int
    package var evaluations: Int
    package var stop: StopReason
    /// One sentence for a reader.
    package var message: String
}

/// A function with its calls counted, the best point kept, and the reason to end at once, if there was one.
///
/// A value that is NaN or infinity counts as higher than all others, so a function may be undefined on part of the
/// line; minus infinity ends the search, for nothing is below it.
struct ScalarProbe {
    private let function: ScalarFunction
    private(set) var evaluations = 0
    /// The lowest finite value and where it was found; NaN before there is one.
    private(set) var point = Double.nan
    private(set) var value = Double.nan
    /// Why the last call gave nil.
    private(set) var ending = (stop: StopReason.asked, message: "")

    init(_ function: @escaping ScalarFunction) { self.function = function }

    /// The value at x, infinity where it is undefined; nil when the search has to end.
    mutating func callAsFunction(_ x: Double) throws(ApusError) -> Double? {
        guard let y = try function(x) else {
            ending = (.asked, "The function asked to stop.")
            return nil
        }
        evaluations += 1
        if y == -.infinity {
            ending = (.unbounded, "The function is minus infinity at x = \(x).")
            return nil
        }
        guard y.isFinite else { return .infinity }
        if value.isNaN || y < value { (point, value) = (x, y) }
        return y
    }

    /// The end for the reason that the last call gave.
    func ended(after iterations: Int) -> ScalarMinimum { ended(ending.stop, after: iterations, ending.message) }

    /// The end at the best point seen.
    func ended(_ stop: StopReason, after iterations: Int, _ message: String) -> ScalarMinimum {
        ScalarMinimum(
            x: point, value: value, iterations: iterations, evaluations: evaluations, stop: stop, message: message)
    }

    func converged(after iterations: Int) -> ScalarMinimum {
        ended(.converged, after: iterations, "The minimum is enclosed to the tolerance.")
    }

    func ranOut(after iterations: Int) -> ScalarMinimum {
        ended(
            .iterations, after: iterations, "The minimum is not enclosed to the tolerance after \(iterations) iterations.")
    }
}
