import Core

/// Covers a window of a fixed size whose middle lies anywhere on the image, so that part of it may fall outside.
///
/// DeVries and Taylor (2017), "Improved regularization of convolutional neural networks with cutout",
/// doi:10.48550/arXiv.1708.04552.
struct Cutout: PixelTransformation {
    static let entry = Entry<any Transformation>(
        "Cutout", doc: "covers a window of a fixed size around a random pixel",
        parameters: [
            ParameterSpec("height", .integer(0...1 << 30), default: nil, "rows of the window"),
            ParameterSpec("width", .integer(0...1 << 30), default: nil, "columns of the window"),
            ParameterSpec("fill_value", .real(from: -1e9, to: 1e9), default: 0.0, "what the window holds"),
            TransformationCatalog.probability,
        ]
    ) {
        Cutout(
            parameters: $0, height: $0.integer("height"), width: $0.integer("width"),
            value: Float($0.real("fill_value")))
    }
    let parameters: Parameters
    let height: Int
    let width: Int
    let value: Float

    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws) {
        let top = min(Int(draws.uniform(1) * Double(shape.height)), shape.height - 1) - height / 2
        let left = min(Int(draws.uniform(2) * Double(shape.width)), shape.width - 1) - width / 2
        let rows = max(0, top)..<max(0, min(shape.height, top + height))
        let from = max(0, left)
        let count = max(0, min(shape.width, left + width) - from) * shape.channels
        for row in rows {
            (image + (row * shape.width + from) * shape.channels).update(repeating: value, count: count)
        }
    }
}
