import Core
import Glibc

/// Mean of (1 - q)^gamma times the binary cross-entropy, q the probability given to the truth: easy cases count less.
///
/// Lin et al. (2017), "Focal loss for dense object detection", doi:10.1109/ICCV.2017.324.
struct BinaryFocalCrossentropy: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "BinaryFocalCrossentropy", doc: "(1 - q)^gamma times the binary cross-entropy, q the truth's probability",
        parameters: [
            ParameterSpec(
                "apply_class_balancing", .boolean, default: false, "whether targets 1 weigh alpha, targets 0 1 - alpha"),
            ParameterSpec("alpha", .real(from: 0, to: 1), default: 0.25, "weight of targets 1, in [0, 1]"),
            ParameterSpec("gamma", .real(from: 0, to: .infinity), default: 2.0, "power that plays easy cases down, >= 0"),
            LossCatalog.fromLogits, LossCatalog.labelSmoothing, LossCatalog.axis, LossCatalog.reduction,
        ]
    ) { parameters in
        BinaryFocalCrossentropy(
            parameters: parameters, fromLogits: parameters.boolean("from_logits"), gamma: parameters.real("gamma"),
            alpha: parameters.boolean("apply_class_balancing") ? parameters.real("alpha") : nil,
            smoothing: parameters.real("label_smoothing"))
    }
    let parameters: Parameters
    let fromLogits: Bool
    let gamma: Double
    let alpha: Double?
    let smoothing: Double

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        let target = Double(t) * (1 - smoothing) + smoothing / 2
        let given = fromLogits ? 1 / (1 + exp(-Double(p))) : Double(p)
        let isInside = given > 1e-7 && given < 1 - 1e-7
        let q = given < 1e-7 ? 1e-7 : given > 1 - 1e-7 ? 1 - 1e-7 : given
        let entropy = -target * log(q) - (1 - target) * log(1 - q)
        let entropySlope = (q - target) / (q * (1 - q))
        // 1 minus the probability of the truth
        let miss = target * (1 - q) + (1 - target) * q
        let factor = pow(miss, gamma)
        let factorSlope = gamma == 0 ? 0 : gamma * pow(miss, gamma - 1) * (1 - 2 * target)
        let weight = alpha.map { target * $0 + (1 - target) * (1 - $0) } ?? 1
        let slope = weight * (factorSlope * entropy + factor * entropySlope)
        let inner = fromLogits ? given * (1 - given) : 1
        return (weight * factor * entropy, isInside ? Float(slope * inner) : given.isNaN ? .nan : 0)
    }
}
