import Core

/// Golden section: the interval around the minimum shrinks by 0.618 with each value. Kiefer 1953, "Sequential minimax
/// search for a maximum", doi:10.1090/S0002-9939-1953-0055639-3.
struct ScalarGolden {
    /// The minimum is known to `absolute + relative |x|`.
    let absolute: Double
    let relative: Double
    let mostIterations: Int

    private static let shorter = ScalarBrent.shorter

    func search(_ probe: inout ScalarProbe, _ bracket: ScalarBracket) throws(ApusError) -> ScalarMinimum {
        var (first, last) = (bracket.first, bracket.last)
        var (left, right) = (bracket.middle, bracket.middle)
        var (valueLeft, valueRight) = (bracket.valueMiddle, bracket.valueMiddle)
        // The second inner point goes to the longer part.
        let isRight = abs(last - bracket.middle) > abs(bracket.middle - first)
        if isRight {
            right += ScalarGolden.shorter * (last - bracket.middle)
        } else {
            left -= ScalarGolden.shorter * (bracket.middle - first)
        }
        guard let value = try probe(isRight ? right : left) else { return try ScalarMinimiser.kept(probe, after: 0) }
        if isRight { valueRight = value } else { valueLeft = value }
        var iterations = 0
        // Ends at the latest when no number is left between the points.
        while abs(last - first) > relative * (abs(left) + abs(right)) + absolute,
            abs(last - first) > 4 * max(first.ulp, last.ulp)
        {
            if iterations >= mostIterations { return probe.ranOut(after: iterations) }
            iterations += 1
            let fromRight = valueRight < valueLeft
            if fromRight {
                (first, left, valueLeft) = (left, right, valueRight)
                right = left + ScalarGolden.shorter * (last - left)
            } else {
                (last, right, valueRight) = (right, left, valueLeft)
                left = right - ScalarGolden.shorter * (right - first)
            }
            guard let value = try probe(fromRight ? right : left) else {
                return try ScalarMinimiser.kept(probe, after: iterations)
            }
            if fromRight { valueRight = value } else { valueLeft = value }
        }
        return probe.converged(after: iterations)
    }
}
