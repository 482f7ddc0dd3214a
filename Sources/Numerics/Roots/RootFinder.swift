import Core

/// The root finders by name, each with one line for the catalog.
package enum RootMethod: String, CaseIterable, Sendable {
    case brentq
    case bisect
    case newton
    case secant

    package var doc: String {
        switch self {
        case .brentq: "Brent's method between two points where the function has opposite signs"
        case .bisect: "bisection between two points where the function has opposite signs"
        case .newton: "Newton's method from one point with the derivative"
        case .secant: "the secant method from two points"
        }
    }
}

/// Finds x with f(x) = 0.
package struct RootFinder: Sendable {
    package let method: RootMethod
    package let tolerance: RootTolerance

    package static let specs = [
        ParameterSpec(
            "xtol", .real(from: 0, to: .infinity), default: 2e-12, "the root is found to xtol + rtol |root|"),
        ParameterSpec("rtol", .real(from: 0, to: .infinity), default: 8.9e-16, "see xtol"),
        ParameterSpec("maxiter", .integer(0...Int.max), default: 100, "the most iterations"),
    ]

    /// For the catalog: each method's name, line and parameters.
    package static var json: JSON {
        .array(
            RootMethod.allCases.map {
                .object([
                    (key: "kind", value: .string($0.rawValue)), (key: "doc", value: .string($0.doc)),
                    (key: "parameters", value: ParameterSpec.json(specs)),
                ])
            })
    }

    /// A method by name ("" for Brent's) with its parameters as text. Throws `invalidArgument`.
    package init(_ name: String, parameters: String) throws(ApusError) {
        guard let method = RootMethod(rawValue: name.isEmpty ? "brentq" : name) else {
            let known = RootMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("method must be one of \(known), got '\(name)'.")
        }
        let values = try Parameters(kind: method.rawValue, specs: RootFinder.specs, text: parameters)
        var tolerance = RootTolerance()
        tolerance.absolute = values.real("xtol")
        tolerance.relative = values.real("rtol")
        tolerance.mostIterations = values.integer("maxiter")
        self.method = method
        self.tolerance = tolerance
    }

    /// A root near or between a and b. Throws `invalidArgument` for points that do not suit the method and for a
    /// missing derivative, and what the functions throw; how it ended otherwise is in the result.
    package func find(
        _ function: @escaping ScalarFunction, derivative: ScalarFunction?, _ a: Double, _ b: Double
    ) throws(ApusError) -> Root {
        switch method {
        case .brentq: return try BrentRoot(tolerance: tolerance).find(function, a, b)
        case .bisect: return try Bisection(tolerance: tolerance).find(function, a, b)
        case .secant: return try Secant(tolerance: tolerance).find(function, a, b)
        case .newton:
            guard let derivative else { throw .invalid("derivative must not be NULL for the method newton.") }
            return try NewtonRoot(tolerance: tolerance).find(function, derivative, from: a)
        }
    }
}
