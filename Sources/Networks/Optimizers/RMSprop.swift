import CVector
import Core

/// v = rho v + (1 - rho) g^2; d = rate g / sqrt(v + epsilon); p -= d.
/// Centred: a = rho a + (1 - rho) g, and v - a^2 stands for v under the root. With momentum: m = momentum m + d;
/// p -= m.
///
/// Tieleman and Hinton (2012), Coursera lecture 6.5; centred: Graves (2013), doi:10.48550/arXiv.1308.0850.
struct RMSprop: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "RMSprop", aliases: ["rmsprop"], doc: "steps divided by the root of a running mean of squared gradients",
        rate: 0.001,
        parameters: [
            OptimizerCatalog.share("rho", 0.9, "decay of the running means"),
            OptimizerCatalog.share("momentum", 0, "share of the last step kept"),
            OptimizerCatalog.size("epsilon", 1e-7, "under the root"),
            ParameterSpec("centered", .boolean, default: false, "divide by the deviation rather than the mean square"),
        ]
    ) { parameters in
        RMSprop(
            parameters: parameters, gain: Float(1 - parameters.real("rho")),
            momentum: Float(parameters.real("momentum")), epsilon: Float(parameters.real("epsilon")),
            centered: parameters.boolean("centered"))
    }
    let parameters: Parameters
    let gain: Float
    let momentum: Float
    let epsilon: Float
    let centered: Bool

    var slots: [OptimizerSlot] {
        var slots = [OptimizerSlot("velocity")]
        if momentum > 0 { slots.append(OptimizerSlot("momentum", group: 1)) }
        if centered { slots.append(OptimizerSlot("average_gradient", group: 2)) }
        return slots
    }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        let steps = momentum > 0 ? slots[1] + offset : nil
        let mean = centered ? slots[momentum > 0 ? 2 : 1] + offset : nil
        kernels.rmsprop(
            parameters, gradient, slots[0] + offset, mean, steps, Float(learningRate), gain, momentum, epsilon,
            Int64(count))
    }
}
