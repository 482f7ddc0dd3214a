import Core
import Glibc

/// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2 (amsgrad: w, the largest v so far, takes v's place below);
///
///     x -= r sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)                      (Keras)
///     x -= r / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)                    (the paper, PyTorch)
///
/// Kingma and Ba 2015, "Adam: a method for stochastic optimization", doi:10.48550/arXiv.1412.6980; amsgrad: Reddi, Kale
/// and Kumar 2018, doi:10.48550/arXiv.1904.09237. AdamW is this rule with decay of the weights.
package struct AdamRule: UpdateRule {
    static let entry = Descent<AdamRule>.entry("Adam", doc: "adaptive moments", parameters: specs, make: make)
    static let entryW = Descent<AdamRule>.entry(
        "AdamW", doc: "adaptive moments with decay of the weights", decay: .weights, parameters: specs, make: make)

    private static let specs = [
        rate(0.001), share("beta_1", 0.9, "Decay of the mean."), share("beta_2", 0.999, "Decay of the mean square."),
        epsilon(1e-7),
        ParameterSpec("amsgrad", .boolean, default: false, "Divide by the largest mean square so far."),
        ParameterSpec(
            "epsilon_corrected", .boolean, default: false,
            "epsilon beside the root of the uncorrected mean square (Keras) or of the bias-corrected one (PyTorch)."),
    ]

    private static let make: @Sendable (Parameters) throws(ApusError) -> AdamRule = { (parameters) throws(ApusError) in
        AdamRule(
            learningRate: parameters.real("learning_rate"), beta1: parameters.real("beta_1"),
            beta2: parameters.real("beta_2"), epsilon: parameters.real("epsilon"),
            amsgrad: parameters.boolean("amsgrad"), epsilonCorrected: parameters.boolean("epsilon_corrected"))
    }

    package let learningRate: Double
    package let beta1: Double
    package let beta2: Double
    package let epsilon: Double
    package let amsgrad: Bool
    package let epsilonCorrected: Bool

    package init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        amsgrad: Bool = false, epsilonCorrected: Bool = false
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self.epsilonCorrected = epsilonCorrected
    }

    package var initialState: [Double] { amsgrad ? [0, 0, 0] : [0, 0] }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        let (m, v) = (state[0], state[1])
        let largest = amsgrad ? state[2] : v
        let root = (1 - pow(beta2, Double(step))).squareRoot()
        let rate = learningRate * root / (1 - pow(beta1, Double(step)))
        // Both forms in one: the corrected epsilon is epsilon times the root beside the uncorrected mean square.
        let beside = epsilonCorrected ? epsilon * root : epsilon
        for i in 0..<count {
            m[i] += (1 - beta1) * (g[i] - m[i])
            v[i] += (1 - beta2) * (g[i] * g[i] - v[i])
            if amsgrad { largest[i] = max(largest[i], v[i]) }
            let divisor = largest[i].squareRoot() + beside
            if divisor > 0 { x[i] -= rate * m[i] / divisor }
        }
    }
}
