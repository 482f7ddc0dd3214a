import CVector
import Core
import Glibc

/// m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v);
/// p -= rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon): epsilon beside the uncorrected root, as in
/// Keras. With amsgrad the largest v so far stands in v's place. AdamW is this with decay of the weights.
///
/// Kingma and Ba (2015), "Adam: a method for stochastic optimization", doi:10.48550/arXiv.1412.6980; amsgrad: Reddi,
/// Kale and Kumar (2018), doi:10.48550/arXiv.1904.09237; AdamW: Loshchilov and Hutter (2019),
/// doi:10.48550/arXiv.1711.05101.
struct Adam: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Adam", doc: "adaptive moments", rate: 0.001, parameters: specs, make: make)
    static let entryW = OptimizerCatalog.entry(
        "AdamW", aliases: ["adamw"], doc: "adaptive moments with decay of the weights", rate: 0.001, decay: 0.004,
        parameters: specs, make: make)

    private static let specs =
        moments + [ParameterSpec("amsgrad", .boolean, default: false, "divide by the largest mean square so far")]

    /// Parameters of the rules with running means.
    static let moments = [
        OptimizerCatalog.share("beta_1", 0.9, "decay of the mean"),
        OptimizerCatalog.share("beta_2", 0.999, "decay of the square"),
        OptimizerCatalog.size("epsilon", 1e-7, "beside the root"),
    ]

    private static let make: @Sendable (Parameters) throws(ApusError) -> any Optimizer = { parameters in
        Adam(
            parameters: parameters, beta1: parameters.real("beta_1"), beta2: parameters.real("beta_2"),
            epsilon: Float(parameters.real("epsilon")), amsgrad: parameters.boolean("amsgrad"))
    }
    let parameters: Parameters
    let beta1: Double
    let beta2: Double
    let epsilon: Float
    let amsgrad: Bool

    var slots: [OptimizerSlot] {
        let slots = [OptimizerSlot("momentum", legacy: "m"), OptimizerSlot("velocity", legacy: "v")]
        return amsgrad ? slots + [OptimizerSlot("velocity_hat", legacy: "vhat", group: 1)] : slots
    }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        let t = Double(step)
        let rate = learningRate * sqrt(1 - pow(beta2, t)) / (1 - pow(beta1, t))
        kernels.adam(
            parameters, gradient, slots[0] + offset, slots[1] + offset, amsgrad ? slots[2] + offset : nil, Float(rate),
            Float(1 - beta1), Float(1 - beta2), epsilon, Int64(count))
    }
}
