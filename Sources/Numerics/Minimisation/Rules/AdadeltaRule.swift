import Core

/// v = rho v + (1 - rho) g^2;  d = sqrt(u + epsilon) / sqrt(v + epsilon) g;  u = rho u + (1 - rho) d^2;  x -= r d.
///
/// Zeiler 2012, "ADADELTA: an adaptive learning rate method", doi:10.48550/arXiv.1212.5701.
package struct AdadeltaRule: UpdateRule {
    static let entry = Descent<AdadeltaRule>.entry(
        "Adadelta", doc: "steps in units of the earlier ones",
        parameters: [rate(1), share("rho", 0.95, "Decay of the means of squares."), epsilon(1e-7)]
    ) { (parameters) throws(ApusError) in
        AdadeltaRule(
            learningRate: parameters.real("learning_rate"), rho: parameters.real("rho"),
            epsilon: parameters.real("epsilon"))
    }

    package let learningRate: Double
    package let rho: Double
    package let epsilon: Double

    package init(learningRate: Double = 1, rho: Double = 0.95, epsilon: Double = 1e-7) {
        self.learningRate = learningRate
        self.rho = rho
        self.epsilon = epsilon
    }

    package var initialState: [Double] { [0, 0] }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        let (v, u) = (state[0], state[1])
        for i in 0..<count {
            v[i] = rho * v[i] + (1 - rho) * g[i] * g[i]
            let divisor = (v[i] + epsilon).squareRoot()
            let move = divisor > 0 ? (u[i] + epsilon).squareRoot() / divisor * g[i] : 0
            u[i] = rho * u[i] + (1 - rho) * move * move
            x[i] -= learningRate * move
        }
    }
}
