import Core

/// A learning rate that follows the number of updates.
package protocol Schedule: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    /// The learning rate of an update, the first of which is 0.
    func rate(at iteration: Double) -> Double
}

/// Every schedule, one line each.
package enum ScheduleCatalog {
    package static let family = Family<any Schedule>(
        "schedule",
        [
            ExponentialDecay.entry, PiecewiseConstantDecay.entry, PolynomialDecay.entry, InverseTimeDecay.entry,
            CosineDecay.entry, CosineDecayRestarts.entry,
        ])

    static let initial = ParameterSpec(
        "initial_learning_rate", .real(from: 0, to: .infinity), default: nil, "the learning rate at the start, >= 0")

    static func steps(_ name: String, _ doc: String) -> ParameterSpec {
        ParameterSpec(name, .real(from: 0, to: .infinity, open: true), default: nil, doc + ", > 0")
    }

    static let decayRate = ParameterSpec(
        "decay_rate", .real(from: 0, to: .infinity), default: nil, "how far it falls in decay_steps, >= 0")
    static let staircase = ParameterSpec(
        "staircase", .boolean, default: false, "fall at every decay_steps updates rather than at each")
    static let alpha = ParameterSpec(
        "alpha", .real(from: 0, to: .infinity), default: 0.0, "the lowest rate, as a share of the highest")
}
