import Core

/// Augmentation of a dataset's images while a network trains on them.
struct TrainingAugmentation: Sendable {
    let augmenter: Augmenter
    /// The input of the network that images go to.
    let input: Int
}

extension Dataset {
    /// Has each batch of a fit augmented before it goes through the network, and its targets where steps mix samples;
    /// nil ends that. Evaluations see the data as they are.
    ///
    /// Throws `invalidArgument` for an input that there is not, `shape` for rows that are no images (height, width,
    /// channels) or that would not keep their shape, `notFitted` for steps that need a fit.
    package func setAugmentation(_ augmenter: Augmenter?, input: Int) throws(ApusError) {
        guard let augmenter else {
            augmentation = nil
            return
        }
        guard input >= 0, input < inputs.count else {
            throw .invalid("input must be in [0, \(inputs.count - 1)], the inputs of the dataset, got \(input).")
        }
        try Dataset.checkAugmentation(augmenter, inputs[input].shape.dropFirst(1), "inputs[\(input)]")
        augmentation = TrainingAugmentation(augmenter: augmenter, input: input)
    }

    private static func checkAugmentation(_ augmenter: Augmenter, _ row: Shape, _ name: String) throws(ApusError) {
        let shape = try ImageShape(row: row, name)
        let end = try augmenter.outputShape(shape)
        guard end == shape else {
            throw .shape(
                "The augmenter turns \(name) of shape \(shape.shape) into \(end.shape); training needs the shape kept.")
        }
        try augmenter.checkFitted()
    }
}

extension Trainer {
    /// What the rows of a dataset go through in training: its own, or that of the source which a fit takes them from.
    func augmentation(of dataset: Dataset) -> TrainingAugmentation? { dataset.augmentation ?? sourceAugmentation }

    /// Augments the rows of a batch where they were gathered; with targets, those that were.
    ///
    /// Keyed by the trainer's seed, the epoch and the rows' numbers in the dataset, so that a fit that was stopped and
    /// resumed sees the same images. Throws `invalidArgument` for an image that is not finite, and for steps that mix
    /// samples where a loss takes class numbers.
    func augment(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, _ plan: Plan, in context: Context
    ) throws(ApusError) {
        guard let augmentation = augmentation(of: dataset) else { return }
        let mixes = augmentation.augmenter.mixesSamples
        var mixed: [Augmenter.Targets] = []
        if mixes {
            for (index, loss) in losses.enumerated() {
                guard loss.targetKind == .values else {
                    throw .invalid(
                        "\(loss.parameters.kind) takes class numbers, which a step that mixes samples cannot mix: "
                            + "use one-hot targets and CategoricalCrossentropy.")
                }
                let width = plan.program.outputShapes[index].count
                mixed.append(Augmenter.Targets(values: targets[index].pointer, width: width))
            }
            try loadTargets(dataset, order, start: start, count: count, borrows: false, in: context)
            hasMixedTargets = true
        }
        let shape = try ImageShape(row: plan.program.inputShapes[augmentation.input], "inputs")
        let images = ArrayView(
            data: UnsafeMutableRawPointer(plan.input(augmentation.input)), dtype: .float32,
            shape: shape.shape.prefixed(by: count))
        try augmentation.augmenter.run(
            images, shape, to: images, targets: mixed,
            key: SampleKey(
                seed: seed, epoch: UInt64(state.epoch), first: start, rows: order.map { $0 + start },
                numbering: dataset.numbering),
            name: "inputs[\(augmentation.input)]", in: context)
    }
}
