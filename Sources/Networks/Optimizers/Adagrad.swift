import CVector
import Core

/// a += g^2; p -= rate g / sqrt(a + epsilon).
///
/// Duchi, Hazan and Singer (2011), "Adaptive subgradient methods for online learning and stochastic optimization",
/// JMLR 12.
struct Adagrad: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Adagrad", doc: "steps divided by the root of the sum of squared gradients", rate: 0.001,
        parameters: [
            OptimizerCatalog.size("initial_accumulator_value", 0.1, "what the sum of squares starts at"),
            OptimizerCatalog.size("epsilon", 1e-7, "under the root"),
        ]
    ) { parameters in
        Adagrad(
            parameters: parameters, initial: Float(parameters.real("initial_accumulator_value")),
            epsilon: Float(parameters.real("epsilon")))
    }
    let parameters: Parameters
    let initial: Float
    let epsilon: Float

    var slots: [OptimizerSlot] { [OptimizerSlot("accumulator", initial: initial)] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        kernels.adagrad(parameters, gradient, slots[0] + offset, Float(learningRate), epsilon, Int64(count))
    }
}
