/// Why a search for a minimum or a root ended, by the numbers of apus.h (APUS_STOP_...).
package enum StopReason: Int32, Sendable {
    /// The tolerance of the method was met.
    case converged = 0
    /// The iterations ran out.
    case iterations = 1
    /// The evaluations ran out.
    case evaluations = 2
    /// No step lowers the value any more in the function's precision.
    case precision = 3
    /// A callback asked to stop.
    case asked = 4
    /// The function fell without end.
    case unbounded = 5
    /// No step to a finite value was found.
    case notFinite = 6
}
