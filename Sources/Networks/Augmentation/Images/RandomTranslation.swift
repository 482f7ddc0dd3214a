import Core

/// Shifts by a share of the height (down where positive) and of the width (to the right).
struct RandomTranslation: GeometricTransformation {
    static let entry = Entry<any Transformation>(
        "RandomTranslation", doc: "shifts up, down, left and right",
        parameters: [
            TransformationCatalog.factor(
                "height_factor", from: -1, to: 1, default: nil,
                "share of the height to shift down by, from a pair; f is [-f, f]"),
            TransformationCatalog.factor(
                "width_factor", from: -1, to: 1, default: nil,
                "share of the width to shift to the right by, from a pair; f is [-f, f]"),
        ] + ImageSampling.specs + [TransformationCatalog.probability]
    ) {
        RandomTranslation(
            parameters: $0, sampling: ImageSampling($0), height: Interval($0["height_factor"]),
            width: Interval($0["width_factor"]))
    }
    let parameters: Parameters
    let sampling: ImageSampling?
    let height: Interval
    let width: Interval

    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap? {
        let down = draws.value(1, in: height) * Double(shape.height)
        let right = draws.value(2, in: width) * Double(shape.width)
        return down == 0 && right == 0 ? nil : AffineMap(x0: -right, y0: -down)
    }
}
