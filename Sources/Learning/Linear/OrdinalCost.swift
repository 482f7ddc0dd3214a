import Core
import Glibc
import Numerics

/// The mean cost of an ordinal logistic regression in scaled coordinates: with s = z v the score of a row of class k,
///
///     softplus(s - t_k) + softplus(t_{k-1} - s) - ln(1 - exp(-(t_k - t_{k-1})))      (the likelihood)
///     sum_{j >= k} softplus(s - t_j) + sum_{j < k} softplus(t_j - s)                 (all thresholds)
///
/// Both are convex. The parameters are v, then the thresholds. Slices of rows are added in order.
final class OrdinalCost {
    let count: Int
    /// The smallest positive weight of a row.
    let leastWeight: Double
    private let data: TrainingData
    private let numbers: Buffer<Double>
    private let coordinates: ScaledCoordinates
    private let classes: Int
    private let likelihood: Bool
    private let penalty: Double
    private let context: Context
    /// The weight of each class.
    private let classWeights: Buffer<Double>
    private let slices: RowSlices
    private let block: Int

    private var features: Int { data.x.columns }
    private var thresholds: Int { classes - 1 }

    init(
        _ data: TrainingData, _ numbers: Buffer<Double>, _ coordinates: ScaledCoordinates, classes: Int,
        likelihood: Bool, penalty: Double, in context: Context
    ) throws(ApusError) {
        self.data = data
        self.numbers = numbers
        self.coordinates = coordinates
        self.classes = classes
        self.likelihood = likelihood
        self.penalty = penalty
        self.context = context
        count = data.x.columns + classes - 1
        slices = RowSlices(rows: data.x.rows, columns: data.x.columns + classes, most: 16)
        block = min(slices.block, data.x.rows)
        classWeights = try Buffer(zeros: classes, in: context.allocator)
        var least = Double.infinity
        for r in 0..<data.x.rows {
            let w = data.weights.map { $0.pointer[r] } ?? 1
            classWeights.pointer[Int(numbers.pointer[r])] += w
            if w > 0 { least = min(least, w) }
        }
        leastWeight = least
    }

    /// No coefficients, and the thresholds that are best then. Throws `invalidArgument` for a class without weight.
    func start(_ kind: String) throws(ApusError) -> Buffer<Double> {
        let point = try Buffer<Double>(zeros: count, in: context.allocator)
        var below = 0.0
        for k in 0..<classes {
            guard classWeights.pointer[k] > 0 else {
                throw .invalid("The rows of each class of \(kind) must have a positive weight; those of one have none.")
            }
            below += classWeights.pointer[k]
            if k < thresholds { point.pointer[features + k] = log(below / (data.weight - below)) }
        }
        // Weights far apart may round to equal sums.
        for k in 1..<max(thresholds, 1) where !(point.pointer[features + k] > point.pointer[features + k - 1]) {
            point.pointer[features + k] = point.pointer[features + k - 1] + 1e-6
        }
        for k in 0..<thresholds where !point.pointer[features + k].isFinite {
            point.pointer[features + k] = Double(k) * 40
        }
        return point
    }

    /// Coefficients and thresholds for the caller's columns. Throws `notConverged` when they are not finite.
    func raw(_ point: UnsafePointer<Double>) throws(ApusError) -> (Tensor, Tensor) {
        let coefficients = try Tensor(.float64, Shape(features), in: context.allocator)
        let edges = try Tensor(.float64, Shape(thresholds), in: context.allocator)
        var moved = 0.0
        for c in 0..<features {
            coefficients.doubles[c] = point[c] / coordinates.scale.pointer[c]
            moved += coefficients.doubles[c] * coordinates.mean.pointer[c]
        }
        for k in 0..<thresholds {
            // Those of all_threshold may cross before the optimum.
            let edge = point[features + k] + moved
            edges.doubles[k] = k == 0 ? edge : max(edge, edges.doubles[k - 1])
        }
        guard (0..<features).allSatisfy({ coefficients.doubles[$0].isFinite }), moved.isFinite else {
            throw ApusError(
                .notConverged, "The coefficients of ordinal_logistic overflow float64: scale the columns of x first.")
        }
        return (coefficients, edges)
    }

    /// The thresholds that a row of class k is measured against.
    @inline(__always)
    private func edges(_ k: Int) -> Range<Int> { likelihood ? max(k - 1, 0)..<min(k + 1, thresholds) : 0..<thresholds }

