import CVector
import Core

/// v = rho v + (1 - rho) g^2; d = sqrt(u + epsilon) / sqrt(v + epsilon) g; u = rho u + (1 - rho) d^2; p -= rate d.
///
/// Zeiler (2012), "ADADELTA: an adaptive learning rate method", doi:10.48550/arXiv.1212.5701.
struct Adadelta: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Adadelta", doc: "steps in units of the earlier ones", rate: 0.001,
        parameters: [
            OptimizerCatalog.share("rho", 0.95, "decay of the means of squares"),
            OptimizerCatalog.size("epsilon", 1e-7, "under the roots"),
        ]
    ) { parameters in
        Adadelta(
            parameters: parameters, gain: Float(1 - parameters.real("rho")), epsilon: Float(parameters.real("epsilon")))
    }
    let parameters: Parameters
    let gain: Float
    let epsilon: Float

    var slots: [OptimizerSlot] { [OptimizerSlot("accumulated_grad"), OptimizerSlot("accumulated_delta_var")] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        kernels.adadelta(
            parameters, gradient, slots[0] + offset, slots[1] + offset, Float(learningRate), gain, epsilon,
            Int64(count))
    }
}
