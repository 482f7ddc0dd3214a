import Core
import Glibc

/// m = b1 m + (1 - b1) g;  u = max(b2 u, |g|);  x -= r / (1 - b1^t) m / (u + epsilon) (Keras), or with
/// u = max(b2 u, |g| + epsilon) and u alone as the divisor (PyTorch).
///
/// Kingma and Ba 2015, doi:10.48550/arXiv.1412.6980, section 7.1.
package struct AdamaxRule: UpdateRule {
    static let entry = Descent<AdamaxRule>.entry(
        "Adamax", doc: "Adam with the largest gradient in place of the mean square",
        parameters: [
            rate(0.001), share("beta_1", 0.9, "Decay of the mean."), share("beta_2", 0.999, "Decay of the maximum."),
            epsilon(1e-7),
            ParameterSpec(
                "epsilon_inside", .boolean, default: false, "epsilon within the maximum (PyTorch) or after it (Keras)."),
        ]
    ) { (parameters) throws(ApusError) in
        AdamaxRule(
            learningRate: parameters.real("learning_rate"), beta1: parameters.real("beta_1"),
            beta2: parameters.real("beta_2"), epsilon: parameters.real("epsilon"),
            epsilonInside: parameters.boolean("epsilon_inside"))
    }

    package let learningRate: Double
    package let beta1: Double
    package let beta2: Double
    package let epsilon: Double
    package let epsilonInside: Bool

    package init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        epsilonInside: Bool = false
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.epsilonInside = epsilonInside
    }

    package var initialState: [Double] { [0, 0] }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        let (m, u) = (state[0], state[1])
        let rate = learningRate / (1 - pow(beta1, Double(step)))
        let (inside, beside) = epsilonInside ? (epsilon, 0) : (0, epsilon)
        for i in 0..<count {
            m[i] += (1 - beta1) * (g[i] - m[i])
            u[i] = max(beta2 * u[i], abs(g[i]) + inside)
            let divisor = u[i] + beside
            if divisor > 0 { x[i] -= rate * m[i] / divisor }
        }
    }
}
