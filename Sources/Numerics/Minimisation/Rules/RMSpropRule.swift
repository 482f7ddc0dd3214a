import Core

/// v = rho v + (1 - rho) g^2;  s = g / sqrt(v + epsilon), or epsilon beside the root;  x -= r s.
/// Centred: m = rho m + (1 - rho) g, and v - m^2 stands for v under the root. With momentum: b = momentum b + s;
/// x -= r b.
///
/// Tieleman and Hinton 2012, Coursera lecture 6.5; centred: Graves 2013, doi:10.48550/arXiv.1308.0850.
package struct RMSpropRule: UpdateRule {
    static let entry = Descent<RMSpropRule>.entry(
        "RMSprop", doc: "steps divided by the root of a running mean of squared gradients",
        parameters: [
            rate(0.001), share("rho", 0.9, "Decay of the running means."),
            share("momentum", 0, "Share of the last step kept."), epsilon(1e-7),
            ParameterSpec("centered", .boolean, default: false, "Divide by the deviation rather than the mean square."),
            ParameterSpec(
                "epsilon_inside", .boolean, default: true, "epsilon under the root (Keras) or beside it (PyTorch)."),
        ]
    ) { (parameters) throws(ApusError) in
        RMSpropRule(
            learningRate: parameters.real("learning_rate"), rho: parameters.real("rho"),
            momentum: parameters.real("momentum"), epsilon: parameters.real("epsilon"),
            centered: parameters.boolean("centered"), epsilonInside: parameters.boolean("epsilon_inside"))
    }

    package let learningRate: Double
    package let rho: Double
    package let momentum: Double
    package let epsilon: Double
    package let centered: Bool
    package let epsilonInside: Bool

    package init(
        learningRate: Double = 0.001, rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7,
        centered: Bool = false, epsilonInside: Bool = true
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        self.epsilonInside = epsilonInside
    }

    /// The mean square, then the mean where centred, then the momentum where there is one.
    package var initialState: [Double] { Array(repeating: 0, count: 1 + (centered ? 1 : 0) + (momentum > 0 ? 1 : 0)) }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        let v = state[0]
        let mean = centered ? state[1] : v
        let buffer = momentum > 0 ? state[centered ? 2 : 1] : v
        let (inside, beside) = epsilonInside ? (epsilon, 0) : (0, epsilon)
        for i in 0..<count {
            v[i] = rho * v[i] + (1 - rho) * g[i] * g[i]
            var square = v[i]
            if centered {
                mean[i] = rho * mean[i] + (1 - rho) * g[i]
                // Rounding may make a variance of nothing negative.
                square = max(square - mean[i] * mean[i], 0)
            }
            let divisor = (square + inside).squareRoot() + beside
            let scaled = divisor > 0 ? g[i] / divisor : 0
            if momentum > 0 {
                buffer[i] = momentum * buffer[i] + scaled
                x[i] -= learningRate * buffer[i]
            } else {
                x[i] -= learningRate * scaled
            }
        }
    }
}
