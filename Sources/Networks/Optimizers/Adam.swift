import CVector
import Core
import Glibc

/// m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v);
/// p -= rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon): epsilon beside the uncorrected root, as in
/// Keras.
///
/// Kingma and Ba (2015), "Adam: a method for stochastic optimization", doi:10.48550/arXiv.1412.6980.
struct Adam: Optimizer {
    static let entry = Entry<any Optimizer>(
        "Adam", doc: "adaptive moments",
        parameters: [
            OptimizerCatalog.learningRate(0.001),
            ParameterSpec("beta_1", OptimizerCatalog.decay, default: 0.9, "decay of the mean, in [0, 1)"),
            ParameterSpec("beta_2", OptimizerCatalog.decay, default: 0.999, "decay of the square, in [0, 1)"),
            ParameterSpec("epsilon", .real(from: 0, to: .infinity), default: 1e-7, "beside the root, >= 0"),
        ]
    ) { Adam(parameters: $0, beta1: $0.real("beta_1"), beta2: $0.real("beta_2"), epsilon: Float($0.real("epsilon"))) }
    let parameters: Parameters
    let beta1: Double
    let beta2: Double
    let epsilon: Float

    var slots: [String] { ["momentum", "velocity"] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        let t = Double(step)
        let rate = learningRate * sqrt(1 - pow(beta2, t)) / (1 - pow(beta1, t))
        kernels.adam(
            parameters, gradient, slots[0] + offset, slots[1] + offset, Float(rate), Float(beta1), Float(beta2),
            epsilon, Int64(count))
    }
}
