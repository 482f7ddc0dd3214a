import Core
import Glibc

/// Mean of (ln(1 + t) - ln(1 + p))^2, both taken as at least 1e-7.
struct MeanSquaredLogarithmicError: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "MeanSquaredLogarithmicError", aliases: ["msle", "MSLE"], doc: "mean of (ln(1 + t) - ln(1 + p))^2",
        parameters: [LossCatalog.reduction]
    ) { MeanSquaredLogarithmicError(parameters: $0) }
    let parameters: Parameters

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        // max(NaN, x) may be x: a NaN must stay one.
        let bounded = p < 1e-7 ? 1e-7 : p
        let difference = log1p(Double(bounded)) - log1p(Double(t < 1e-7 ? 1e-7 : t))
        return (difference * difference, p < 1e-7 ? 0 : Float(2 * difference / (1 + Double(p))))
    }
}
