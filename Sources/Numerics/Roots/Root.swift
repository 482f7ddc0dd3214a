import Core

/// A function of one number; nil says that the caller asked to stop.
package typealias ScalarFunction = (Double) throws(ApusError) -> Double?

/// Where a search for a root ended.
package struct Root: Sendable {
    /// The best point known: of the final bracket, or of the iterates.
    package var root: Double
    /// The function there.
    package var value: Double
    package var iterations: Int
    /// Calls of the function and of its derivative.
    package var evaluations: Int
    package var stop: StopReason
    /// One sentence for a reader.
    package var message: String
}

/// How far a search for a root goes: it ends when the root is known to `absolute + relative |root|`.
package struct RootTolerance: Sendable {
    package var absolute = 2e-12
    /// Four units of rounding, as in SciPy.
    package var relative = 8.9e-16
    package var mostIterations = 100

    package init() {}

    func around(_ x: Double) -> Double { absolute + relative * abs(x) }
}

/// A function with its calls counted and the point of the smallest value kept.
struct RootProbe {
    private let function: ScalarFunction
    private(set) var evaluations = 0
    private(set) var point = Double.nan
    private(set) var value = Double.nan

    init(_ function: @escaping ScalarFunction) { self.function = function }

    /// The value at x, which may be anything; nil when the caller asked to stop.
    mutating func callAsFunction(_ x: Double) throws(ApusError) -> Double? {
        guard let y = try function(x) else { return nil }
        evaluations += 1
        if point.isNaN || abs(y) < abs(value) || value.isNaN { (point, value) = (x, y) }
        return y
    }

    /// Counts a call of the derivative.
    mutating func slope(_ derivative: ScalarFunction, _ x: Double) throws(ApusError) -> Double? {
        guard let slope = try derivative(x) else { return nil }
        evaluations += 1
        return slope
    }

    /// The end at the best point seen.
    func ended(_ stop: StopReason, after iterations: Int, _ message: String) -> Root {
        ended(at: point, value, stop, after: iterations, message)
    }

    func ended(at x: Double, _ y: Double, _ stop: StopReason, after iterations: Int, _ message: String) -> Root {
        Root(root: x, value: y, iterations: iterations, evaluations: evaluations, stop: stop, message: message)
    }

    func asked(after iterations: Int) -> Root {
        ended(.asked, after: iterations, "The function asked to stop.")
    }

    func undefined(at x: Double, _ what: String = "The function", after iterations: Int) -> Root {
        ended(.notFinite, after: iterations, "\(what) is not a number at x = \(x).")
    }
}
