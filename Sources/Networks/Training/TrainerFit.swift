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
        _ train: any DataSource, validation: (any DataSource)?, plan: FitPlan, progress: ProgressSink?,
        in context: Context
    ) throws(ApusError) {
        guard plan.epochs >= 1 else { throw .invalid("epochs must be at least 1, got \(plan.epochs).") }
        guard plan.batchSize >= 1 else { throw .invalid("batch_size must be at least 1, got \(plan.batchSize).") }
        guard plan.validationSplit >= 0, plan.validationSplit < 1 else {
            throw .invalid("validation_split must be in [0, 1), got \(plan.validationSplit).")
        }
        let callbacks = try FitCallbacks(plan.callbacks)
        try check(train.form, targets: true)
        try checkClassWeights(plan.classWeights)
        if let validation {
            do {
                try check(validation.form, targets: true)
            } catch { throw error.within("validation") }
        }
        var own = PassPlan(batchSize: plan.batchSize, shuffles: plan.shuffles, seed: seed)
        var held: (source: any DataSource, plan: PassPlan)?
        if let validation {
            held = (validation, PassPlan(batchSize: plan.batchSize))
        } else if plan.validationSplit > 0 {
            guard let all = train.rows else {
                throw .invalid("validation_split needs data of a known number of rows; pass validation data instead.")
            }
            let rows = Int(Double(all) * (1 - plan.validationSplit))
            guard rows >= 1, rows < all else {
                throw .invalid(
                    "validation_split \(plan.validationSplit) of \(all) rows leaves \(rows) to train on and \(all - rows) to validate."
                )
            }
            own.rows = 0..<rows
            held = (train, PassPlan(rows: rows..<all, batchSize: plan.batchSize))
        }
        own.batchSize = batchSize(of: train, own)
        let ownShapes = rowShapes(train.form)
        var rowsAtOnce = own.batchSize
        if let (source, plan) = held {
            let shapes = rowShapes(source.form)
            let count = batchSize(of: source, plan)
            held?.plan.batchSize = count
            if shapes == ownShapes {
                rowsAtOnce = max(rowsAtOnce, count)
            } else {
                try prepare(rows: count, shapes, in: context)
            }
        }
        try prepare(rows: rowsAtOnce, ownShapes, in: context)
        let before = try snapshot(in: context)
        let pass = try train.pass(own, in: context)
        defer { pass.end() }
        var heldOut: (any DataPass)?
        if let (source, plan) = held { heldOut = try source.pass(plan, in: context) }
        defer { heldOut?.end() }
        classWeights = plan.classWeights
        sourceAugmentation = train.form.augmentation
        defer {
            classWeights = nil
            sourceAugmentation = nil
            forgetPass()
        }
        do {
            let names = measureNames(heldOut: heldOut != nil, callbacks)
            let round = FitRun(self, names: names, save: plan.save, context)
            try callbacks.begin(round)
            try run(pass, heldOut: heldOut, plan, callbacks, round, progress, context)
            standForWeights()
            try callbacks.end(round)
            try publish(in: context)
        } catch {
            restore(before)
            throw error
        }
    }

    /// Rows of a whole batch of a pass: never more than there are.
    private func batchSize(of source: any DataSource, _ plan: PassPlan) -> Int {
        guard let rows = plan.rows?.count ?? source.rows else { return plan.batchSize }
        return min(plan.batchSize, rows)
    }

    private func run(
        _ pass: any DataPass, heldOut: (any DataPass)?, _ plan: FitPlan, _ callbacks: FitCallbacks,
        _ round: FitRun, _ progress: ProgressSink?, _ context: Context
    ) throws(ApusError) {
        let begin = monotonicSeconds()
        let batches = pass.batches
        // Epochs without end are as many as there can be.
        let (sum, overflow) = state.epoch.addingReportingOverflow(plan.epochs)
        let last = overflow ? Int.max : sum
        if let batches, state.position >= batches { state.position = 0 }
        if state.position == 0 { zeroGradients() }
        var stops = false
        while state.epoch < last, !stops {
            try callbacks.beginEpoch(round)
            let first = state.position
            try pass.begin(epoch: state.epoch, batch: first)
            var report = ProgressReport(.batch)
            report.epoch = state.epoch + 1
            report.epochs = last
            report.batches = batches ?? 0
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
            var isOver = false
            while !isOver, !stops {
                try context.checkInterrupt()
                guard let batch = try pass.next() else {
                    isOver = true
                    break
                }
                do throws(ApusError) {
                    _ = try step(
                        batch.data, batch.order, start: batch.start, count: batch.count, withMetrics: true,
                        endsGroup: state.position + 1 == batches, in: context)
                } catch {
                    guard error.code == .notConverged, callbacks.stopsOnNaN else { throw error }
                    context.warn(error.message)
                    stops = true
                    break
                }
                state.position += 1
                isOver = state.position == batches
                seen += batch.count
                if plan.reportsBatches {
                    fill(.batch)
                    stops = try context.report(report, to: progress)
                }
            }
            guard isOver else { break }
            if seen == 0 {
                // A stop came after the last batch of an epoch whose end was not known then.
                guard first > 0 else { throw .invalid("The data ended before the first row of epoch \(report.epoch).") }
                try finishGroup(in: context)
                state.position = 0
                state.epoch += 1
                continue
            }
            try finishGroup(in: context)
            report.batches = state.position
            fill(.epoch)
            state.position = 0
            state.epoch += 1
            var values = [report.loss] + report.metrics
            if let heldOut {
                classWeights = nil
                defer { classWeights = plan.classWeights }
                let held = try evaluate(heldOut, epoch: report.epoch - 1, in: context)
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

    /// Loss and metrics over a pass, in the order of `metricNames`.
    private func evaluate(_ pass: any DataPass, epoch: Int, in context: Context) throws(ApusError) -> [Double] {
        measures.reset()
        try pass.begin(epoch: epoch, batch: 0)
        var done = 0
        while done != pass.batches {
            try context.checkInterrupt()
            guard let batch = try pass.next() else { break }
            try forward(
                batch.data, batch.order, start: batch.start, count: batch.count, training: false, borrows: true,
                in: context)
            _ = try evaluate(
                batch.data, batch.order, start: batch.start, withGradients: false, withMetrics: true, in: context)
            done += 1
        }
        guard done > 0 else { throw .invalid("The data to evaluate on ended before its first row.") }
        return measures.values
    }

    /// Loss and metrics over all rows of a source.
    package func evaluate(_ source: any DataSource, batchSize: Int, in context: Context) throws(ApusError) -> [Double] {
        guard batchSize >= 1 else { throw .invalid("batch_size must be at least 1, got \(batchSize).") }
        try check(source.form, targets: true)
        var plan = PassPlan(batchSize: batchSize)
        plan.batchSize = self.batchSize(of: source, plan)
        let pass = try source.pass(plan, in: context)
        defer {
            pass.end()
            forgetPass()
        }
        return try onPublishedWeights { () throws(ApusError) in
            try evaluate(pass, epoch: state.epoch, in: context)
        }
    }

    /// The history as JSON: one array for each name.
    package var historyJSON: JSON {
        .object(state.history.map { (key: $0.name, value: .array($0.values.map { .number($0) })) })
    }
}
