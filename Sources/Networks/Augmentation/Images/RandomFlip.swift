import Core

/// Turns the order of columns (horizontal), of rows (vertical), or of each on its own.
struct RandomFlip: GeometricTransformation {
    static let entry = Entry<any Transformation>(
        "RandomFlip", doc: "mirrors left to right, top to bottom, or each on its own",
        parameters: [
            ParameterSpec(
                "mode", .choice(["horizontal_and_vertical", "horizontal", "vertical"]),
                default: "horizontal_and_vertical", "which mirrorings there are"),
            ParameterSpec("probability", .real(from: 0, to: 1), default: 0.5, "the share of samples of each mirroring"),
        ]
    ) {
        RandomFlip(
            parameters: $0, flipsColumns: $0.text("mode") != "vertical", flipsRows: $0.text("mode") != "horizontal",
            share: $0.real("probability"))
    }
    let parameters: Parameters
    let flipsColumns: Bool
    let flipsRows: Bool
    let share: Double
    var sampling: ImageSampling? { nil }
    /// Each mirroring is drawn for itself.
    package var probability: Double { 1 }

    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap? {
        var map = AffineMap.identity
        if flipsColumns, draws.uniform(1) < share { (map.xx, map.x0) = (-1, Double(shape.width - 1)) }
        if flipsRows, draws.uniform(2) < share { (map.yy, map.y0) = (-1, Double(shape.height - 1)) }
        return map == .identity ? nil : map
    }
}
