import Core
import Glibc

/// -sum alpha (1 - p)^gamma t ln p over the last axis, p scaled to sum 1 and clipped to [1e-7, 1 - 1e-7].
///
/// Lin et al. (2017), "Focal loss for dense object detection", doi:10.1109/ICCV.2017.324.
struct CategoricalFocalCrossentropy: RowLoss {
    static let entry = Entry<any Loss>(
        "CategoricalFocalCrossentropy", doc: "-sum of alpha (1 - p)^gamma t ln p over the last axis",
        parameters: [
            ParameterSpec("alpha", .real(from: 0, to: .infinity), default: 0.25, "weight of every class, >= 0"),
            ParameterSpec("gamma", .real(from: 0, to: .infinity), default: 2.0, "power that plays easy cases down, >= 0"),
            LossCatalog.fromLogits, LossCatalog.labelSmoothing, LossCatalog.reduction, LossCatalog.axis,
        ]
    ) { parameters in
        CategoricalFocalCrossentropy(
            parameters: parameters, fromLogits: parameters.boolean("from_logits"), gamma: parameters.real("gamma"),
            alpha: parameters.real("alpha"), smoothing: parameters.real("label_smoothing"))
    }
    let parameters: Parameters
    let fromLogits: Bool
    let gamma: Double
    let alpha: Double
    let smoothing: Double

    func row(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, width: Int
    ) -> Double {
        var largest = -Double.infinity
        for index in 0..<width where !(Double(p[index]) <= largest) { largest = Double(p[index]) }
        func raw(_ index: Int) -> Double { fromLogits ? exp(Double(p[index]) - largest) : Double(p[index]) }
        var total = 0.0
        for index in 0..<width { total += raw(index) }
        var loss = 0.0
        var weighted = 0.0
        for index in 0..<width {
            let target = Double(t[index]) * (1 - smoothing) + smoothing / Double(width)
            let share = raw(index) / total
            let isInside = share > 1e-7 && share < 1 - 1e-7
            let q = share < 1e-7 ? 1e-7 : share > 1 - 1e-7 ? 1 - 1e-7 : share
            let power = pow(1 - q, gamma)
            loss -= alpha * power * target * log(q)
            let powerSlope = gamma == 0 ? 0 : gamma * pow(1 - q, gamma - 1) * log(q)
            let slope = isInside ? alpha * target * (powerSlope - power / q) : share.isNaN ? .nan : 0
            weighted += slope * share
            if let gradient { gradient[index] = Float(slope) }
        }
        if let gradient {
            // Through the division by the sum, or through the softmax.
            for index in 0..<width {
                let outer = fromLogits ? raw(index) / total : 1 / total
                gradient[index] = Float((Double(gradient[index]) - weighted) * outer)
            }
        }
        return loss
    }
}
