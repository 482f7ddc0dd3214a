import CVector
import Core

/// Mean of a^2 / 2 for a = |t - p| <= delta, delta a - delta^2 / 2 beyond.
///
/// Huber (1964), "Robust estimation of a location parameter", doi:10.1214/aoms/1177703732.
struct Huber: Loss {
    static let entry = Entry<any Loss>(
        "Huber", aliases: ["huber_loss"], doc: "quadratic to delta, linear beyond",
        parameters: [
            LossCatalog.reduction,
            ParameterSpec("delta", .real(from: 0, to: .infinity, open: true), default: 1.0, "where it turns linear, > 0"),
        ]
    ) { Huber(parameters: $0) }
    let parameters: Parameters

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        kernels.huber(
            call.output, call.target, Float(parameters.real("delta")), call.gradient, call.scale / Float(call.width),
            Int64(call.positions * call.width)) / Double(call.width)
    }
}
