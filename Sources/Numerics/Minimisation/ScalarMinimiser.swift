import Core

/// The minimisers of functions of one number by name, each with one line for the catalog.
package enum ScalarMethod: String, CaseIterable, Sendable {
    case brent
    case golden
    case bounded

    package var doc: String {
        switch self {
        case .brent: "Brent's parabolic interpolation and golden section, from a bracket found downhill"
        case .golden: "golden section, from a bracket found downhill"
        case .bounded: "Brent's method between two bounds"
        }
    }

    package var specs: [ParameterSpec] {
        let tolerance =
            self == .bounded
            ? "the minimum is found to xtol / 3 + 1.48e-8 |x|" : "the minimum is found to xtol |x| + 1e-11"
        let common = [
            ParameterSpec("xtol", .real(from: 0, to: .infinity), default: 1.48e-8, tolerance),
            ParameterSpec("maxiter", .integer(0...Int.max), default: 500, "the most iterations"),
        ]
        if self == .bounded { return common }
        return common + [
            ParameterSpec(
                "middle", .nullable(.real(from: -.infinity, to: .infinity)), default: .null,
                "a point between a and b where the function is lower than at both: no bracket is searched then")
        ]
    }
}

/// Finds x with the least f(x).
package struct ScalarMinimiser: Sendable {
    package let method: ScalarMethod
    private let tolerance: Double
    private let mostIterations: Int
    private let middle: Double?

    /// For the catalog: each method's name, line and parameters.
    package static var json: JSON {
        .array(
            ScalarMethod.allCases.map {
                .object([
                    (key: "kind", value: .string($0.rawValue)), (key: "doc", value: .string($0.doc)),
                    (key: "parameters", value: ParameterSpec.json($0.specs)),
                ])
            })
    }

    /// A method by name ("" for Brent's) with its parameters as text. Throws `invalidArgument`.
    package init(_ name: String, parameters: String) throws(ApusError) {
        guard let method = ScalarMethod(rawValue: name.isEmpty ? "brent" : name) else {
            let known = ScalarMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("method must be one of \(known), got '\(name)'.")
        }
        let values = try Parameters(kind: method.rawValue, specs: method.specs, text: parameters)
        self.method = method
        tolerance = values.real("xtol")
        mostIterations = values.integer("maxiter")
        middle = values["middle"].doubleValue
    }

    /// The minimum near or between a and b. Throws `invalidArgument` for points that do not suit the method,
    /// `notConverged` when no value is finite, `interrupted` when the function asks to stop before there is anything to
    /// keep, and what the function throws; how it ended otherwise is in the result.
    package func minimise(_ function: @escaping ScalarFunction, _ a: Double, _ b: Double) throws(ApusError)
        -> ScalarMinimum
    {
        guard a.isFinite, b.isFinite, (b - a).isFinite else {
            throw .invalid("a and b and their difference must be finite, got \(a) and \(b).")
        }
        var probe = ScalarProbe(function)
        if method == .bounded { return try bounded(&probe, a, b) }
        guard a != b else { throw .invalid("a and b must differ, got \(a) for both.") }
        let outcome: ScalarBracket.Outcome
        if let middle {
            outcome = try ScalarBracket.given(a, middle, b, &probe)
        } else {
            outcome = try ScalarBracket.downhill(from: a, b, &probe)
        }
        switch outcome {
        case .ended(let minimum): return minimum
        case .bracket(let bracket):
            if method == .golden {
                let search = ScalarGolden(absolute: 1e-11, relative: tolerance, mostIterations: mostIterations)
                return try search.search(&probe, bracket)
            }
            let search = ScalarBrent(absolute: 1e-11, relative: tolerance, mostIterations: mostIterations)
            return try search.search(
                &probe, from: min(bracket.first, bracket.last), to: max(bracket.first, bracket.last),
                start: bracket.middle, value: bracket.valueMiddle)
        }
    }

    private func bounded(_ probe: inout ScalarProbe, _ a: Double, _ b: Double) throws(ApusError) -> ScalarMinimum {
        guard a <= b else { throw .invalid("a must not be above b, got \(a) and \(b).") }
        let start = a + ScalarBrent.shorter * (b - a)
        guard let value = try probe(start) else { return try ScalarMinimiser.kept(probe, after: 0) }
        let search = ScalarBrent(absolute: tolerance / 3, relative: 0x1p-26, mostIterations: mostIterations)
        let minimum = try search.search(&probe, from: a, to: b, start: start, value: value)
        guard minimum.value.isFinite else {
            throw ApusError(.notConverged, "The function to minimise is not finite at any point tried from \(a) to \(b).")
        }
        return minimum
    }

    /// The end that a probe asked for; an error when there is nothing to keep.
    static func kept(_ probe: ScalarProbe, after iterations: Int) throws(ApusError) -> ScalarMinimum {
        guard probe.value.isFinite else {
            throw ApusError(probe.ending.stop == .asked ? .interrupted : .notConverged, probe.ending.message)
        }
        return probe.ended(after: iterations)
    }
}
