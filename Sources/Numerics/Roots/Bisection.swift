import Core

/// Bisection: the half of the interval in which the sign changes, again and again. It ends for every function, at the
/// latest with neighbouring numbers.
struct Bisection {
    let tolerance: RootTolerance

    /// Throws `invalidArgument` where the sign does not change from a to b, and what the function throws.
    func find(_ function: @escaping ScalarFunction, _ a: Double, _ b: Double) throws(ApusError) -> Root {
        var probe = RootProbe(function)
        let bracket: RootBracket
        switch try RootBracket.ends(a, b, &probe) {
        case .ended(let root): return root
        case .bracket(let found): bracket = found
        }
        var (same, other) = (bracket.a, bracket.b)
        var (best, valueBest) =
            abs(bracket.valueB) < abs(bracket.valueA) ? (bracket.b, bracket.valueB) : (bracket.a, bracket.valueA)
        var iterations = 0
        while iterations < tolerance.mostIterations {
            iterations += 1
            // Halved first: the interval may be longer than the largest number.
            let half = 0.5 * other - 0.5 * same
            let middle = same + half
            guard let value = try probe(middle) else { return probe.asked(after: iterations) }
            if value.isNaN { return probe.undefined(at: middle, after: iterations) }
            (best, valueBest) = (middle, value)
            if value == 0 || abs(half) < tolerance.around(middle) || middle == same || middle == other {
                return bracket.closed(at: middle, value, between: same, other, probe, after: iterations)
            }
            if (value < 0) == (bracket.valueA < 0) { same = middle } else { other = middle }
        }
        return RootBracket.ranOut(best, valueBest, probe, after: iterations)
    }
}
