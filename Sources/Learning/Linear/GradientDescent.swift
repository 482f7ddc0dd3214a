import Core
import Glibc
import Numerics

/// Gradient descent on a linear model's cost: parameters -= learning_rate x gradient, over all rows or over
/// mini-batches.
struct GradientDescent {
    let learningRate: Double
    /// Updates over all rows, or passes over the mini-batches.
    let mostIterations: Int
    /// Ends when an iteration changes the cost by at most `tolerance` times itself; 0: never.
    let tolerance: Double
    /// 0: all rows.
    let batchSize: Int
    let shuffle: Bool
    let kind: String

    /// The parameters that kinds with solver=gd share.
    static func specs(learningRate: Double) -> [ParameterSpec] {
        [
            ParameterSpec(
                "learning_rate", .real(from: 0, to: .infinity, open: true), default: .number(learningRate),
                "solver=gd: the step, in units of the gradient of the cost."),
            ParameterSpec(
                "batch_size", .integer(0...Int.max), default: 0,
                "solver=gd: rows per update; 0 takes all rows. With mini-batches max_iter counts passes over the rows."),
            ParameterSpec(
                "shuffle", .boolean, default: true,
                "solver=gd: mini-batches take the rows in a new random order each pass."),
        ]
    }

    init(_ parameters: Parameters) {
        learningRate = parameters.real("learning_rate")
        mostIterations = parameters.integer("max_iter")
        tolerance = parameters.real("tol")
        batchSize = parameters.integer("batch_size")
        shuffle = parameters.boolean("shuffle")
        kind = parameters.kind
    }

    /// How a run of an iterative solver ended.
    struct Outcome {
        var iterations: Int
        /// The tolerance was reached.
        var converged: Bool
        /// The cost after each iteration.
        var curve: LossCurve
    }

    /// Rows of one update at most.
    static func batch(_ parameters: Parameters, rows: Int) -> Int {
        let size = parameters.integer("batch_size")
        return size == 0 ? rows : min(size, rows)
    }

    /// Changes `parameters` in place. Throws `notConverged` when the cost is no longer finite, `interrupted`.
    func run(
        _ objective: LinearObjective, _ rows: TargetedRows, _ parameters: Buffer<Double>, _ input: FitInput
    ) throws(ApusError) -> Outcome {
        let context = input.context
        let gradient = try Buffer<Double>(parameters.count, in: context.allocator)
        var outcome = Outcome(iterations: 0, converged: false, curve: try LossCurve(in: context.allocator))
        let batches =
            batchSize > 0 && batchSize < rows.x.rows
            ? try MiniBatches(rows, objective, size: batchSize, in: context) : nil
        var cost = try objective.evaluate(parameters.pointer, on: rows, gradient: gradient.pointer)
        let start = monotonicSeconds()
        while outcome.iterations < mostIterations {
            if let batches {
                try batches.pass(objective, parameters, gradient, rate: learningRate, shuffle: shuffle)
            } else {
                for i in 0..<parameters.count { parameters.pointer[i] -= learningRate * gradient.pointer[i] }
            }
            let before = cost
            cost = try objective.evaluate(
                parameters.pointer, on: rows, gradient: batches == nil ? gradient.pointer : nil)
            outcome.iterations += 1
            guard cost.isFinite else { throw diverged(after: outcome.iterations) }
            try outcome.curve.append(cost)
            var report = ProgressReport(.iteration)
            report.epoch = outcome.iterations
            report.epochs = mostIterations
            report.samples = rows.x.rows
            report.seconds = monotonicSeconds() - start
            report.loss = cost
            if try context.report(report, to: input.progress) { return outcome }
            if tolerance > 0, abs(before - cost) <= tolerance * abs(before) {
                outcome.converged = true
                return outcome
            }
        }
        return outcome
    }

    private func diverged(after iterations: Int) -> ApusError {
        ApusError(
            .notConverged,
            "The cost of \(kind) is no longer finite after \(iterations) iterations of gradient descent: the learning_rate \(learningRate) is too large for these data. Lower it, or scale the columns first (standard_scaler)."
        )
    }
}

/// Rows gathered batch by batch.
private final class MiniBatches {
    private let rows: TargetedRows
    private let size: Int
    private let targetColumns: Int
    private let order: Buffer<Int>
    private let x: Buffer<Double>
    private let targets: Buffer<Double>
    private let weights: Buffer<Double>?
    private let context: Context

    init(_ rows: TargetedRows, _ objective: LinearObjective, size: Int, in context: Context) throws(ApusError) {
        self.rows = rows
        self.size = size
        self.context = context
        targetColumns = objective.loss.targetColumns(objective.outputs)
        order = try Buffer(rows.x.rows, in: context.allocator)
        x = try Buffer(size &* rows.x.columns, in: context.allocator)
        targets = try Buffer(size &* targetColumns, in: context.allocator)
        weights = rows.weights == nil ? nil : try Buffer(size, in: context.allocator)
        for r in 0..<order.count { order.pointer[r] = r }
    }

    /// One update for each batch of the rows, in a new order where wanted; a last, smaller batch included.
    func pass(
        _ objective: LinearObjective, _ parameters: Buffer<Double>, _ gradient: Buffer<Double>, rate: Double,
        shuffle: Bool
    ) throws(ApusError) {
        if shuffle { context.nextStream().permute(order.pointer, count: order.count) }
        var first = 0
        while first < order.count {
            let count = min(size, order.count - first)
            let weight = gather(first, count)
            if weight > 0 {
                let batch = TargetedRows(
                    x: Matrix(x.pointer, rows: count, columns: rows.x.columns), targets: targets.pointer,
                    weights: weights.map { UnsafePointer($0.pointer) }, weight: weight)
                _ = try objective.evaluate(parameters.pointer, on: batch, gradient: gradient.pointer)
                for i in 0..<parameters.count { parameters.pointer[i] -= rate * gradient.pointer[i] }
            }
            first += count
        }
    }

    /// Copies rows order[first ..< first + count]; returns the sum of their weights.
    private func gather(_ first: Int, _ count: Int) -> Double {
        let columns = rows.x.columns
        var weight = Double(count)
        if weights != nil { weight = 0 }
        for r in 0..<count {
            let from = order.pointer[first + r]
            (x.pointer + r &* columns).update(from: rows.x.row(from), count: columns)
            (targets.pointer + r &* targetColumns).update(
                from: rows.targets + from &* targetColumns, count: targetColumns)
            if let weights, let all = rows.weights {
                weights.pointer[r] = all[from]
                weight += all[from]
            }
        }
        return weight
    }
}
