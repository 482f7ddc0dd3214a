import CVector
import Core

/// p -= rate sign(beta_1 m + (1 - beta_1) g); m = beta_2 m + (1 - beta_2) g.
///
/// Chen et al. (2023), "Symbolic discovery of optimization algorithms", doi:10.48550/arXiv.2302.06675.
struct Lion: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Lion", doc: "steps of one size along the sign of the momentum", rate: 0.001,
        parameters: [
            OptimizerCatalog.share("beta_1", 0.9, "share of the momentum in the direction"),
            OptimizerCatalog.share("beta_2", 0.99, "decay of the momentum"),
        ]
    ) { parameters in
        Lion(
            parameters: parameters, gain1: Float(1 - parameters.real("beta_1")),
            gain2: Float(1 - parameters.real("beta_2")))
    }
    let parameters: Parameters
    let gain1: Float
    let gain2: Float

    var slots: [OptimizerSlot] { [OptimizerSlot("momentum", legacy: "m")] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        kernels.lion(parameters, gradient, slots[0] + offset, Float(learningRate), gain1, gain2, Int64(count))
    }
}
