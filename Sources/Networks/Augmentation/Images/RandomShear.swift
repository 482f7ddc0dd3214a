import Core

/// Slants about the middle: columns shift by a share of their row's distance from it, rows by that of their column.
struct RandomShear: GeometricTransformation {
    static let entry = Entry<any Transformation>(
        "RandomShear", doc: "slants about the middle",
        parameters: [
            TransformationCatalog.factor(
                "x_factor", from: -1, to: 1, default: 0.0,
                "columns of shift for each row from the middle, from a pair; f is [-f, f]"),
            TransformationCatalog.factor(
                "y_factor", from: -1, to: 1, default: 0.0,
                "rows of shift for each column from the middle, from a pair; f is [-f, f]"),
        ] + ImageSampling.specs + [TransformationCatalog.probability]
    ) {
        RandomShear(
            parameters: $0, sampling: ImageSampling($0), horizontal: Interval($0["x_factor"]),
            vertical: Interval($0["y_factor"]))
    }
    let parameters: Parameters
    let sampling: ImageSampling?
    let horizontal: Interval
    let vertical: Interval

    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap? {
        let (x, y) = (draws.value(1, in: horizontal), draws.value(2, in: vertical))
        return x == 0 && y == 0 ? nil : .aboutMiddle(shape, xx: 1, xy: x, yx: y, yy: 1)
    }
}
