import Core
import Glibc

/// Covers a window of a random size and proportion that lies on the image, with a value or with noise.
///
/// Zhong, Zheng, Kang, Li and Yang (2020), "Random erasing data augmentation", doi:10.1609/aaai.v34i07.7000.
struct RandomErasing: PixelTransformation {
    static let entry = Entry<any Transformation>(
        "RandomErasing", doc: "covers a window of random size and proportion",
        parameters: [
            ParameterSpec(
                "scale", .interval(from: 0, to: 1, .ascending), default: [0.02, 0.33], "share of the image's area"),
            ParameterSpec(
                "ratio", .interval(from: 1e-3, to: 1e3, .ascending), default: [0.3, 3.3],
                "height by width, uniform in its logarithm"),
            ParameterSpec(
                "fill_value", .nullable(.real(from: -1e9, to: 1e9)), default: .null,
                "what the window holds; null for normal noise about the middle of value_range, a quarter of it wide"),
            TransformationCatalog.valueRange, TransformationCatalog.probability,
        ]
    ) {
        RandomErasing(
            parameters: $0, scale: Interval($0["scale"]), ratio: Interval($0["ratio"]),
            value: $0["fill_value"].doubleValue, range: ValueRange($0))
    }
    let parameters: Parameters
    let scale: Interval
    let ratio: Interval
    let value: Double?
    let range: ValueRange

    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws) {
        let area = draws.value(1, in: scale) * Double(shape.height) * Double(shape.width)
        let proportion = exp(draws.value(2, in: Interval(log(ratio.lower), log(ratio.upper))))
        let height = min(shape.height, Int((area * proportion).squareRoot().rounded()))
        let width = min(shape.width, Int((area / proportion).squareRoot().rounded()))
        let top = min(Int(draws.uniform(3) * Double(shape.height - height + 1)), shape.height - height)
        let left = min(Int(draws.uniform(4) * Double(shape.width - width + 1)), shape.width - width)
        let count = width * shape.channels
        // Numbers of noise come after the others, two of them to a block.
        var number: UInt64 = 8
        let middle = (Double(range.lower) + Double(range.upper)) / 2
        let deviation = (Double(range.upper) - Double(range.lower)) / 4
        for row in top..<top + height {
            let target = image + (row * shape.width + left) * shape.channels
            if let value {
                target.update(repeating: Float(value), count: count)
                continue
            }
            for index in 0..<count {
                target[index] = range.clipped(Float(middle + deviation * draws.random.normal(number)))
                number += 1
            }
        }
    }
}
