import CVector
import Core
import Glibc

/// m += (1 - beta_1)(g - m); u = max(beta_2 u, |g|); p -= rate / (1 - beta_1^t) m / (u + epsilon).
///
/// Kingma and Ba (2015), doi:10.48550/arXiv.1412.6980, section 7.1.
struct Adamax: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Adamax", doc: "Adam with the largest gradient in place of the mean square", rate: 0.001,
        parameters: Adam.moments
    ) { parameters in
        Adamax(
            parameters: parameters, beta1: parameters.real("beta_1"), beta2: Float(parameters.real("beta_2")),
            epsilon: Float(parameters.real("epsilon")))
    }
    let parameters: Parameters
    let beta1: Double
    let beta2: Float
    let epsilon: Float

    var slots: [OptimizerSlot] { [OptimizerSlot("momentum", legacy: "m"), OptimizerSlot("norm", legacy: "u")] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        let rate = learningRate / (1 - pow(beta1, Double(step)))
        kernels.adamax(
            parameters, gradient, slots[0] + offset, slots[1] + offset, Float(rate), Float(1 - beta1), beta2, epsilon,
            Int64(count))
    }
}
