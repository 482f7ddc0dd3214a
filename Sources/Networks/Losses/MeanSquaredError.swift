import CVector
import Core

/// Mean of (t - p)^2.
struct MeanSquaredError: Loss {
    static let entry = Entry<any Loss>(
        "MeanSquaredError", aliases: ["mse", "MSE"], doc: "mean of (t - p)^2", parameters: [LossCatalog.reduction]
    ) { MeanSquaredError(parameters: $0) }
    let parameters: Parameters

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        kernels.squared_error(
            call.output, call.target, call.gradient, call.scale / Float(call.width), Int64(call.positions * call.width))
            / Double(call.width)
    }
}
