import Core

/// Mean of max(0, 1 - t p) for targets -1 and 1; a target of 0 counts as -1.
struct Hinge: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "Hinge", doc: "mean of max(0, 1 - t p), t = -1 (or 0) and 1", parameters: [LossCatalog.reduction]
    ) { Hinge(parameters: $0) }
    let parameters: Parameters

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        let sign = Hinge.sign(t)
        let margin = 1 - sign * p
        return margin <= 0 ? (0, 0) : (Double(margin), -sign)
    }

    /// Labels 0 and 1 as -1 and 1.
    static func sign(_ target: Float) -> Float { target == 0 ? -1 : target }
}
