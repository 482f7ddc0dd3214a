import Core

/// Cuts a window of height x width from a random place, after putting `padding` pixels on each side.
struct RandomCrop: FramingTransformation {
    static let entry = Entry<any Transformation>(
        "RandomCrop", doc: "cuts a window from a random place, after padding where asked for",
        parameters: [
            ParameterSpec("height", .integer(1...1 << 30), default: nil, "rows of the window"),
            ParameterSpec("width", .integer(1...1 << 30), default: nil, "columns of the window"),
            ParameterSpec("padding", .integer(0...1 << 30), default: 0, "pixels put on each side first"),
            ParameterSpec(
                "fill_mode", ImageSampling.specs[0].constraint, default: "constant",
                "what the padding holds: constant (fill_value), or as elsewhere"),
            ImageSampling.specs[2],
        ]
    ) {
        RandomCrop(
            parameters: $0, height: $0.integer("height"), width: $0.integer("width"), padding: $0.integer("padding"),
            sampling: ImageSampling($0))
    }
    let parameters: Parameters
    let height: Int
    let width: Int
    let padding: Int
    let sampling: ImageSampling

    func outputShape(_ shape: ImageShape) throws(ApusError) -> ImageShape {
        guard height <= shape.height + 2 * padding, width <= shape.width + 2 * padding else {
            throw .shape(
                "RandomCrop cuts \(height) x \(width) pixels from images of \(shape.height) x \(shape.width) "
                    + "with padding \(padding): the window is larger than the image.")
        }
        return ImageShape(height: height, width: width, channels: shape.channels)
    }

    func apply(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, to out: UnsafeMutablePointer<Float>, _ draws: Draws
    ) {
        let top = start(draws.uniform(1), of: shape.height, height)
        let left = start(draws.uniform(2), of: shape.width, width)
        sampling.cut(image, shape, top: top, left: left, height: height, width: width, to: out)
    }

    /// Where the window begins, from -padding to what leaves room for it.
    private func start(_ uniform: Double, of extent: Int, _ window: Int) -> Int {
        let places = extent + 2 * padding - window + 1
        return min(Int(uniform * Double(places)), places - 1) - padding
    }
}

extension ImageSampling {
    /// Copies a window that may lie partly, or wholly, beyond the image.
    func cut(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, top: Int, left: Int, height: Int, width: Int,
        to out: UnsafeMutablePointer<Float>
    ) {
        let channels = shape.channels
        let from = min(max(0, -left), width)
        let to = max(from, min(width, shape.width - left))
        for y in 0..<height {
            let row = place(top + y, shape.height)
            let target = out + y * width * channels
            if row < 0 {
                target.update(repeating: value, count: width * channels)
                continue
            }
            let source = image + row * shape.width * channels
            (target + from * channels).update(from: source + (from + left) * channels, count: (to - from) * channels)
            for x in 0..<from { put(source, place(left + x, shape.width), channels, target + x * channels) }
            for x in to..<width { put(source, place(left + x, shape.width), channels, target + x * channels) }
        }
    }
}
