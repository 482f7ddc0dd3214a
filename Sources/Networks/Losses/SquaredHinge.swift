import Core

/// Mean of max(0, 1 - t p)^2 for targets -1 and 1; a target of 0 counts as -1.
struct SquaredHinge: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "SquaredHinge", doc: "mean of max(0, 1 - t p)^2, t = -1 (or 0) and 1", parameters: [LossCatalog.reduction]
    ) { SquaredHinge(parameters: $0) }
    let parameters: Parameters

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        let sign = Hinge.sign(t)
        let margin = 1 - sign * p
        return margin <= 0 ? (0, 0) : (Double(margin) * Double(margin), -2 * sign * margin)
    }
}
