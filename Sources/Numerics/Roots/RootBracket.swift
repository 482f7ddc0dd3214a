import Core

/// The ends of an interval where a function has values of opposite sign, or the root that one of them already is.
struct RootBracket {
    let a, b: Double
    let valueA, valueB: Double

    /// What evaluating both ends came to.
    enum Ends {
        case bracket(RootBracket)
        case ended(Root)
    }

    /// Evaluates both ends. An infinite value has a sign as any other. Throws `invalidArgument`, with both values, when
    /// the signs are the same.
    static func ends(_ a: Double, _ b: Double, _ probe: inout RootProbe) throws(ApusError) -> Ends {
        guard a.isFinite, b.isFinite else { throw .invalid("a and b must be finite, got \(a) and \(b).") }
        guard let valueA = try probe(a) else { return .ended(probe.asked(after: 0)) }
        if valueA.isNaN { return .ended(probe.undefined(at: a, after: 0)) }
        if valueA == 0 { return .ended(probe.ended(.converged, after: 0, "The function is 0 at a.")) }
        guard let valueB = try probe(b) else { return .ended(probe.asked(after: 0)) }
        if valueB.isNaN { return .ended(probe.undefined(at: b, after: 0)) }
        if valueB == 0 { return .ended(probe.ended(.converged, after: 0, "The function is 0 at b.")) }
        guard (valueA < 0) != (valueB < 0) else {
            throw .invalid("f must change sign between a and b, got f(\(a)) = \(valueA) and f(\(b)) = \(valueB).")
        }
        return .bracket(RootBracket(a: a, b: b, valueA: valueA, valueB: valueB))
    }

    /// The end of a search that closed in on x, between `low` and `high`. Where it has left the ends that it started
    /// from, and the function is no smaller than there, the sign changes in a jump or a pole.
    func closed(
        at x: Double, _ y: Double, between low: Double, _ high: Double, _ probe: RootProbe, after iterations: Int
    ) -> Root {
        let stayed = low == a || low == b || high == a || high == b
        let jumps = !stayed && abs(y) >= min(abs(valueA), abs(valueB))
        return probe.ended(
            at: x, y, .converged, after: iterations,
            jumps
                ? "The sign changes at x = \(x) without the function coming near 0: a jump or a pole, no root."
                : "The root is bracketed to the tolerance.")
    }

    static func ranOut(_ x: Double, _ y: Double, _ probe: RootProbe, after iterations: Int) -> Root {
        probe.ended(
            at: x, y, .iterations, after: iterations,
            "The root is not bracketed to the tolerance after \(iterations) iterations.")
    }
}
