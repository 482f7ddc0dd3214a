import Core
import Numerics

/// Rows with targets and weights, as a linear model's cost sees them.
struct TargetedRows {
    let x: Matrix
    /// Dense; as many columns as the loss wants.
    let targets: UnsafePointer<Double>
    let weights: UnsafePointer<Double>?
    /// The sum of the weights.
    let weight: Double
}

/// The cost of a model with linear scores, and its gradient:
///
///     F(W, b) = sum_i w_i loss(x_i W' + b, y_i) / sum_i w_i + penalty / 2 |W|^2
///
/// The parameters are one run of numbers: W (outputs x features, row-major), then b (outputs) where there is an
/// intercept. Rows are cut by size and the slices' sums added in order: the bits do not depend on the threads.
final class LinearObjective {
    let loss: RowLoss
    let outputs: Int
    let features: Int
    let intercept: Bool
    let penalty: Double
    private let context: Context
    private let scratch: Buffer<Double>
    private let share: Int
    private let capacity: Int

    private static let mostSlices = 32

    /// How many parameters there are.
    var count: Int { outputs &* features + (intercept ? outputs : 0) }

    /// For up to `capacity` rows. Throws `outOfMemory`.
    init(
        _ loss: RowLoss, outputs: Int, features: Int, intercept: Bool, penalty: Double, capacity: Int,
        in context: Context
    ) throws(ApusError) {
        self.loss = loss
        self.outputs = outputs
        self.features = features
        self.intercept = intercept
        self.penalty = penalty
        self.capacity = capacity
        self.context = context
        let slices = LinearObjective.slices(capacity, features, outputs)
        let (weights, tooMany) = outputs.multipliedReportingOverflow(by: features)
        let (block, tooLarge) = min(slices.block, capacity).multipliedReportingOverflow(by: outputs)
        guard !tooMany, !tooLarge, weights < 1 << 50, block < 1 << 50 else {
            throw .limit("\(outputs) outputs of \(features) features are too many.")
        }
        // The loss and the gradient of one slice, then the scores of a block.
        share = 1 + weights + outputs + block
        scratch = try Buffer(slices.count &* share, in: context.allocator)
        context.holdBLAS()
    }

    private static func slices(_ rows: Int, _ features: Int, _ outputs: Int) -> RowSlices {
        let (results, overflow) = features.multipliedReportingOverflow(by: outputs)
        let most = overflow ? 1 : min(max((1 << 24) / max(results, 1), 1), mostSlices)
        return RowSlices(rows: rows, columns: max(features, outputs), most: most)
    }

    /// The cost of `parameters` on some rows; writes its gradient where wanted.
    /// Throws `interrupted`.
    func evaluate(
        _ parameters: UnsafePointer<Double>, on rows: TargetedRows, gradient: UnsafeMutablePointer<Double>?
    ) throws(ApusError) -> Double {
        let slices = LinearObjective.slices(rows.x.rows, features, outputs)
        let weights = outputs &* features
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            self.evaluate(slice, of: slices, parameters, rows, wantsGradient: gradient != nil)
        }
        try context.checkInterrupt()
        var sum = 0.0
        for slice in 0..<slices.count { sum += scratch.pointer[slice &* share] }
        if let gradient {
            for i in 0..<count { gradient[i] = 0 }
            for slice in 0..<slices.count {
                let partial = scratch.pointer + slice &* share + 1
                for i in 0..<count { gradient[i] += partial[i] }
            }
            for i in 0..<count { gradient[i] /= rows.weight }
            for i in 0..<weights { gradient[i] += penalty * parameters[i] }
        }
        var square = 0.0
        if penalty > 0 { for i in 0..<weights { square += parameters[i] * parameters[i] } }
        return sum / rows.weight + penalty / 2 * square
    }

    private func evaluate(
        _ slice: Int, of slices: RowSlices, _ parameters: UnsafePointer<Double>, _ rows: TargetedRows,
        wantsGradient: Bool
    ) {
        let weights = outputs &* features
        let sum = scratch.pointer + slice &* share
        let gradient = sum + 1
        let scores = gradient + weights + outputs
        let targetColumns = loss.targetColumns(outputs)
        for i in 0..<1 + weights + outputs { sum[i] = 0 }
        slices.blocks(of: slice) { first, count in
            let x = rows.x.row(first)
            self.score(x, rows.x.stride, count, parameters, scores)
            sum[0] += loss.apply(
                scores, rows: count, outputs: outputs, targets: rows.targets + first &* targetColumns,
                weights: rows.weights.map { $0 + first })
            if !wantsGradient { return }
            if outputs == 1 {
                BLAS.matrixVector(transpose: true, count, features, x, rows.x.stride, scores, beta: 1, gradient)
            } else {
                BLAS.product(
                    transposeA: true, transposeB: false, outputs, features, count, scores, outputs, x, rows.x.stride,
                    beta: 1, gradient, features)
            }
            for r in 0..<count {
                for t in 0..<outputs { gradient[weights + t] += scores[r &* outputs + t] }
            }
        }
    }

    /// Writes the scores of `count` rows at x.
    func score(
        _ x: UnsafePointer<Double>, _ stride: Int, _ count: Int, _ parameters: UnsafePointer<Double>,
        _ scores: UnsafeMutablePointer<Double>
    ) {
        for r in 0..<count {
            for t in 0..<outputs { scores[r &* outputs + t] = intercept ? parameters[outputs &* features + t] : 0 }
        }
        if outputs == 1 {
            BLAS.matrixVector(transpose: false, count, features, x, stride, parameters, beta: 1, scores)
        } else {
            BLAS.product(
                transposeA: false, transposeB: true, count, outputs, features, x, stride, parameters, features, beta: 1,
                scores, outputs)
        }
    }
}
