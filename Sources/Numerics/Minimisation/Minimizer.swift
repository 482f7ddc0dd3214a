import Core

/// A method of minimisation. It is the mathematics alone: counts, limits, tolerances, callbacks and the result belong
/// to the `Minimisation` that it is given.
///
/// `minimise` starts at `run.x`, where `run.value` is finite and, for methods with gradients, `run.gradient` is known
/// and larger than the tolerance (or not, for methods that leave saddles). It evaluates through `run`, moves with
/// `run.move` (or writes `run.x`, `run.value` and `run.gradient` itself), and calls `run.iterated` after each
/// iteration, which says when to end. Limits and callbacks that ask to stop during an evaluation end the run by an
/// error that the method must let through; `run.x` then is the result.
package protocol Minimizer: Sendable {
    /// Iterations when the caller sets no limit.
    func mostIterations(_ count: Int) -> Int

    /// Whether the method can go on from a point without a slope that is no minimum; it is then run from such a start
    /// too.
    var leavesSaddles: Bool { get }

    /// Runs to the end and says why it is one. Throws what `run` throws, and `limit` or `outOfMemory` for storage.
    func minimise(_ run: Minimisation) throws(ApusError) -> StopReason
}

extension Minimizer {
    package var leavesSaddles: Bool { false }

    package func mostIterations(_ count: Int) -> Int {
        let (most, overflow) = count.multipliedReportingOverflow(by: 200)
        return overflow ? Int.max : max(most, 1000)
    }
}

/// One line of the catalog of methods.
package struct MinimizerEntry: Sendable {
    /// SciPy's name, or Keras's for update rules.
    package let name: String
    /// One line.
    package let doc: String
    package let usesGradient: Bool
    package let usesHessian: Bool
    package let takesBounds: Bool
    /// The method's own parameters and those of every method.
    package let parameters: [ParameterSpec]
    package let make: @Sendable (Parameters) throws(ApusError) -> any Minimizer

    package init(
        _ name: String, doc: String, gradient: Bool = true, hessian: Bool = false, bounds: Bool = false,
        parameters: [ParameterSpec] = [], make: @escaping @Sendable (Parameters) throws(ApusError) -> any Minimizer
    ) {
        self.name = name
        self.doc = doc
        usesGradient = gradient
        usesHessian = hessian
        takesBounds = bounds
        self.parameters =
            (gradient ? [MinimizerEntry.source, MinimizerEntry.tolerance] : []) + MinimizerEntry.limits + parameters
        self.make = make
    }

    private static let source = ParameterSpec(
        "gradient", .choice(GradientSource.allCases.map(\.rawValue)), default: "callback",
        "callback: the function computes its gradient; forward, central: differences of its values.")
    private static let tolerance = ParameterSpec(
        "gtol", .real(from: 0, to: .infinity), default: 1e-5,
        "Converged when no component of the (projected) gradient is larger.")
    private static let limits = [
        ParameterSpec(
            "maxiter", .nullable(.integer(0...Int.max)), default: .null, "Iterations at most; null: the method's limit."),
        ParameterSpec(
            "maxfev", .nullable(.integer(1...Int.max)), default: .null,
            "Function evaluations at most, those for differences included; null: no limit."),
    ]

    /// For apus_catalog.
    package var json: JSON {
        [
            "kind": .string(name), "doc": .string(doc), "gradient": .bool(usesGradient), "hessian": .bool(usesHessian),
            "bounds": .bool(takesBounds), "parameters": ParameterSpec.json(parameters),
        ]
    }
}
