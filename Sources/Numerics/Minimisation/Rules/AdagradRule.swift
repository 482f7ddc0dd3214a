import Core

/// a += g^2;  x -= r g / sqrt(a + epsilon), or epsilon beside the root.
///
/// Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR
/// 12.
package struct AdagradRule: UpdateRule {
    static let entry = Descent<AdagradRule>.entry(
        "Adagrad", doc: "steps divided by the root of the sum of squared gradients",
        parameters: [
            rate(0.1), epsilon(1e-7),
            ParameterSpec(
                "epsilon_inside", .boolean, default: true, "epsilon under the root (Keras) or beside it (PyTorch)."),
            ParameterSpec(
                "initial_accumulator_value", .real(from: 0, to: .infinity), default: 0.1,
                "What the sum of squares starts at."),
            ParameterSpec(
                "lr_decay", .real(from: 0, to: .infinity), default: 0.0,
                "The step size is learning_rate / (1 + (t - 1) lr_decay) at step t."),
        ]
    ) { (parameters) throws(ApusError) in
        AdagradRule(
            learningRate: parameters.real("learning_rate"), epsilon: parameters.real("epsilon"),
            epsilonInside: parameters.boolean("epsilon_inside"),
            initial: parameters.real("initial_accumulator_value"), decay: parameters.real("lr_decay"))
    }

    package let learningRate: Double
    package let epsilon: Double
    package let epsilonInside: Bool
    package let initial: Double
    package let decay: Double

    package init(
        learningRate: Double = 0.1, epsilon: Double = 1e-7, epsilonInside: Bool = true, initial: Double = 0.1,
        decay: Double = 0
    ) {
        self.learningRate = learningRate
        self.epsilon = epsilon
        self.epsilonInside = epsilonInside
        self.initial = initial
        self.decay = decay
    }

    package var initialState: [Double] { [initial] }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        let a = state[0]
        let rate = learningRate / (1 + Double(step - 1) * decay)
        let (inside, beside) = epsilonInside ? (epsilon, 0) : (0, epsilon)
        for i in 0..<count {
            a[i] += g[i] * g[i]
            let divisor = (a[i] + inside).squareRoot() + beside
            if divisor > 0 { x[i] -= rate * g[i] / divisor }
        }
    }
}
