import Core

/// How a minimisation ended.
package struct Minimum {
    package var value: Double
    /// The largest absolute component of the gradient, projected onto the bounds; NaN for methods without gradients.
    package var slope: Double
    package var iterations: Int
    package var functionEvaluations: Int
    package var gradientEvaluations: Int
    package var hessianEvaluations: Int
    package var stop: StopReason
    /// One sentence for a reader.
    package var message: String

    /// Whether the point found is as good as the method can make it.
    package var isSettled: Bool { stop == .converged || stop == .precision }
}

/// When a minimisation ends.
package struct StopConditions: Sendable {
    /// Ends as converged when no component of the (projected) gradient is larger.
    package var tolerance = 1e-5
    package var mostIterations = Int.max
    /// Function evaluations, those for difference gradients included.
    package var mostEvaluations = Int.max

    package init() {}
}

/// Where a minimisation stands after an iteration.
package struct MinimisationReport {
    /// From 1.
    package let iteration: Int
    package let x: UnsafePointer<Double>
    package let count: Int
    package let value: Double
    package let slope: Double
    /// The Euclidean length of the last step.
    package let step: Double
    package let functionEvaluations: Int
}

/// Called after each iteration; true ends the run and keeps the point, an error leaves x as it was before the run.
package typealias MinimisationStep = (MinimisationReport) throws(ApusError) -> Bool
