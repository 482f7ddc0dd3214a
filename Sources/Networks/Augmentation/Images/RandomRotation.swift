import Core

/// Turns about the middle, counter-clockwise where positive, by a share of a whole turn.
struct RandomRotation: GeometricTransformation {
    static let entry = Entry<any Transformation>(
        "RandomRotation", doc: "turns about the middle",
        parameters: [
            TransformationCatalog.factor(
                "factor", from: -1, to: 1, default: nil,
                "share of a whole turn counter-clockwise, from a pair; f is [-f, f]")
        ] + ImageSampling.specs + [TransformationCatalog.probability]
    ) { RandomRotation(parameters: $0, sampling: ImageSampling($0), factor: Interval($0["factor"])) }
    let parameters: Parameters
    let sampling: ImageSampling?
    let factor: Interval

    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap? {
        let turns = draws.value(1, in: factor)
        if turns == 0 { return nil }
        let (cosine, sine) = AffineMap.rotation(turns: turns)
        return .aboutMiddle(shape, xx: cosine, xy: -sine, yx: sine, yy: cosine)
    }
}
