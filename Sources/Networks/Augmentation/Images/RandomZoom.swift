import Core

/// Scales about the middle: factors above 0 zoom out, below 0 zoom in.
struct RandomZoom: GeometricTransformation {
    static let entry = Entry<any Transformation>(
        "RandomZoom", doc: "zooms in and out about the middle",
        parameters: [
            TransformationCatalog.factor(
                "height_factor", from: -1, to: 10, default: nil,
                "how much more of the height is seen (above 0: zooms out) or less, from a pair; f is [-f, f]"),
            ParameterSpec(
                "width_factor", .nullable(.interval(from: -1, to: 10, .ends)), default: .null,
                "the same of the width; null keeps the proportions"),
        ] + ImageSampling.specs + [TransformationCatalog.probability]
    ) { (parameters) throws(ApusError) in
        RandomZoom(
            parameters: parameters, sampling: ImageSampling(parameters), height: Interval(parameters["height_factor"]),
            width: parameters["width_factor"].isNull ? nil : Interval(parameters["width_factor"]))
    }
    let parameters: Parameters
    let sampling: ImageSampling?
    let height: Interval
    let width: Interval?

    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap? {
        // A picture shrunk to nothing has no size below 0.
        let rows = max(-1, draws.value(1, in: height))
        var columns = rows
        if let width { columns = max(-1, draws.value(2, in: width)) }
        if rows == 0, columns == 0 { return nil }
        return .aboutMiddle(shape, xx: 1 + columns, xy: 0, yx: 0, yy: 1 + rows)
    }
}
