/// Wynn's epsilon algorithm: the limit of a sequence from its last terms, with the safeguards of QUADPACK's QELG
/// (Wynn 1956, doi:10.2307/2002183; Piessens et al. 1983).
struct EpsilonTable {
    private static let most = 50
    /// The lowest diagonal of the table.
    private var diagonal = InlineArray<54, Double>(repeating: 0)
    private(set) var count = 0
    private var recent = InlineArray<3, Double>(repeating: 0)
    private var results = 0

    /// Adds a term of the sequence.
    mutating func append(_ term: Double) {
        diagonal[count] = term
        count += 1
    }

    /// The limit so far and an estimate of its error, which is infinite until there is enough to tell.
    mutating func extrapolate() -> (limit: Double, error: Double) {
        results += 1
        let newest = count - 1
        var limit = diagonal[newest]
        guard count >= 3 else { return (limit, .greatestFiniteMagnitude) }
        var error = Double.greatestFiniteMagnitude
        diagonal[newest + 2] = diagonal[newest]
        diagonal[newest] = .greatestFiniteMagnitude
        let steps = newest / 2
        let before = count
        var place = newest
        for step in 0..<steps {
            let oldest = diagonal[place - 2]
            let middle = diagonal[place - 1]
            let latest = diagonal[place + 2]
            let late = latest - middle
            let early = middle - oldest
            let lateTolerance = max(latest.magnitude, middle.magnitude) * .ulpOfOne
            let earlyTolerance = max(middle.magnitude, oldest.magnitude) * .ulpOfOne
            if late.magnitude <= lateTolerance, early.magnitude <= earlyTolerance {
                // Three equal elements: converged.
                return (latest, max(late.magnitude + early.magnitude, 5 * .ulpOfOne * latest.magnitude))
            }
            let corner = diagonal[place]
            diagonal[place] = middle
            let side = middle - corner
            let sideTolerance = max(middle.magnitude, corner.magnitude) * .ulpOfOne
            if side.magnitude <= sideTolerance || late.magnitude <= lateTolerance
                || early.magnitude <= earlyTolerance
            {
                count = 2 * step + 1
                break
            }
            let slope = 1 / side + 1 / late - 1 / early
            if (slope * middle).magnitude <= 1e-4 {
                // The table is irregular here: drop the older part.
                count = 2 * step + 1
                break
            }
            let value = middle + 1 / slope
            diagonal[place] = value
            place -= 2
            let spread = late.magnitude + (value - latest).magnitude + early.magnitude
            if spread <= error {
                error = spread
                limit = value
            }
        }
        if count == EpsilonTable.most { count = 2 * (EpsilonTable.most / 2) - 1 }
        var from = before % 2 == 0 ? 1 : 0
        for _ in 0...steps {
            diagonal[from] = diagonal[from + 2]
            from += 2
        }
        if before != count {
            for index in 0..<count { diagonal[index] = diagonal[before - count + index] }
        }
        if results < 4 {
            recent[results - 1] = limit
            error = .greatestFiniteMagnitude
        } else {
            error = (limit - recent[0]).magnitude + (limit - recent[1]).magnitude + (limit - recent[2]).magnitude
            recent[0] = recent[1]
            recent[1] = recent[2]
            recent[2] = limit
        }
        return (limit, max(error, 5 * .ulpOfOne * limit.magnitude))
    }
}
