import Core
import Glibc

/// (initial - end) (1 - min(i, decay_steps) / decay_steps)^power + end. With cycle, decay_steps is first multiplied by
/// the smallest whole number, 1 or more, that brings it to i or beyond.
struct PolynomialDecay: Schedule {
    static let entry = Entry<any Schedule>(
        "PolynomialDecay", doc: "falls along a power to a last value",
        parameters: [
            ScheduleCatalog.initial, ScheduleCatalog.steps("decay_steps", "updates to the last value"),
            ParameterSpec("end_learning_rate", .real(from: 0, to: .infinity), default: 0.0001, "the last value, >= 0"),
            ParameterSpec("power", .real(from: 0, to: .infinity), default: 1.0, "1 for a straight line, >= 0"),
            ParameterSpec("cycle", .boolean, default: false, "rise again after decay_steps"),
        ]
    ) { PolynomialDecay(parameters: $0) }
    let parameters: Parameters

    func rate(at iteration: Double) -> Double {
        var steps = parameters.real("decay_steps")
        if parameters.boolean("cycle") { steps *= max(1, ceil(iteration / steps)) }
        let share = min(iteration, steps) / steps
        let end = parameters.real("end_learning_rate")
        let height = parameters.real("initial_learning_rate") - end
        return height * pow(1 - share, parameters.real("power")) + end
    }
}
