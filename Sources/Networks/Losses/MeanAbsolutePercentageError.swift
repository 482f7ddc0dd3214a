import Core

/// Mean of 100 |t - p| / max(|t|, 1e-7).
struct MeanAbsolutePercentageError: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "MeanAbsolutePercentageError", aliases: ["mape", "MAPE"], doc: "mean of 100 |t - p| / |t|",
        parameters: [LossCatalog.reduction]
    ) { MeanAbsolutePercentageError(parameters: $0) }
    let parameters: Parameters

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        let weight = 100 / max(abs(t), 1e-7)
        return (Double(abs(p - t)) * Double(weight), p > t ? weight : p < t ? -weight : 0)
    }
}
