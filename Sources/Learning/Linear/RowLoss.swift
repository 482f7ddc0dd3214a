import Glibc

/// A loss of one row's scores. Each takes the scores of some rows, replaces them by the derivatives of the rows'
/// losses, and returns the sum of the losses, both times the rows' weights.
enum RowLoss: Sendable {
    /// factor sum_t (s_t - y_t)^2: factor 1 for the squared error, 1/2 for half of it. Targets: one column per output.
    case squared(factor: Double)
    /// ln(1 + exp(s)) - y s with y 0 or 1: one output, one target column.
    case logistic
    /// ln sum_k exp(s_k) - s_y with y a class number: one target column.
    case softmax

    /// Columns of the targets for `outputs` scores.
    func targetColumns(_ outputs: Int) -> Int {
        if case .squared = self { outputs } else { 1 }
    }

    /// `scores` are rows x outputs, dense; weights may be nil for 1.
    func apply(
        _ scores: UnsafeMutablePointer<Double>, rows: Int, outputs: Int, targets: UnsafePointer<Double>,
        weights: UnsafePointer<Double>?
    ) -> Double {
        switch self {
        case .squared(let factor):
            RowLoss.squared(factor, scores, rows, outputs, targets, weights)
        case .logistic: RowLoss.logistic(scores, rows, targets, weights)
        case .softmax: RowLoss.softmax(scores, rows, outputs, targets, weights)
        }
    }

    private static func squared(
        _ factor: Double, _ scores: UnsafeMutablePointer<Double>, _ rows: Int, _ outputs: Int,
        _ targets: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?
    ) -> Double {
        var sum = 0.0
        for r in 0..<rows {
            let w = weights.map { $0[r] } ?? 1
            for t in 0..<outputs {
                let residual = scores[r &* outputs + t] - targets[r &* outputs + t]
                sum += factor * w * residual * residual
                scores[r &* outputs + t] = 2 * factor * w * residual
            }
        }
        return sum
    }

    private static func logistic(
        _ scores: UnsafeMutablePointer<Double>, _ rows: Int, _ targets: UnsafePointer<Double>,
        _ weights: UnsafePointer<Double>?
    ) -> Double {
        var sum = 0.0
        for r in 0..<rows {
            let w = weights.map { $0[r] } ?? 1
            let score = scores[r]
            // exp of a negative number alone: no overflow, no cancellation.
            let small = exp(-abs(score))
            let probability = score >= 0 ? 1 / (1 + small) : small / (1 + small)
            sum += w * (max(score, 0) - targets[r] * score + log1p(small))
            scores[r] = w * (probability - targets[r])
        }
        return sum
    }

    private static func softmax(
        _ scores: UnsafeMutablePointer<Double>, _ rows: Int, _ outputs: Int, _ targets: UnsafePointer<Double>,
        _ weights: UnsafePointer<Double>?
    ) -> Double {
        var sum = 0.0
        for r in 0..<rows {
            let w = weights.map { $0[r] } ?? 1
            let row = scores + r &* outputs
            let label = Int(targets[r])
            let own = row[label]
            let logarithm = softmaxInPlace(row, outputs)
            sum += w * (logarithm - own)
            for k in 0..<outputs { row[k] *= w }
            row[label] -= w
        }
        return sum
    }
}

/// Replaces scores by exp(s_k) / sum exp(s); returns ln sum exp(s). The largest score is taken off first.
func softmaxInPlace(_ row: UnsafeMutablePointer<Double>, _ count: Int) -> Double {
    var top = row[0]
    for k in 1..<max(count, 1) where row[k] > top { top = row[k] }
    var total = 0.0
    for k in 0..<count {
        row[k] = exp(row[k] - top)
        total += row[k]
    }
    for k in 0..<count { row[k] /= total }
    return top + log(total)
}
