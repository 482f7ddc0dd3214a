import Core
import Glibc
import Numerics

/// The Hessian of the mean logistic or softmax loss in the scaled coordinates of ScaledCoordinates: with rows
/// z = ((x - mean) / scale, 1) and the class probabilities q of a row,
///
///     H = sum_i w_i (diag(q_i) - q_i q_i') (x) z_i z_i' / sum_i w_i
///
/// (for two classes the single block sum w q (1 - q) z z'), plus the penalty. Slices of rows are added in order.
struct LogisticHessian {
    let objective: LinearObjective
    let rows: TargetedRows
    let coordinates: ScaledCoordinates
    let context: Context
    /// Without a penalty on squares: whether the coefficients of all classes together are made definite as well.
    var liftsCoefficients = true

    /// Parameters of one output.
    private var block: Int { objective.features + (objective.intercept ? 1 : 0) }

    /// Writes the upper triangle; `raw` are the parameters in the caller's units. The order of parameters is the
    /// objective's: all coefficients, then all intercepts.
    func write(_ raw: UnsafePointer<Double>, to hessian: UnsafeMutablePointer<Double>) throws(ApusError) {
        let outputs = objective.outputs
        let d = block &* outputs
        let (cells, overflow) = d.multipliedReportingOverflow(by: d)
        if overflow { throw .limit("\(d) parameters are too many for Newton's method; use solver=lbfgs.") }
        let most = min(max((1 << 22) / max(cells, 1), 1), 16)
        let slices = RowSlices(rows: rows.x.rows, columns: d, most: most)
        let height = min(slices.block, rows.x.rows)
        // The partial Hessian, scores, rows z, rows weighted.
        let share = cells + height &* (outputs + block + d)
        let scratch = try Buffer<Double>(zeros: slices.count &* share, in: context.allocator)
        context.parallel(slices.count) { slice in
            let partial = scratch.pointer + slice &* share
            let scores = partial + cells
            let z = scores + height &* outputs
            let weighted = z + height &* block
            slices.blocks(of: slice) { first, count in
                if context.isInterrupted { return }
                objective.score(rows.x.row(first), rows.x.stride, count, raw, scores)
                coordinates.rows(rows.x, first, count, intercept: objective.intercept, to: z)
                if outputs == 1 {
                    addBinary(first, count, scores, z, weighted, to: partial)
                } else {
                    addClasses(first, count, scores, z, weighted, to: partial)
                }
            }
        }
        try context.checkInterrupt()
        for slice in 1..<max(slices.count, 1) {
            let partial = scratch.pointer + slice &* share
            for i in 0..<cells { scratch.pointer[i] += partial[i] }
        }
        reorder(scratch.pointer, to: hessian)
    }

    private func addBinary(
        _ first: Int, _ count: Int, _ scores: UnsafePointer<Double>, _ z: UnsafePointer<Double>,
        _ weighted: UnsafeMutablePointer<Double>, to partial: UnsafeMutablePointer<Double>
    ) {
        for r in 0..<count {
            let small = exp(-abs(scores[r]))
            let w = rows.weights.map { $0[first + r] } ?? 1
            let root = (w * small).squareRoot() / (1 + small)
            for c in 0..<block { weighted[r &* block + c] = root * z[r &* block + c] }
        }
        BLAS.addGram(block, count, weighted, block, partial, block)
    }

    private func addClasses(
        _ first: Int, _ count: Int, _ scores: UnsafeMutablePointer<Double>, _ z: UnsafePointer<Double>,
        _ weighted: UnsafeMutablePointer<Double>, to partial: UnsafeMutablePointer<Double>
    ) {
        let outputs = objective.outputs
        let d = block &* outputs
        for r in 0..<count {
            let q = scores + r &* outputs
            _ = softmaxInPlace(q, outputs)
            let root = (rows.weights.map { $0[first + r] } ?? 1).squareRoot()
            for k in 0..<outputs {
                for c in 0..<block { weighted[r &* d + k &* block + c] = root * q[k] * z[r &* block + c] }
            }
        }
        BLAS.addGram(d, count, alpha: -1, weighted, d, partial, d)
        for k in 0..<outputs {
            for r in 0..<count {
                let root = ((rows.weights.map { $0[first + r] } ?? 1) * scores[r &* outputs + k]).squareRoot()
                for c in 0..<block { weighted[r &* block + c] = root * z[r &* block + c] }
            }
            BLAS.addGram(block, count, weighted, block, partial + k &* block &* d + k &* block, d)
        }
    }

    /// From one block per output to the objective's order, over the sum of the weights, with the penalty, and with the
    /// directions in which softmax does not change made definite (the gradient has no part in them).
    private func reorder(_ blocks: UnsafePointer<Double>, to hessian: UnsafeMutablePointer<Double>) {
        let outputs = objective.outputs
        let features = objective.features
        let d = block &* outputs
        func place(_ k: Int, _ c: Int) -> Int { c < features ? k &* features + c : outputs &* features + k }
        var trace = 0.0
        for k in 0..<outputs {
            for c in 0..<block {
                let row = k &* block + c
                trace += blocks[row &* d + row] / rows.weight
                for l in k..<outputs {
                    for e in (l == k ? c : 0)..<block {
                        let i = place(k, c)
                        let j = place(l, e)
                        hessian[min(i, j) &* d + max(i, j)] = blocks[row &* d + l &* block + e] / rows.weight
                    }
                }
            }
        }
        for k in 0..<outputs {
            for c in 0..<features {
                let i = place(k, c)
                hessian[i &* d + i] += objective.penalty / (coordinates.scale.pointer[c] * coordinates.scale.pointer[c])
            }
        }
        if outputs == 1 { return }
        let lift = trace / Double(d)
        for c in 0..<block where c >= features || (objective.penalty == 0 && liftsCoefficients) {
            for k in 0..<outputs {
                for l in k..<outputs { hessian[place(k, c) &* d + place(l, c)] += lift }
            }
        }
    }
}
