import CVector
import Core

/// Mean of |t - p|.
struct MeanAbsoluteError: Loss {
    static let entry = Entry<any Loss>(
        "MeanAbsoluteError", aliases: ["mae", "MAE"], doc: "mean of |t - p|", parameters: [LossCatalog.reduction]
    ) { MeanAbsoluteError(parameters: $0) }
    let parameters: Parameters

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        kernels.absolute_error(
            call.output, call.target, call.gradient, call.scale / Float(call.width), Int64(call.positions * call.width))
            / Double(call.width)
    }
}
