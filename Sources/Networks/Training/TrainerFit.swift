import Core

/// How a fit goes about its data.
package struct FitPlan {
    package var epochs = 1
    package var batchSize = 32
    package var shuffles = true
    package var reportsBatches = false
    /// Share of the last rows held out, in [0, 1).
    package var validationSplit = 0.0
    /// What looks on: "early_stopping=val_loss early_stopping.patience=3", or JSON.
    package var callbacks = ""
    /// Writes a checkpoint of a trainer to a path.
    package typealias Save = (Trainer, String) throws(ApusError) -> Void
    package var save: Save?
    /// Weights of classes 0, 1, ... in the loss of training, for networks of one output.
    package var classWeights: [Float]?

    package init() {}
}

extension Trainer {
    /// Trains `plan.epochs` more epochs and publishes. An error leaves trainer and model as they were.
    package func fit(
        _ train: Dataset, validation: Dataset?, plan: FitPlan, progress: ProgressSink?, in context: Context
    ) throws(ApusError) {
        guard plan.epochs >= 1 else { throw .invalid("epochs must be at least 1, got \(plan.epochs).") }
        guard plan.batchSize >= 1 else { throw .invalid("batch_size must be at least 1, got \(plan.batchSize).") }
        guard plan.validationSplit >= 0, plan.validationSplit < 1 else {
            throw .invalid("validation_split must be in [0, 1), got \(plan.validationSplit).")
        }
        let callbacks = try FitCallbacks(plan.callbacks)
        try check(train, targets: true)
        try checkClassWeights(plan.classWeights)
        if let validation {
            do {
                try check(validation, targets: true)
            } catch { throw error.within("validation") }
        }
        var rows = train.rows
        var heldOut: (data: Dataset, start: Int, count: Int)?
        if let validation {
            heldOut = (validation, 0, validation.rows)
        } else if plan.validationSplit > 0 {
            rows = Int(Double(train.rows) * (1 - plan.validationSplit))
            guard rows >= 1, rows < train.rows else {
                throw .invalid(
                    "validation_split \(plan.validationSplit) of \(train.rows) rows leaves \(rows) to train on and \(train.rows - rows) to validate."
                )
            }
            heldOut = (train, rows, train.rows - rows)
        }
        let batch = min(plan.batchSize, rows)
        let ownShapes = rowShapes(train)
        var rowsAtOnce = batch
        if let heldOut {
            let shapes = rowShapes(heldOut.data)
            let count = min(plan.batchSize, heldOut.count)
            if shapes == ownShapes { rowsAtOnce = max(batch, count) } else { try prepare(rows: count, shapes, in: context) }
        }
        try prepare(rows: rowsAtOnce, ownShapes, in: context)
        let order = plan.shuffles ? try Buffer<Int>(rows, in: allocator) : nil
        let before = try snapshot(in: context)
        classWeights = plan.classWeights
        defer {
            classWeights = nil
            forgetPass()
        }
        do {
            let names = measureNames(heldOut: heldOut != nil, callbacks)
            let round = FitRun(self, names: names, save: plan.save, context)
            try callbacks.begin(round)
            try run(
                train, rows: rows, batch: batch, order: order, heldOut: heldOut, plan, callbacks, round, progress,
                context)
            standForWeights()
            try callbacks.end(round)
            try publish(in: context)
        } catch {
            restore(before)
            throw error
        }
    }

