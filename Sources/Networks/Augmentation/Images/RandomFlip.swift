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
    ) { RandomFlip(parameters: $0) }
    let parameters: Parameters
    var sampling: ImageSampling? { nil }
    /// Each mirroring is drawn for itself.
    package var probability: Double { 1 }

    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap? {
        let mode = parameters.text("mode")
        let share = parameters.real("probability")
        var map = AffineMap.identity
        if mode != "vertical", draws.uniform(1) < share { (map.xx, map.x0) = (-1, Double(shape.width - 1)) }
        if mode != "horizontal", draws.uniform(2) < share { (map.yy, map.y0) = (-1, Double(shape.height - 1)) }
        return map == .identity ? nil : map
    }
}
