import Core

/// Composite rules with a given number of equal intervals.
enum FixedRule: String, CaseIterable {
    /// f at the middle of each interval.
    case rectangle
    case trapezoid
    /// Parabolas over pairs of intervals, whose number must be even.
    case simpson

    /// Integrates from `a` to `b`. The error is the rule's leading term with derivatives replaced by the absolute
    /// differences of the values: h / 24 sum |d2 f| for rectangle, h / 12 sum |d2 f| for trapezoid, h / 180 sum |d4 f|
    /// for Simpson's rule, so that errors of different sign are not set off against each other.
    func integrate(
        _ a: Double, _ b: Double, intervals: Int, context: Context, _ f: RealFunction
    ) throws(ApusError) -> Integral {
        if self == .simpson, intervals % 2 != 0 {
            throw .invalid("The intervals of simpson must be an even number, got \(intervals).")
        }
        let width = (b - a) / Double(intervals)
        guard width.isFinite else { throw .invalid("The range \(a) to \(b) is too wide.") }
        let points = self == .rectangle ? intervals : intervals + 1
        let shift = self == .rectangle ? 0.5 : 0.0
        var sum = CompensatedSum()
        var absolute = 0.0
        var changes = 0.0
        // The last five values, newest first.
        var recent = (0.0, 0.0, 0.0, 0.0, 0.0)
        for index in 0..<points {
            if index % 1024 == 0 { try context.checkInterrupt() }
            // Exact at both ends.
            let share = (Double(index) + shift) / Double(intervals)
            let x = share <= 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share)
            let value = try f(x)
            let isEnd = self != .rectangle && (index == 0 || index == points - 1)
            let weight: Double
            switch self {
            case .rectangle: weight = 1
            case .trapezoid: weight = isEnd ? 0.5 : 1
            case .simpson: weight = isEnd ? 1.0 / 3 : index % 2 == 1 ? 4.0 / 3 : 2.0 / 3
            }
            sum.add(weight * value)
            absolute += weight * value.magnitude
            recent = (value, recent.0, recent.1, recent.2, recent.3)
            if self == .simpson {
                if index >= 4 {
                    changes += (recent.0 - 4 * recent.1 + 6 * recent.2 - 4 * recent.3 + recent.4).magnitude
                }
            } else if index >= 2 {
                changes += (recent.0 - 2 * recent.1 + recent.2).magnitude
            }
        }
        var result = Integral()
        result.value = sum.value * width
        result.absolute = absolute * width.magnitude
        result.evaluations = points
        result.subdivisions = intervals
        let share: Double
        switch self {
        case .rectangle: share = 1.0 / 24
        case .trapezoid: share = 1.0 / 12
        case .simpson: share = 1.0 / 180
        }
        // Few points tell nothing about differences. There are fewer differences than intervals: scaled up.
        let lost = self == .simpson ? 4 : 2
        result.error =
            points <= lost
            ? result.absolute
            : share * width.magnitude * changes * (Double(intervals) / Double(points - lost))
        return result
    }
}
