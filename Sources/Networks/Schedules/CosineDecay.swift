import Core
import Glibc

/// top ((1 - alpha) (1 + cos(pi min(i, decay_steps) / decay_steps)) / 2 + alpha), where top is initial; with a
/// warmup_target first a straight line from initial to it over warmup_steps, then the cosine from there.
///
/// Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", doi:10.48550/arXiv.1608.03983.
struct CosineDecay: Schedule {
    static let entry = Entry<any Schedule>(
        "CosineDecay", doc: "falls along half a cosine, after a warm-up where asked for",
        parameters: [
            ScheduleCatalog.initial, ScheduleCatalog.steps("decay_steps", "updates of the fall"), ScheduleCatalog.alpha,
            ParameterSpec(
                "warmup_target", .nullable(.real(from: 0, to: .infinity)), default: .null,
                "the highest rate, after the warm-up; null for none"),
            ParameterSpec("warmup_steps", .real(from: 0, to: .infinity), default: 0, "updates of the warm-up, >= 0"),
        ]
    ) { CosineDecay(parameters: $0) }
    let parameters: Parameters

    func rate(at iteration: Double) -> Double {
        let initial = parameters.real("initial_learning_rate")
        var (top, past) = (initial, iteration)
        if let target = parameters["warmup_target"].doubleValue {
            let warmup = parameters.real("warmup_steps")
            if iteration < warmup { return (target - initial) * (iteration / warmup) + initial }
            (top, past) = (target, iteration - warmup)
        }
        let steps = parameters.real("decay_steps")
        let cosine = 0.5 * (1 + cos(Double.pi * min(past, steps) / steps))
        let alpha = parameters.real("alpha")
        return top * ((1 - alpha) * cosine + alpha)
    }
}
