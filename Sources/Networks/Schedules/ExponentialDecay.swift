import Core
import Glibc

/// initial decay_rate^(i / decay_steps); with staircase the quotient is rounded down.
struct ExponentialDecay: Schedule {
    static let entry = Entry<any Schedule>(
        "ExponentialDecay", doc: "falls by a factor in every decay_steps updates",
        parameters: [
            ScheduleCatalog.initial, ScheduleCatalog.steps("decay_steps", "updates for one decay_rate"),
            ScheduleCatalog.decayRate, ScheduleCatalog.staircase,
        ]
    ) { ExponentialDecay(parameters: $0) }
    let parameters: Parameters

    func rate(at iteration: Double) -> Double {
        let share = iteration / parameters.real("decay_steps")
        let exponent = parameters.boolean("staircase") ? floor(share) : share
        return parameters.real("initial_learning_rate") * pow(parameters.real("decay_rate"), exponent)
    }
}
