import Core

/// Brightness, contrast, saturation and hue, each by a random factor, in a random order.
///
/// Brightness scales the distance from the lower end of value_range, contrast that from the mean of the grey picture,
/// saturation that of each pixel from its grey 0.299 R + 0.587 G + 0.114 B; hue turns the colour circle.
struct ColorJitter: PixelTransformation {
    static let entry = Entry<any Transformation>(
        "ColorJitter", doc: "changes brightness, contrast, saturation and hue in a random order",
        parameters: [
            scale("brightness"), scale("contrast"), scale("saturation"),
            ParameterSpec(
                "hue", .interval(from: -0.5, to: 0.5, .ends), default: 0.0,
                "share of the colour circle, from a pair; f is [-f, f]"),
            TransformationCatalog.valueRange, TransformationCatalog.probability,
        ]
    ) { ColorJitter(parameters: $0) }

    private static func scale(_ name: String) -> ParameterSpec {
        ParameterSpec(
            name, .interval(from: 0, to: 1000, .ends), default: 0.0,
            "factor from a pair; f is [max(0, 1 - f), 1 + f], 0 for no change")
    }

    let parameters: Parameters
    private let brightness: Interval
    private let contrast: Interval
    private let saturation: Interval
    private let hue: Interval
    private let range: ValueRange

    init(parameters: Parameters) {
        self.parameters = parameters
        brightness = Interval(around: parameters["brightness"])
        contrast = Interval(around: parameters["contrast"])
        saturation = Interval(around: parameters["saturation"])
        hue = Interval(parameters["hue"])
        range = ValueRange(parameters)
    }

    func outputShape(_ shape: ImageShape) throws(ApusError) -> ImageShape {
        guard shape.channels == 3 || (saturation.isOnly(1) && hue.isOnly(0)) else {
            throw .shape(
                "ColorJitter's saturation and hue need images of 3 channels (red, green, blue), got \(shape.channels).")
        }
        return shape
    }

    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws) {
        // One of the 24 orders of the four.
        var number = min(Int(draws.uniform(1) * 24), 23)
        var left = (0, 1, 2, 3)
        for remaining in stride(from: 4, through: 1, by: -1) {
            let index = number % remaining
            number /= remaining
            switch take(index, remaining, &left) {
            case 0: adjust(image, shape, by: draws.value(2, in: brightness), toward: range.lower)
            case 1:
                let factor = draws.value(3, in: contrast)
                if factor != 1 { adjust(image, shape, by: factor, toward: meanGrey(image, shape)) }
            case 2: saturate(image, shape, by: Float(draws.value(4, in: saturation)))
            default: turnHue(image, shape, by: Float(draws.value(5, in: hue)))
            }
        }
    }

    /// Takes one out of the first `count` of four numbers.
    private func take(_ index: Int, _ count: Int, _ from: inout (Int, Int, Int, Int)) -> Int {
        withUnsafeMutableBytes(of: &from) { bytes in
            let numbers = bytes.assumingMemoryBound(to: Int.self)
            let taken = numbers[index]
            for place in index..<count - 1 { numbers[place] = numbers[place + 1] }
            return taken
        }
    }

    private func adjust(
        _ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, by factor: Double, toward value: Float
    ) {
        if factor == 1 { return }
        let factor = Float(factor)
        for index in 0..<shape.count { image[index] = range.clipped(value + (image[index] - value) * factor) }
    }

    private static func grey(_ red: Float, _ green: Float, _ blue: Float) -> Float {
        0.299 * red + 0.587 * green + 0.114 * blue
    }

    private func meanGrey(_ image: UnsafePointer<Float>, _ shape: ImageShape) -> Float {
        let pixels = shape.height * shape.width
        var sum = 0.0
        if shape.channels == 3 {
            for p in 0..<pixels { sum += Double(ColorJitter.grey(image[3 * p], image[3 * p + 1], image[3 * p + 2])) }
            return Float(sum / Double(pixels))
        }
        for index in 0..<shape.count { sum += Double(image[index]) }
        return Float(sum / Double(shape.count))
    }

    private func saturate(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, by factor: Float) {
        if factor == 1 { return }
        for pixel in 0..<shape.height * shape.width {
            let place = image + 3 * pixel
            let grey = ColorJitter.grey(place[0], place[1], place[2])
            for channel in 0..<3 { place[channel] = range.clipped(grey + (place[channel] - grey) * factor) }
        }
    }

    /// Through hue, saturation and value (Smith 1978, doi:10.1145/965139.807361).
    private func turnHue(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, by turns: Float) {
        if turns == 0 { return }
        for pixel in 0..<shape.height * shape.width {
            let place = image + 3 * pixel
            let (red, green, blue) = (place[0], place[1], place[2])
            let (high, low) = (max(red, green, blue), min(red, green, blue))
            let spread = high - low
            guard spread > 0 else { continue }
            var hue: Float
            if high == red {
                hue = (green - blue) / spread
            } else if high == green {
                hue = 2 + (blue - red) / spread
            } else {
                hue = 4 + (red - green) / spread
            }
            hue += 6 * turns
            hue -= 6 * (hue / 6).rounded(.down)
            // Each channel is a trapezoid of the hue.
            for (channel, shift) in [Float(5), 3, 1].enumerated() {
                var k = shift + hue
                k -= k >= 6 ? 6 : 0
                let part = max(0, min(min(k, 4 - k), 1))
                place[channel] = range.clipped(high - spread * part)
            }
        }
    }
}
