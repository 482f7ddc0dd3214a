import Core
import Glibc

/// initial / (1 + decay_rate i / decay_steps); with staircase the quotient is rounded down.
struct InverseTimeDecay: Schedule {
    static let entry = Entry<any Schedule>(
        "InverseTimeDecay", doc: "falls as one over the updates",
        parameters: [
            ScheduleCatalog.initial, ScheduleCatalog.steps("decay_steps", "updates for one decay_rate"),
            ScheduleCatalog.decayRate, ScheduleCatalog.staircase,
        ]
    ) { InverseTimeDecay(parameters: $0) }
    let parameters: Parameters

    func rate(at iteration: Double) -> Double {
        var share = iteration / parameters.real("decay_steps")
        if parameters.boolean("staircase") { share = floor(share) }
        return parameters.real("initial_learning_rate") / (1 + parameters.real("decay_rate") * share)
    }
}
