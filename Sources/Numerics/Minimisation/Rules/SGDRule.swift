import Core
import Glibc

/// Gradient descent, with momentum in four forms (r the learning rate, b the momentum):
///
///     heavy_ball          v = b v + (1 - dampening) g (v = g at the first step);  x -= r v
///       with nesterov     x -= r (g + b v)
///     average             v = b v + (1 - b) g;  x -= r v
///     corrected_average   the same with v / (1 - b^t)
///     lookahead           v = b v - r g(x + b v);  x += v
///
/// Polyak 1964, doi:10.1016/0041-5553(64)90137-5; Nesterov 1983; Sutskever, Martens, Dahl and Hinton 2013, PMLR 28(3).
package struct SGDRule: UpdateRule {
    package enum Form: String, Sendable, CaseIterable {
        case heavyBall = "heavy_ball"
        case average
        case correctedAverage = "corrected_average"
        case lookahead
    }

    static let entry = Descent<SGDRule>.entry(
        "SGD", doc: "gradient descent, with momentum",
        parameters: [
            rate(0.01), share("momentum", 0, "Share of the last step kept."),
            ParameterSpec("nesterov", .boolean, default: false, "heavy_ball: look ahead along the momentum."),
            share("dampening", 0, "heavy_ball: share of the gradient that does not enter the momentum."),
            ParameterSpec(
                "form", .choice(Form.allCases.map(\.rawValue)), default: "heavy_ball",
                "heavy_ball: sum of gradients; average, corrected_average: their weighted mean, the second with its bias removed; lookahead: the gradient taken at x + momentum v."
            ),
        ]
    ) { (parameters) throws(ApusError) in
        SGDRule(
            learningRate: parameters.real("learning_rate"), momentum: parameters.real("momentum"),
            nesterov: parameters.boolean("nesterov"), dampening: parameters.real("dampening"),
            form: Form(rawValue: parameters.text("form")) ?? .heavyBall)
    }

    package let learningRate: Double
    package let momentum: Double
    package let nesterov: Bool
    package let dampening: Double
    package let form: Form

    package init(
        learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false, dampening: Double = 0,
        form: Form = .heavyBall
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
        self.dampening = dampening
        self.form = form
    }

    package var initialState: [Double] { momentum == 0 ? [] : [0] }
    package var lookahead: Double? { form == .lookahead && momentum != 0 ? momentum : nil }

    package func update(
        _ x: UnsafeMutablePointer<Double>, gradient g: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int
    ) {
        if momentum == 0 {
            addProduct(-learningRate, g, to: x, count)
            return
        }
        let v = state[0]
        switch form {
        case .heavyBall:
            let gain = step == 1 ? 1 : 1 - dampening
            for i in 0..<count {
                v[i] = momentum * v[i] + gain * g[i]
                x[i] -= learningRate * (nesterov ? g[i] + momentum * v[i] : v[i])
            }
        case .average, .correctedAverage:
            let share = form == .average ? 1 : 1 - pow(momentum, Double(step))
            for i in 0..<count {
                v[i] = momentum * v[i] + (1 - momentum) * g[i]
                x[i] -= learningRate * v[i] / share
            }
        case .lookahead:
            for i in 0..<count {
                v[i] = momentum * v[i] - learningRate * g[i]
                x[i] += v[i]
            }
        }
    }
}
