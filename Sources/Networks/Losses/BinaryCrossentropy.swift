import CVector
import Core

/// Mean of -t ln p - (1 - t) ln(1 - p), p clipped to [1e-7, 1 - 1e-7]; or stably from logits.
struct BinaryCrossentropy: Loss {
    static let entry = Entry<any Loss>(
        "BinaryCrossentropy", aliases: ["bce", "BCE"], doc: "-t ln p - (1 - t) ln(1 - p)",
        parameters: [LossCatalog.fromLogits, LossCatalog.labelSmoothing, LossCatalog.axis, LossCatalog.reduction]
    ) { parameters in
        BinaryCrossentropy(
            parameters: parameters, fromLogits: parameters.boolean("from_logits"),
            smoothing: Float(parameters.real("label_smoothing")))
    }
    let parameters: Parameters
    let fromLogits: Bool
    let smoothing: Float

    func fuses(with activation: Activation?) -> Bool {
        !fromLogits && smoothing == 0 && activation?.code == APUS_K_SIGMOID
    }

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        let count = call.positions * call.width
        let scale = call.scale / Float(call.width)
        if smoothing > 0 { return smoothed(call, kernels, count, scale) }
        if fromLogits {
            return kernels.binary_cross_entropy_logits(call.output, call.target, call.gradient, scale, Int64(count))
                / Double(call.width)
        }
        guard call.isFused, let gradient = call.gradient else {
            return kernels.binary_cross_entropy(call.output, call.target, call.gradient, scale, Int64(count))
                / Double(call.width)
        }
        // Behind a sigmoid: d/dx = p - t.
        let sum = kernels.binary_cross_entropy(call.output, call.target, nil, 0, Int64(count))
        _ = kernels.squared_error(call.output, call.target, gradient, scale / 2, Int64(count))
        return sum / Double(call.width)
    }

    /// Targets t (1 - s) + s / 2, one element at a time.
    private func smoothed(_ call: LossCall, _ kernels: borrowing apus_kernels, _ count: Int, _ scale: Float) -> Double {
        var sum = 0.0
        for index in 0..<count {
            var target = call.target[index] * (1 - smoothing) + smoothing / 2
            let gradient = call.gradient.map { $0 + index }
            sum +=
                fromLogits
                ? kernels.binary_cross_entropy_logits(call.output + index, &target, gradient, scale, 1)
                : kernels.binary_cross_entropy(call.output + index, &target, gradient, scale, 1)
        }
        return sum / Double(call.width)
    }
}
