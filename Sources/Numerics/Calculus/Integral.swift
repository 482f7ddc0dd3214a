import Core

/// A definite integral and what is known about it.
package struct Integral {
    /// How an integration ended.
    package enum Outcome: Equatable {
        case converged
        /// The number of subintervals, levels or points was used up.
        case limit
        /// Rounding keeps the error above the tolerance.
        case rounding
        /// The function misbehaves around x.
        case difficult(Double)
        /// The extrapolated values stopped improving.
        case stalled
        /// The integral diverges, or converges too slowly to tell.
        case divergent
    }

    package var value = 0.0
    /// An estimate of the absolute error.
    package var error = 0.0
    package var evaluations = 0
    /// Intervals in use at the end.
    package var subdivisions = 0
    /// The integral of |f|, as far as it is known.
    package var absolute = 0.0
    package var outcome = Outcome.converged

    package init() {}

    /// What went wrong, for messages; nil after convergence.
    package var complaint: String? {
        switch outcome {
        case .converged: nil
        case .limit: "the limit was reached"
        case .rounding: "rounding keeps the tolerance from being reached"
        case .difficult(let x): "the function is too difficult around x = \(x)"
        case .stalled: "the extrapolation no longer improves"
        case .divergent: "the integral seems to diverge, or converges very slowly"
        }
    }

    /// Throws `notConverged` with the estimate unless the integration converged.
    package func requireConvergence() throws(ApusError) {
        if let complaint {
            throw ApusError(
                .notConverged,
                "The integral did not converge: \(complaint). Best estimate \(value), error estimate \(error), \(evaluations) evaluations in \(subdivisions) intervals."
            )
        }
    }

    /// The sum of two integrals over neighbouring ranges.
    func joined(_ other: Integral) -> Integral {
        var sum = self
        sum.value += other.value
        sum.error += other.error
        sum.evaluations += other.evaluations
        sum.subdivisions += other.subdivisions
        sum.absolute += other.absolute
        if outcome == .converged { sum.outcome = other.outcome }
        return sum
    }
}

/// The error that an integral may have.
package struct IntegrationTolerance: Sendable {
    package var absolute = 1.49e-8
    package var relative = 1.49e-8

    package init() {}

    package init(absolute: Double, relative: Double) {
        self.absolute = absolute
        self.relative = relative
    }

    /// Whether an error will do: within either tolerance, or all that rounding of the values allows.
    func admits(error: Double, value: Double, absoluteIntegral: Double) -> Bool {
        error.isFinite && value.isFinite
            && error <= max(absolute, relative * value.magnitude, IntegrationTolerance.rounding * absoluteIntegral)
    }

    /// The error that subdivision aims at. The absolute tolerance counts for integrals of the size of 1 and is scaled
    /// down for smaller ones, whose leading digits it would not see.
    func goal(value: Double, absoluteIntegral: Double) -> Double {
        max(
            absolute * min(1, absoluteIntegral), relative * value.magnitude,
            IntegrationTolerance.rounding * absoluteIntegral)
    }

    /// 50 units in the last place, below which errors of sums cannot be told from rounding.
    static let rounding = 50 * Double.ulpOfOne
}
