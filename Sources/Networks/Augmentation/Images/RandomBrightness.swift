import Core

/// Adds a share of the range of values to every pixel.
struct RandomBrightness: PixelTransformation {
    static let entry = Entry<any Transformation>(
        "RandomBrightness", doc: "adds the same to every pixel",
        parameters: [
            TransformationCatalog.factor(
                "factor", from: -1, to: 1, default: nil, "share of value_range to add, from a pair; f is [-f, f]"),
            TransformationCatalog.valueRange, TransformationCatalog.probability,
        ]
    ) { RandomBrightness(parameters: $0, factor: Interval($0["factor"]), range: ValueRange($0)) }
    let parameters: Parameters
    let factor: Interval
    let range: ValueRange

    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws) {
        let share = draws.value(1, in: factor)
        if share == 0 { return }
        let step = Float(share) * (range.upper - range.lower)
        for index in 0..<shape.count { image[index] = range.clipped(image[index] + step) }
    }
}

/// The values that pixels may have.
struct ValueRange: Sendable {
    let lower: Float
    let upper: Float

    init(_ parameters: Parameters) {
        let pair = Interval(parameters["value_range"])
        (lower, upper) = (Float(pair.lower), Float(pair.upper))
    }

    @inline(__always)
    func clipped(_ value: Float) -> Float { value > lower ? (value < upper ? value : upper) : lower }
}