    /// Infinite where thresholds do not increase.
    func evaluate(_ point: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>?) throws(ApusError) -> Double {
        let p = features
        let t = point + p
        if likelihood {
            for k in 1..<max(thresholds, 1) where !(t[k] > t[k - 1]) { return .infinity }
        }
        let share = 1 + count + block &* (p + 1)
        let scratch = try Buffer<Double>(slices.count &* share, in: context.allocator)
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let partial = scratch.pointer + slice &* share
            let z = partial + 1 + count
            let scores = z + block &* p
            for i in 0..<1 + count { partial[i] = 0 }
            slices.blocks(of: slice) { first, rows in
                coordinates.rows(data.x, first, rows, intercept: false, to: z)
                BLAS.matrixVector(transpose: false, rows, p, z, p, point, beta: 0, scores)
                for r in 0..<rows {
                    let w = data.weights.map { $0.pointer[first + r] } ?? 1
                    let k = Int(numbers.pointer[first + r])
                    var slope = 0.0
                    for j in edges(k) {
                        let u = j >= k ? scores[r] - t[j] : t[j] - scores[r]
                        let small = exp(-abs(u))
                        let g = w * (u >= 0 ? 1 : small) / (1 + small)
                        partial[0] += w * (max(u, 0) + log1p(small))
                        slope += j >= k ? g : -g
                        partial[1 + p + j] += j >= k ? -g : g
                    }
                    scores[r] = slope
                }
                BLAS.matrixVector(transpose: true, rows, p, z, p, scores, beta: 1, partial + 1)
            }
        }
        try context.checkInterrupt()
        var sum = 0.0
        if let gradient { for i in 0..<count { gradient[i] = 0 } }
        for slice in 0..<slices.count {
            let partial = scratch.pointer + slice &* share
            sum += partial[0]
            if let gradient { for i in 0..<count { gradient[i] += partial[1 + i] } }
        }
        if likelihood {
            for k in 1..<max(thresholds, 1) {
                let gap = t[k] - t[k - 1]
                sum -= classWeights.pointer[k] * log(-expm1(-gap))
                if let gradient {
                    let slope = classWeights.pointer[k] / expm1(gap)
                    gradient[p + k] -= slope
                    gradient[p + k - 1] += slope
                }
            }
        }
        var cost = sum / data.weight
        if let gradient { for i in 0..<count { gradient[i] /= data.weight } }
        for c in 0..<p {
            let scale = coordinates.scale.pointer[c]
            let value = point[c] / scale
            cost += penalty / 2 * value * value
            if let gradient { gradient[c] += penalty * value / scale }
        }
        return cost
    }

    /// All of the Hessian.
    func hessian(_ point: UnsafePointer<Double>, to matrix: UnsafeMutablePointer<Double>) throws(ApusError) {
        let p = features
        let d = count
        let t = point + p
        let cells = d &* d
        let share = cells + block &* (p + 1 + d)
        let scratch = try Buffer<Double>(zeros: slices.count &* share, in: context.allocator)
        context.parallel(slices.count) { slice in
            let partial = scratch.pointer + slice &* share
            let z = partial + cells
            let scores = z + block &* p
            let weighted = scores + block
            slices.blocks(of: slice) { first, rows in
                if context.isInterrupted { return }
                coordinates.rows(data.x, first, rows, intercept: false, to: z)
                BLAS.matrixVector(transpose: false, rows, p, z, p, point, beta: 0, scores)
                for r in 0..<rows {
                    let w = data.weights.map { $0.pointer[first + r] } ?? 1
                    let k = Int(numbers.pointer[first + r])
                    var bend = 0.0
                    for j in edges(k) {
                        let small = exp(-abs(scores[r] - t[j]))
                        let h = w * small / ((1 + small) * (1 + small))
                        bend += h
                        partial[(p + j) &* d + p + j] += h
                        let row = z + r &* p
                        for c in 0..<p { partial[c &* d + p + j] -= h * row[c] }
                    }
                    let root = bend.squareRoot()
                    for c in 0..<p { weighted[r &* p + c] = root * z[r &* p + c] }
                }
                BLAS.addGram(p, rows, weighted, p, partial, d)
            }
        }
        try context.checkInterrupt()
        for i in 0..<cells { matrix[i] = 0 }
        for slice in 0..<slices.count {
            let partial = scratch.pointer + slice &* share
            for i in 0..<cells { matrix[i] += partial[i] }
        }
        if likelihood {
            for k in 1..<max(thresholds, 1) {
                let gap = t[k] - t[k - 1]
                let small = expm1(-gap)
                // e^gap / (e^gap - 1)^2, which does not overflow so.
                let bend = classWeights.pointer[k] * exp(-gap) / (small * small)
                matrix[(p + k) &* d + p + k] += bend
                matrix[(p + k - 1) &* d + p + k - 1] += bend
                matrix[(p + k - 1) &* d + p + k] -= bend
            }
        }
        for i in 0..<d {
            for j in i..<d {
                matrix[i &* d + j] /= data.weight
                if i == j, i < p {
                    matrix[i &* d + i] += penalty / (coordinates.scale.pointer[i] * coordinates.scale.pointer[i])
                }
                matrix[j &* d + i] = matrix[i &* d + j]
            }
        }
    }
}