    private func run(
        _ train: Dataset, rows: Int, batch: Int, order: Buffer<Int>?,
        heldOut: (data: Dataset, start: Int, count: Int)?, _ plan: FitPlan, _ callbacks: FitCallbacks,
        _ round: FitRun, _ progress: ProgressSink?, _ context: Context
    ) throws(ApusError) {
        let begin = monotonicSeconds()
        let batches = (rows - 1) / batch + 1
        // Epochs without end are as many as there can be.
        let (sum, overflow) = state.epoch.addingReportingOverflow(plan.epochs)
        let last = overflow ? Int.max : sum
        if state.position >= batches { state.position = 0 }
        if state.position == 0 { zeroGradients() }
        var stops = false
        while state.epoch < last, !stops {
            try callbacks.beginEpoch(round)
            if let order {
                // The order of an epoch is a function of the seed and its number.
                Philox(seed: seed, stream: 1 << 63 | UInt64(state.epoch)).permute(order.pointer, count: rows)
            }
            var report = ProgressReport(.batch)
            report.epoch = state.epoch + 1
            report.epochs = last
            report.batches = batches
            report.metricNames = Array(metricNames.dropFirst())
            let epochBegin = monotonicSeconds()
            measures.reset()
            var seen = 0
            func fill(_ stage: ProgressReport.Stage) {
                let now = monotonicSeconds()
                report.stage = stage
                report.batch = state.position
                report.samples = seen
                report.seconds = now - begin
                report.samplesPerSecond = Double(seen) / max(now - epochBegin, 1e-9)
                report.loss = measures.meanLoss
                report.metrics = measures.others
            }
            while state.position < batches, !stops {
                try context.checkInterrupt()
                let start = state.position * batch
                let count = min(batch, rows - start)
                do throws(ApusError) {
                    _ = try step(
                        train, order.map { UnsafePointer($0.pointer) }, start: start, count: count,
                        withMetrics: true, endsGroup: state.position + 1 == batches, in: context)
                } catch {
                    guard error.code == .notConverged, callbacks.stopsOnNaN else { throw error }
                    context.warn(error.message)
                    stops = true
                    break
                }
                state.position += 1
                seen += count
                if plan.reportsBatches {
                    fill(.batch)
                    stops = try context.report(report, to: progress)
                }
            }
            guard state.position >= batches else { break }
            state.position = 0
            state.epoch += 1
            fill(.epoch)
            report.batch = batches
            var values = [report.loss] + report.metrics
            if let heldOut {
                classWeights = nil
                defer { classWeights = plan.classWeights }
                let held = try evaluate(
                    heldOut.data, start: heldOut.start, count: heldOut.count, batchSize: plan.batchSize, in: context)
                report.hasValidation = true
                report.validationLoss = held[0]
                report.validationMetrics = Array(held.dropFirst())
                values += held
            }
            if callbacks.reportsLearningRate { values.append(state.learningRate) }
            for (name, value) in zip(round.names, values) {
                if let index = state.history.firstIndex(where: { $0.name == name }) {
                    state.history[index].values.append(value)
                } else {
                    state.history.append((name: name, values: [value]))
                }
            }
            try callbacks.endEpoch(round, values)
            if round.stops { stops = true }
            report.seconds = monotonicSeconds() - begin
            if try context.report(report, to: progress) { stops = true }
        }
    }

    /// What each epoch of a fit measures.
    private func measureNames(heldOut: Bool, _ callbacks: FitCallbacks) -> [String] {
        metricNames + (heldOut ? metricNames.map { "val_" + $0 } : [])
            + (callbacks.reportsLearningRate ? ["learning_rate"] : [])
    }

    /// Loss and metrics over rows of a dataset, in the order of `metricNames`.
    func evaluate(
        _ dataset: Dataset, start: Int, count: Int, batchSize: Int, in context: Context
    ) throws(ApusError) -> [Double] {
        let batch = min(batchSize, count)
        measures.reset()
        var done = 0
        while done < count {
            try context.checkInterrupt()
            let rows = min(batch, count - done)
            try forward(
                dataset, start: start + done, count: rows, training: false, borrows: true, in: context)
            _ = try evaluate(
                dataset, start: start + done, withGradients: false, withMetrics: true, in: context)
            done += rows
        }
        return measures.values
    }

    /// Loss and metrics over a whole dataset.
    package func evaluate(_ dataset: Dataset, batchSize: Int, in context: Context) throws(ApusError) -> [Double] {
        guard batchSize >= 1 else { throw .invalid("batch_size must be at least 1, got \(batchSize).") }
        try check(dataset, targets: true)
        defer { forgetPass() }
        return try onPublishedWeights { () throws(ApusError) in
            try evaluate(dataset, start: 0, count: dataset.rows, batchSize: batchSize, in: context)
        }
    }

    /// The history as JSON: one array for each name.
    package var historyJSON: JSON {
        .object(state.history.map { (key: $0.name, value: .array($0.values.map { .number($0) })) })
    }
}
