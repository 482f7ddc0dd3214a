import CVector
import Core

/// Follow the regularized leader, with L1 and L2 penalties of its own; with k = -learning_rate_power:
///
///     b = a + g^2;  z += g + 2 shrinkage p - (b^k - a^k) / rate p
///     p = (min(max(z, -l1), l1) - z) / (b^k / rate + 2 (l2 + beta / (2 rate)));  a = b.
///
/// A learning rate of 0, where the formula has no value, leaves all as it is.
///
/// McMahan et al. (2013), "Ad click prediction: a view from the trenches", doi:10.1145/2487575.2488200.
struct Ftrl: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Ftrl", doc: "follow the regularized leader", rate: 0.001,
        parameters: [
            ParameterSpec(
                "learning_rate_power", .real(from: -.infinity, to: 0), default: -0.5,
                "how the rate falls with the sum of squares, <= 0"),
            OptimizerCatalog.size("initial_accumulator_value", 0.1, "what the sum of squares starts at"),
            OptimizerCatalog.size("l1_regularization_strength", 0, "penalty on sizes"),
            OptimizerCatalog.size("l2_regularization_strength", 0, "penalty on squares"),
            OptimizerCatalog.size("l2_shrinkage_regularization_strength", 0, "pull towards 0 in the gradient"),
            OptimizerCatalog.size("beta", 0, "the paper's beta"),
        ]
    ) { parameters in
        Ftrl(
            parameters: parameters, power: Float(-parameters.real("learning_rate_power")),
            initial: Float(parameters.real("initial_accumulator_value")),
            l1: Float(parameters.real("l1_regularization_strength")),
            l2: parameters.real("l2_regularization_strength"),
            shrinkage: Float(2 * parameters.real("l2_shrinkage_regularization_strength")),
            beta: parameters.real("beta"))
    }
    let parameters: Parameters
    let power: Float
    let initial: Float
    let l1: Float
    let l2: Double
    let shrinkage: Float
    let beta: Double

    var slots: [OptimizerSlot] { [OptimizerSlot("accumulator", initial: initial), OptimizerSlot("linear")] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        guard learningRate > 0 else { return }
        kernels.ftrl(
            parameters, gradient, slots[0] + offset, slots[1] + offset, Float(learningRate), power, l1,
            Float(2 * l2 + beta / learningRate), shrinkage, Int64(count))
    }
}
