import Core

/// A random change of images, channels last. What a sample gets is a function of its random numbers alone.
package protocol Transformation: Sendable {
    /// Parameters; `kind` is the class name, Keras's or torchvision's where they have it.
    var parameters: Parameters { get }
    /// The shape of what images of a shape become. Throws `shape` for those that it cannot take.
    func outputShape(_ shape: ImageShape) throws(ApusError) -> ImageShape
    /// The share of samples that the step is taken for.
    var probability: Double { get }
}

/// One that moves pixels along an affine map: several in a row become one resampling.
protocol GeometricTransformation: Transformation {
    /// What is read between and beyond the pixels; nil for one that fits any.
    var sampling: ImageSampling? { get }
    /// From places of the result to places of the image; nil for no change.
    func map(_ shape: ImageShape, _ draws: Draws) -> AffineMap?
}

/// One that changes an image where it lies.
protocol PixelTransformation: Transformation {
    func apply(_ image: UnsafeMutablePointer<Float>, _ shape: ImageShape, _ draws: Draws)
}

/// One that copies an image to a place of another size.
protocol FramingTransformation: Transformation {
    func apply(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, to out: UnsafeMutablePointer<Float>, _ draws: Draws)
}

/// One that makes samples of several: what it gives depends on which samples are in a batch.
protocol BatchTransformation: Transformation {
    /// How a sample is mixed with its partner.
    func mixture(_ shape: ImageShape, _ draws: Draws) -> Mixture
}

/// One that learns something from images first.
protocol FittedTransformation: Transformation {
    /// Itself with what it learned from a batch.
    func fitted(to images: ArrayView, _ shape: ImageShape, in context: Context) throws(ApusError)
        -> any Transformation
    /// Throws `notFitted` where it has not.
    func checkFitted() throws(ApusError)
}

extension Transformation {
    package func outputShape(_ shape: ImageShape) throws(ApusError) -> ImageShape { shape }

    package var probability: Double { parameters["probability"].doubleValue ?? 1 }

    /// As Keras writes it.
    package var config: JSON { ["class_name": .string(parameters.kind), "config": parameters.json] }
}

/// The random numbers of one sample for one step: number 0 says whether the step is taken, others are the step's own.
package struct Draws: Sendable {
    let random: Philox

    /// On [0, 1).
    func uniform(_ index: UInt64) -> Double { random.uniform(index) }

    /// On an interval; exactly its end where both are equal.
    func value(_ index: UInt64, in interval: Interval) -> Double {
        interval.lower + (interval.upper - interval.lower) * uniform(index)
    }

    func takes(_ probability: Double) -> Bool { probability >= 1 || uniform(0) < probability }
}

/// Where a factor is drawn from, uniformly.
struct Interval: Sendable {
    let lower: Double
    let upper: Double

    init(_ lower: Double, _ upper: Double) { (self.lower, self.upper) = (lower, upper) }

    /// A pair; one number f is -f to f.
    init(_ value: JSON) {
        if let pair = value.arrayValue, pair.count == 2 {
            self.init(pair[0].doubleValue ?? 0, pair[1].doubleValue ?? 0)
        } else {
            let size = value.doubleValue ?? 0
            self.init(-size, size)
        }
    }

    /// A pair of factors; one number f is 1 - f (at least 0) to 1 + f.
    init(around value: JSON) {
        if value.arrayValue == nil {
            let size = value.doubleValue ?? 0
            self.init(max(0, 1 - size), 1 + size)
        } else {
            self.init(value)
        }
    }

    /// Whether it holds the number `neutral` only.
    func isOnly(_ neutral: Double) -> Bool { lower == neutral && upper == neutral }
}

/// Every transformation of images, one line each.
package enum TransformationCatalog {
    package static let family = Family<any Transformation>(
        "transformation",
        [
            RandomFlip.entry,
            RandomTranslation.entry,
            RandomRotation.entry,
            RandomZoom.entry,
            RandomShear.entry,
            RandomCrop.entry,
            RandomBrightness.entry,
            RandomContrast.entry,
            ColorJitter.entry,
            PCAColorNoise.entry,
            Cutout.entry,
            RandomErasing.entry,
            MixUp.entry,
            CutMix.entry,
        ])

    static let probability = ParameterSpec(
        "probability", .real(from: 0, to: 1), default: 1.0, "the share of samples that it changes")

    static let valueRange = ParameterSpec(
        "value_range", .interval(from: -1e9, to: 1e9, .ascending), default: [0, 255],
        "least and largest value of pixels, to which results are clipped")

    static func factor(
        _ name: String, from: Double, to: Double, default standard: JSON?, _ doc: String
    ) -> ParameterSpec {
        ParameterSpec(name, .interval(from: from, to: to, .ends), default: standard, doc)
    }
}
