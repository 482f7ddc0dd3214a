import Core

/// A sequence of random transformations of images.
///
/// Random numbers are Philox's, keyed by seed, epoch, number of the sample and number of the step: a sample gets the
/// same whatever the batch that it comes in and however many threads there are. Steps that mix depend on the batch.
package final class Augmenter: Sendable {
    package let steps: [any Transformation]

    /// Steps that an augmenter may have.
    package static let mostSteps = 64

    /// Steps from text, "random_flip mode=horizontal; random_rotation factor=0.1", or as JSON: a name, an object
    /// {"class_name": ..., "config": {...}}, or an array of these. Throws `invalidArgument` naming step and parameter.
    package init(_ text: String) throws(ApusError) {
        steps = try StepText.make(text, TransformationCatalog.family)
    }

    /// As JSON that makes it again, with what it learned.
    package var config: JSON { .array(steps.map(\.config)) }

    /// The shape of an image of a shape after all steps. Throws `shape` naming the step that cannot take it.
    package func outputShape(_ shape: ImageShape) throws(ApusError) -> ImageShape {
        var shape = shape
        for step in steps { shape = try step.outputShape(shape) }
        return shape
    }

    /// The shape of a batch after all steps. Throws `shape` and `dtype` for arrays that are no images.
    package func outputShape(_ images: ArrayView) throws(ApusError) -> Shape {
        try Augmenter.checkKind(images, "images")
        return try outputShape(ImageShape(row: images.shape.dropFirst(1), "images")).shape.prefixed(by: images.rows)
    }

    /// Whether a step mixes samples, and so targets.
    package var mixesSamples: Bool { steps.contains { $0 is any BatchTransformation } }

    private init(steps: [any Transformation]) { self.steps = steps }

    /// This augmenter with what its steps learn from images as they are before any step. Throws as `augment` does.
    package func fitted(to images: ArrayView, in context: Context) throws(ApusError) -> Augmenter {
        try Augmenter.checkKind(images, "images")
        let shape = try ImageShape(row: images.shape.dropFirst(1), "images")
        var fitted = steps
        for (index, step) in steps.enumerated() {
            if let learner = step as? any FittedTransformation {
                fitted[index] = try learner.fitted(to: images, shape, in: context)
            }
        }
        let augmenter = Augmenter(steps: fitted)
        _ = try augmenter.outputShape(shape)
        return augmenter
    }

    /// Throws `notFitted` where a step needs a fit that it has not had.
    func checkFitted() throws(ApusError) {
        for step in steps {
            if let learner = step as? any FittedTransformation { try learner.checkFitted() }
        }
    }

    static func checkKind(_ images: ArrayView, _ name: String) throws(ApusError) {
        guard images.dtype == .float32 || images.dtype == .uint8 else {
            throw .dtype("\(name) must be float32 or uint8, got \(images.dtype.name).")
        }
        guard images.shape.rank == 4 else {
            throw .shape("\(name) must have shape (images, height, width, channels), got \(images.shape).")
        }
    }

    // MARK: Stages

    /// What is done to one image at a time, or to the batch.
    enum Stage {
        case resampling([Step<any GeometricTransformation>], ImageSampling)
        case pixels(Step<any PixelTransformation>)
        case framing(Step<any FramingTransformation>)
        case batch(Step<any BatchTransformation>)
    }

    /// A transformation and its number, which its random numbers are keyed by.
    struct Step<Kind> {
        let transformation: Kind
        let number: Int
        let probability: Double
    }

    /// Geometric steps in a row that read alike become one resampling.
    var stages: [Stage] {
        var stages: [Stage] = []
        for (number, step) in steps.enumerated() {
            let probability = step.probability
            if let step = step as? any GeometricTransformation {
                let own = Step(transformation: step, number: number, probability: probability)
                let sampling = step.sampling ?? ImageSampling(Parameters(kind: ""))
                if case .resampling(let held, let before)? = stages.last {
                    let isFree = !held.contains { $0.transformation.sampling != nil }
                    if step.sampling == nil || isFree || before == sampling {
                        stages[stages.count - 1] = .resampling(
                            held + [own], step.sampling == nil ? before : sampling)
                        continue
                    }
                }
                stages.append(.resampling([own], sampling))
            } else if let step = step as? any PixelTransformation {
                stages.append(.pixels(Step(transformation: step, number: number, probability: probability)))
            } else if let step = step as? any FramingTransformation {
                stages.append(.framing(Step(transformation: step, number: number, probability: probability)))
            } else if let step = step as? any BatchTransformation {
                stages.append(.batch(Step(transformation: step, number: number, probability: probability)))
            }
        }
        return stages
    }
}
