import Core
import Glibc

/// Adam with Nesterov's look-ahead: with c_t = b1 (1 - 0.96^(t decay) / 2) and p_t = c_1 ... c_t,
///
///     x -= r ((1 - c_t) / (1 - p_t) g + c_(t+1) / (1 - p_(t+1)) m) / (sqrt(v / (1 - b2^t)) + epsilon).
///
/// Dozat 2016, "Incorporating Nesterov momentum into Adam", ICLR workshop. The decay is 1 in Keras and 0.004 in
/// PyTorch.
package struct NadamRule: UpdateRule {
    static let entry = Descent<NadamRule>.entry(
        "Nadam", doc: "Adam with Nesterov's look-ahead",
        parameters: [
            rate(0.001), share("beta_1", 0.9, "Decay of the mean."),
            share("beta_2", 0.999, "Decay of the mean square."),
            epsilon(1e-7),
            ParameterSpec(
                "momentum_decay", .real(from: 0, to: .infinity), default: 1.0,
                "How fast the momentum grows to beta_1: 1 as Keras, 0.004 as PyTorch."),
        ]
    ) { (parameters) throws(ApusError) in
        NadamRule(
            learningRate: parameters.real("learning_rate"), beta1: parameters.real("beta_1"),
            beta2: parameters.real("beta_2"), epsilon: parameters.real("epsilon"),
            momentumDecay: parameters.real("momentum_decay"))
    }

    package let learningRate: Double
    package let beta1: Double
    package let beta2: Double
    package let epsilon: Double
    package let momentumDecay: Double

    package init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        momentumDecay: Double = 1
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.momentumDecay = momentumDecay
    }

    /// The mean, the mean square, and p_t, the same in every element: so the state is the arrays alone.
    package var initialState: [Double] { [0, 0, 1] }

    private func share(_ step: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, Double(step) * momentumDecay)) }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        let (m, v, p) = (state[0], state[1], state[2])
        let (now, next) = (share(step), share(step + 1))
        let correction = 1 - pow(beta2, Double(step))
        for i in 0..<count {
            m[i] += (1 - beta1) * (g[i] - m[i])
            v[i] += (1 - beta2) * (g[i] * g[i] - v[i])
            p[i] *= now
            let mean = next / (1 - p[i] * next) * m[i] + (1 - now) / (1 - p[i]) * g[i]
            let divisor = (v[i] / correction).squareRoot() + epsilon
            if divisor > 0 { x[i] -= learningRate * mean / divisor }
        }
    }
}
