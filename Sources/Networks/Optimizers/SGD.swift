import CVector
import Core

/// Gradient descent, optionally with momentum in Keras's form (the learning rate inside):
/// m = momentum m - rate g; p += m, or with nesterov p += momentum m - rate g.
///
/// Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Sutskever, Martens, Dahl, Hinton (2013), PMLR 28(3).
struct SGD: Optimizer {
    static let entry = Entry<any Optimizer>(
        "SGD", doc: "gradient descent with momentum",
        parameters: [
            OptimizerCatalog.learningRate(0.01),
            ParameterSpec("momentum", OptimizerCatalog.decay, default: 0.0, "share of the last step kept, in [0, 1)"),
            ParameterSpec("nesterov", .boolean, default: false, "look ahead along the momentum"),
        ]
    ) { parameters in
        SGD(
            parameters: parameters, momentum: Float(parameters.real("momentum")),
            nesterov: parameters.boolean("nesterov"))
    }
    let parameters: Parameters
    let momentum: Float
    let nesterov: Bool

    var slots: [String] { momentum == 0 ? [] : ["momentum"] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        if momentum == 0 {
            kernels.sgd(parameters, gradient, Float(learningRate), Int64(count))
        } else {
            kernels.momentum(
                parameters, gradient, slots[0] + offset, Float(learningRate), momentum, nesterov ? 1 : 0, Int64(count))
        }
    }
}
