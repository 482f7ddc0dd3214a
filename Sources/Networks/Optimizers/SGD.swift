import CVector
import Core

/// Gradient descent, optionally with momentum in Keras's form (the learning rate inside):
/// m = momentum m - (1 - dampening) rate g; p += m, or with nesterov p += momentum m - rate g. dampening = momentum is
/// the exponentially weighted form, in which m is a mean of steps and not a sum.
///
/// Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Sutskever, Martens, Dahl, Hinton (2013), PMLR 28(3).
struct SGD: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "SGD", doc: "gradient descent with momentum", rate: 0.01,
        parameters: [
            OptimizerCatalog.share("momentum", 0, "share of the last step kept"),
            ParameterSpec("nesterov", .boolean, default: false, "look ahead along the momentum"),
        ],
        further: [
            OptimizerCatalog.share(
                "dampening", 0, "share of the gradient left out of the momentum; momentum's value makes it a mean")
        ]
    ) { (parameters) throws(ApusError) in
        let (momentum, dampening) = (parameters.real("momentum"), parameters.real("dampening"))
        guard dampening == 0 || (momentum > 0 && !parameters.boolean("nesterov")) else {
            throw .parameter(
                "dampening", of: "SGD", mustBe: "0 without momentum and with nesterov", got: "\(dampening)")
        }
        return SGD(
            parameters: parameters, momentum: Float(momentum), nesterov: parameters.boolean("nesterov"),
            gain: 1 - dampening)
    }
    let parameters: Parameters
    let momentum: Float
    let nesterov: Bool
    let gain: Double

    var ownNames: [String] { ["dampening"] }
    var slots: [OptimizerSlot] { momentum == 0 ? [] : [OptimizerSlot("momentum", legacy: "m")] }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        if momentum == 0 {
            kernels.sgd(parameters, gradient, Float(learningRate), Int64(count))
        } else {
            kernels.momentum(
                parameters, gradient, slots[0] + offset, Float(learningRate * gain), momentum, nesterov ? 1 : 0,
                Int64(count))
        }
    }
}
