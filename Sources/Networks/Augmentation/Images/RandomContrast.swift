import Core

/// Scales the distance of pixels from the mean of their channel: (x - mean) f + mean.
struct RandomContrast: PixelTransformation {
    static let entry = Entry<any Transformation>(
        "RandomContrast", doc: "scales the distance of pixels from the mean of their channel",
        parameters: [
            ParameterSpec(
                "factor", .interval(from: -1, to: 1, .margins), default: nil,
                "the scale is from 1 - lower to 1 + upper for a pair [lower, upper]; f is [f, f]"),
            TransformationCatalog.valueRange, TransformationCatalog.probability,
        ]
    ) { (parameters) throws(ApusError) in
        let value = parameters["factor"]
        let pair = value.arrayValue == nil ? [value, value] : value.arrayValue ?? []
        let (lower, upper) = (1 - (pair[0].doubleValue ?? 0), 1 + (pair[1].doubleValue ?? 0))
        guard lower <= upper else {
            throw .parameter(
                "factor", of: "RandomContrast", mustBe: "a pair [lower, upper] with -lower <= upper", got: value.text)
        }
        return RandomContrast(parameters: parameters, factor: Interval(lower, upper), range: ValueRange(parameters))
    }
    let parameters: Parameters
    let factor: Interval
    let range: ValueRange

    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws) {
        let scale = draws.value(1, in: factor)
        if scale == 1 { return }
        let pixels = shape.height * shape.width
        for channel in 0..<shape.channels {
            var sum = 0.0
            for pixel in 0..<pixels { sum += Double(image[pixel * shape.channels + channel]) }
            let mean = Float(sum / Double(pixels))
            for pixel in 0..<pixels {
                let index = pixel * shape.channels + channel
                image[index] = range.clipped((image[index] - mean) * Float(scale) + mean)
            }
        }
    }
}
