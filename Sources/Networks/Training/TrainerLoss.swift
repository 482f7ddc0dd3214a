import Core

/// The loss of the last forward pass, with its gradients, and the metrics.
extension Trainer {
    /// What a batch came to.
    struct Evaluation {
        /// The sum of the outputs' losses by their weights, with penalties and what layers add.
        var loss = 0.0
        /// The loss of each output.
        var outputs: [Double] = []
        /// What the mean over the first output was divided by: the batch's share in an update of several.
        var size = 0.0
    }

    /// Loads the targets and evaluates the loss; with gradients, leaves those by the outputs in the plan; with metrics,
    /// adds loss and metrics to what is measured.
    func evaluate(
        _ dataset: Dataset, _ order: UnsafePointer<Int>? = nil, start: Int = 0, withGradients: Bool,
        withMetrics: Bool, in context: Context
    ) throws(ApusError) -> Evaluation {
        let plan = try ready()
        if !hasMixedTargets {
            try loadTargets(dataset, order, start: start, count: currentRows, borrows: true, in: context)
        }
        var result = Evaluation()
        if beforeActivation.count != losses.count { beforeActivation = losses.map { _ in false } }
        for index in losses.indices {
            let view = try OutputView(self, plan, index, dataset, order, start: start, in: context)
            let (value, size) = try loss(view, plan, withGradients: withGradients, in: context)
            result.outputs.append(value)
            if index == 0 { result.size = size }
            result.loss += measures.lossWeights[index] * value
            if withMetrics { try updateMetrics(view, plan, dataset, order, start: start, in: context) }
        }
        result.loss += plan.addedLoss()
        for slot in penalised {
            result.loss += slot.regularizer?.penalty(weights.pointer + slot.offset, slot.shape) ?? 0
        }
        if withMetrics { measures.record(loss: result.loss, of: result.outputs, rows: currentRows) }
        hasLossGradients = withGradients
        return result
    }

    /// An output of the last pass with its targets, as its loss sees it.
    struct OutputView {
        let index: Int
        let shape: Shape
        let form: LossForm
        let rows: Int
        let output: UnsafePointer<Float>
        let target: UnsafePointer<Float>
        let labels: UnsafePointer<Int32>
        /// Of the samples, by place; nil when all are 1.
        let samples: UnsafePointer<Float>?
        let mask: UnsafePointer<Float>?

        var positions: Int { rows * form.places }

        init(
            _ trainer: Trainer, _ plan: Plan, _ index: Int, _ dataset: Dataset, _ order: UnsafePointer<Int>?,
            start: Int, in context: Context
        ) throws(ApusError) {
            self.index = index
            shape = plan.program.outputShapes[index]
            rows = trainer.currentRows
            form = LossForm(trainer.measures.layouts[index], shape)
            let form = form
            let room = trainer.rooms[index]
            labels = UnsafePointer(trainer.labels[index].pointer)
            if form.inner > 1 {
                let count = rows * shape.count
                let turned = try room.floats(.output, count)
                form.turn(UnsafePointer(plan.output(index)), to: turned, rows: rows, back: false, in: context)
                output = UnsafePointer(turned)
                if trainer.losses[index].targetKind == .values {
                    let turned = try room.floats(.target, count)
                    form.turn(trainer.target(index), to: turned, rows: rows, back: false, in: context)
                    target = UnsafePointer(turned)
                } else {
                    target = trainer.target(index)
                }
            } else {
                output = UnsafePointer(plan.output(index))
                target = trainer.target(index)
            }
            mask = plan.outputMask(index).flatMap { $0.shape.count == form.places ? UnsafePointer($0.values) : nil }
            var samples: UnsafePointer<Float>?
            let classes = trainer.classWeights
            if dataset.sampleWeight(of: index) != nil || classes != nil {
                let held = try room.floats(.samples, rows * form.places)
                dataset.loadWeights(of: index, order, start: start, count: rows, places: form.places, to: held)
                if let classes {
                    let isLabels = trainer.losses[index].targetKind == .labels
                    for position in 0..<rows * form.places {
                        let number =
                            isLabels
                            ? Int(labels[position]) : OutputView.classOf(target + position * form.width, form.width)
                        if number >= 0, number < classes.count { held[position] *= classes[number] }
                    }
                }
                samples = UnsafePointer(held)
            }
            self.samples = samples
        }

        /// Where a one-hot target is largest, or a single one as a whole number.
        private static func classOf(_ target: UnsafePointer<Float>, _ width: Int) -> Int {
            if width == 1 { return target[0] > -1 && target[0] < 1e6 ? Int(target[0].rounded()) : -1 }
            var best = 0
            for index in 1..<width where target[index] > target[best] { best = index }
            return best
        }
    }

