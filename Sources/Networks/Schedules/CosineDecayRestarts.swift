import Core
import Glibc

/// Half cosines one after the other: period k is t_mul^k first_decay_steps long and starts at m_mul^k initial,
///
///     initial ((1 - alpha) m_mul^k (1 + cos(pi s)) / 2 + alpha),   s the share of the period that is past.
///
/// Loshchilov and Hutter (2017), doi:10.48550/arXiv.1608.03983.
struct CosineDecayRestarts: Schedule {
    static let entry = Entry<any Schedule>(
        "CosineDecayRestarts", doc: "falls along half cosines that start again",
        parameters: [
            ScheduleCatalog.initial, ScheduleCatalog.steps("first_decay_steps", "updates of the first fall"),
            ParameterSpec("t_mul", .real(from: 1, to: .infinity), default: 2.0, "how much longer each period is, >= 1"),
            ParameterSpec("m_mul", .real(from: 0, to: .infinity), default: 1.0, "how much higher each start is, >= 0"),
            ScheduleCatalog.alpha,
        ]
    ) { CosineDecayRestarts(parameters: $0) }
    let parameters: Parameters

    func rate(at iteration: Double) -> Double {
        let past = iteration / parameters.real("first_decay_steps")
        let growth = parameters.real("t_mul")
        var period = floor(past)
        var share = past - period
        if growth > 1 {
            /// Where a period starts, in lengths of the first.
            func start(_ k: Double) -> Double { (pow(growth, k) - 1) / (growth - 1) }
            period = floor(log(1 + past * (growth - 1)) / log(growth))
            // Rounding of the logarithm may put a start into the period before it.
            if start(period + 1) <= past { period += 1 } else if start(period) > past { period -= 1 }
            share = (past - start(period)) / pow(growth, period)
        }
        let cosine = 0.5 * pow(parameters.real("m_mul"), period) * (1 + cos(Double.pi * share))
        let alpha = parameters.real("alpha")
        return parameters.real("initial_learning_rate") * ((1 - alpha) * cosine + alpha)
    }
}
