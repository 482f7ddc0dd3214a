import Core
import Glibc

/// Adds the same colour to every pixel: the sum over principal components p of the colours of a training set, with
/// variances l, of a l p, where each a is normal. Components are given, or learned by a fit, in units of value_range.
///
/// Krizhevsky, Sutskever and Hinton (2012; 2017), "ImageNet classification with deep convolutional neural networks",
/// doi:10.1145/3065386.
struct PCAColorNoise: PixelTransformation, FittedTransformation {
    static let entry = Entry<any Transformation>(
        "PCAColorNoise", doc: "shifts all colours along the principal components of a training set's colours",
        parameters: [
            ParameterSpec(
                "standard_deviation", .real(from: 0, to: 1e6), default: 0.1, "of the factor of each component"),
            ParameterSpec(
                "eigenvalues", .any("an array of one number >= 0 for each channel, or null"), default: .null,
                "variances along the components, of colours scaled to [0, 1]; null until a fit"),
            ParameterSpec(
                "eigenvectors", .any("an array of one component of unit length for each eigenvalue, or null"),
                default: .null, "the components, each an array of one number for each channel; null until a fit"),
            TransformationCatalog.valueRange, TransformationCatalog.probability,
        ]
    ) { (parameters) throws(ApusError) in try PCAColorNoise(parameters: parameters) }

    let parameters: Parameters
    private let deviation: Double
    private let range: ValueRange
    /// One step for each component, in units of pixels.
    private let steps: [[Double]]

    /// Channels of the images that a fit takes.
    static let mostChannels = 64

    init(parameters: Parameters) throws(ApusError) {
        self.parameters = parameters
        deviation = parameters.real("standard_deviation")
        range = ValueRange(parameters)
        let (values, vectors) = (parameters["eigenvalues"], parameters["eigenvectors"])
        if values.isNull, vectors.isNull {
            steps = []
            return
        }
        let sizes = try PCAColorNoise.numbers(values, "eigenvalues", least: 0)
        guard let rows = vectors.arrayValue, rows.count == sizes.count else {
            throw .parameter(
                "eigenvectors", of: "PCAColorNoise",
                mustBe: "an array of \(sizes.count) arrays, as many as eigenvalues",
                got: vectors.arrayValue.map { "\($0.count)" } ?? vectors.typeName)
        }
        let width = Double(range.upper) - Double(range.lower)
        var steps: [[Double]] = []
        for (row, size) in zip(rows, sizes) {
            let vector = try PCAColorNoise.numbers(row, "eigenvectors", least: -1)
            guard vector.count == sizes.count else {
                throw .parameter(
                    "eigenvectors", of: "PCAColorNoise", mustBe: "arrays of \(sizes.count) numbers",
                    got: "one of \(vector.count)")
            }
            steps.append(vector.map { $0 * size * width })
        }
        self.steps = steps
    }

    private static func numbers(_ json: JSON, _ name: String, least: Double) throws(ApusError) -> [Double] {
        let numbers = (json.arrayValue ?? []).map { $0.doubleValue ?? .nan }
        guard !numbers.isEmpty, numbers.count <= mostChannels, numbers.allSatisfy({ $0 >= least && $0 <= 1e6 }) else {
            throw .parameter(
                name, of: "PCAColorNoise",
                mustBe: "arrays of 1 to \(mostChannels) numbers >= \(Int(least)) and at most 1e6",
                got: json.typeName == "an array" ? String(json.text.prefix(80)) : json.typeName)
        }
        return numbers
    }

    func outputShape(_ shape: ImageShape) throws(ApusError) -> ImageShape {
        guard steps.isEmpty || steps.count == shape.channels else {
            throw .shape("PCAColorNoise has \(steps.count) components, images have \(shape.channels) channels.")
        }
        return shape
    }

    func checkFitted() throws(ApusError) {
        guard !steps.isEmpty || deviation == 0 else {
            throw ApusError(
                .notFitted,
                "PCAColorNoise has no components: fit the augmenter, or give eigenvalues and eigenvectors.")
        }
    }

    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws) {
        if deviation == 0 || steps.isEmpty { return }
        for channel in 0..<shape.channels {
            var shift = 0.0
            for (number, step) in steps.enumerated() {
                shift += deviation * draws.random.normal(8 + UInt64(number)) * step[channel]
            }
            let change = Float(shift)
            if change == 0 { continue }
            for pixel in 0..<shape.height * shape.width {
                let index = pixel * shape.channels + channel
                image[index] = range.clipped(image[index] + change)
            }
        }
    }

    func fitted(to images: ArrayView, _ shape: ImageShape, in context: Context) throws(ApusError)
        -> any Transformation
    {
        let (values, vectors) = try PixelColours(range).components(images, shape, in: context)
        return try PCAColorNoise(
            parameters: parameters.with("eigenvalues", .array(values.map { .number($0) }))
                .with("eigenvectors", .array(vectors.map { .array($0.map { .number($0) }) })))
    }
}