    /// The loss of one output with the weight of its places, and its gradient times the output's weight.
    private func loss(
        _ view: OutputView, _ plan: Plan, withGradients: Bool, in context: Context
    ) throws(ApusError) -> (value: Double, size: Double) {
        let (index, form) = (view.index, view.form)
        let loss = losses[index]
        let fuses =
            withGradients && form.isPlain(view.shape) && loss.fuses(with: plan.finalActivation(index))
        var gradient = withGradients ? plan.outputGradient(index) : nil
        let turnedGradient = gradient
        if form.inner > 1, gradient != nil {
            gradient = try rooms[index].floats(.gradient, view.rows * view.shape.count)
        }

        // Places behind a mask and those of an ignored class do not count: neither in the sum nor in the number that it
        // is divided by.
        var weights: UnsafePointer<Float>?
        var (counted, total) = (Double(view.positions), Double(view.positions))
        if view.samples != nil || view.mask != nil || loss.ignoredClass != nil {
            let held = try rooms[index].floats(.weights, view.positions)
            (counted, total) = (0, 0)
            for position in 0..<view.positions {
                var share = view.mask.map { $0[position] } ?? 1
                if let ignored = loss.ignoredClass {
                    let label = Int(view.labels[position])
                    if label < 0 || label == ignored { share = 0 }
                }
                counted += Double(share)
                held[position] = share * (view.samples.map { $0[position] } ?? 1)
                total += Double(held[position])
            }
            weights = UnsafePointer(held)
        }
        let divisor =
            switch loss.reduction {
            case .sum: 1.0
            case .mean: counted
            case .weightedMean: total
            }
        let outputWeight = measures.lossWeights[index]
        let scale = divisor > 0 ? Float(outputWeight / divisor) : 0
        func call(_ range: Range<Int>, _ weight: Float, width: Int) -> LossCall {
            let first = range.lowerBound
            return LossCall(
                output: view.output + first * width, target: view.target + first * width, labels: view.labels + first,
                gradient: gradient.map { $0 + first * width }, scale: scale * weight, positions: range.count,
                width: width, isFused: fuses)
        }
        var sum = 0.0
        if form.isBatch {
            // One value, times the weights of all rows.
            let weight = weights == nil && loss.reduction == .sum ? 1 : total
            sum = weight * loss.evaluate(call(0..<1, Float(weight), width: form.width * view.rows), context.kernels)
        } else {
            let slice = Trainer.positionsOfSlice
            let parts = partials
            context.parallel(over: view.positions, by: slice) { range in
                let part = Trainer.sum(range, weights, clear: gradient, width: form.width) { run, weight in
                    loss.evaluate(call(run, weight, width: form.width), context.kernels)
                }
                parts?.pointer[range.lowerBound / slice] = part
            }
            if let parts { for part in 0...((view.positions - 1) / slice) { sum += parts.pointer[part] } }
        }
        if form.inner > 1, let gradient, let turnedGradient {
            form.turn(UnsafePointer(gradient), to: turnedGradient, rows: view.rows, back: true, in: context)
        }
        beforeActivation[index] = fuses
        return (divisor > 0 ? sum / divisor : 0, loss.reduction == .weightedMean ? total : counted)
    }

    /// The weighted sum over runs of positions of one weight; the gradient of those that weigh nothing is cleared.
    private static func sum(
        _ range: Range<Int>, _ weights: UnsafePointer<Float>?, clear gradient: UnsafeMutablePointer<Float>?, width: Int,
        _ value: (Range<Int>, Float) -> Double
    ) -> Double {
        guard let weights else { return value(range, 1) }
        var sum = 0.0
        var first = range.lowerBound
        while first < range.upperBound {
            let weight = weights[first]
            var end = first + 1
            while end < range.upperBound, weights[end] == weight { end += 1 }
            if weight == 0 {
                if let gradient { (gradient + first * width).update(repeating: 0, count: (end - first) * width) }
            } else {
                sum += Double(weight) * value(first..<end, weight)
            }
            first = end
        }
        return sum
    }

    /// Adds the rows of the pass to the metrics of one output. Labels are met as the loss meets them, values along the
    /// last axis.
    private func updateMetrics(
        _ view: OutputView, _ plan: Plan, _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int,
        in context: Context
    ) throws(ApusError) {
        let items = measures.items.filter { $0.output == view.index }
        guard !items.isEmpty else { return }
        let kind = losses[view.index].targetKind
        var (output, target, samples, mask) = (view.output, view.target, view.samples, view.mask)
        var (positions, width) = (view.positions, view.form.width)
        if kind == .values, !view.form.isPlain(view.shape) {
            width = max(1, view.shape.last)
            let places = max(1, view.shape.count / width)
            positions = places * view.rows
            output = UnsafePointer(plan.output(view.index))
            target = self.target(view.index)
            mask = plan.outputMask(view.index).flatMap { $0.shape.count == places ? UnsafePointer($0.values) : nil }
            if samples != nil {
                let held = try rooms[view.index].floats(.lastAxisSamples, positions)
                dataset.loadWeights(of: view.index, order, start: start, count: view.rows, places: places, to: held)
                samples = UnsafePointer(held)
            }
        }
        for item in items {
            let call = MetricCall(
                output: output, target: target, labels: view.labels, kind: kind, positions: positions, width: width,
                weights: item.isWeighted ? samples : nil, mask: mask)
            measures.update(item, call, context.kernels)
        }
    }
}
