import Core
import Glibc
import Numerics

/// A start for logistic regression on many rows: the optimum of some rows spread evenly over all, which costs little
/// and lies close, one Newton step on eight times as many, and the Cholesky factor of their Hessian. In its coordinates
/// the whole cost is nearly round, so that L-BFGS needs a handful of passes over all rows (a subsampled Newton method:
/// Byrd, Chin, Neveitt, Nocedal 2011, doi:10.1137/10079923X).
struct LogisticStart {
    /// Of the sampled rows.
    let coordinates: ScaledCoordinates
    /// Scaled parameters.
    let point: Buffer<Double>
    /// L of the Hessian L L' there: row-major, lower.
    let factor: Buffer<Double>

    /// Fewer values of x than these are no burden.
    private static let fewest = 1 << 20
    private static let mostIterations = 30

    /// nil where sampling does not pay or leads nowhere. Throws `interrupted`, `outOfMemory`.
    init?(_ objective: LinearObjective, _ rows: TargetedRows, in context: Context) throws(ApusError) {
        let d = objective.count
        let few = max(2048, 20 &* d)
        guard rows.x.rows &* rows.x.columns >= LogisticStart.fewest, few <= rows.x.rows / 16 else { return nil }
        let allocator = context.allocator
        guard let small = try Sample(rows, objective, few, in: context),
            let large = try Sample(rows, objective, min(8 * few, rows.x.rows / 5), in: context)
        else { return nil }
        let coordinates = try ScaledCoordinates(
            large.rows.x, weights: large.rows.weights, intercept: objective.intercept, in: context)
        let raw = try Buffer<Double>(d, in: allocator)
        let start = try Buffer<Double>(zeros: d, in: allocator)
        let first = LogisticHessian(objective: objective, rows: small.rows, coordinates: coordinates, context: context)
        var conditions = StopConditions()
        conditions.mostIterations = LogisticStart.mostIterations
        // No closer than the sample is to all rows.
        conditions.tolerance = 0.1 / Double(few).squareRoot()
        let run = try Minimisation(
            Problem(
                count: d,
                hessian: { (point, matrix) throws(ApusError) in
                    coordinates.raw(point, objective, to: raw.pointer)
                    try first.write(raw.pointer, to: matrix)
                    return true
                },
                { (point, gradient) throws(ApusError) in
                    try small.cost(point, gradient, objective, coordinates, raw)
                }), from: start.pointer, conditions: conditions, in: context)
        let minimum = try run.run(Newton())
        // Rows that can be told apart perfectly lead far away.
        guard minimum.stop == .converged, minimum.value.isFinite else { return nil }
        let point = try run.x.copy(in: allocator)
        let gradient = try Buffer<Double>(d, in: allocator)
        let factor = try Buffer<Double>(zeros: d &* d, in: allocator)
        let value = try large.cost(point.pointer, gradient.pointer, objective, coordinates, raw)
        let second = LogisticHessian(objective: objective, rows: large.rows, coordinates: coordinates, context: context)
        try second.write(raw.pointer, to: factor.pointer)
        guard value.isFinite, LogisticStart.lower(factor, order: d) else { return nil }
        // point - (L L')^-1 gradient, if it is lower.
        LogisticStart.solve(factor.pointer, d, gradient.pointer)
        LogisticStart.solveTransposed(factor.pointer, d, gradient.pointer, to: start.pointer)
        for i in 0..<d { start.pointer[i] = point.pointer[i] - start.pointer[i] }
        let isLower = try large.cost(start.pointer, nil, objective, coordinates, raw) < value
        self.coordinates = coordinates
        self.point = isLower ? start : point
        self.factor = factor
    }

    /// Rows spread evenly over all, copied.
    private struct Sample {
        let rows: TargetedRows
        private let x: Buffer<Double>
        private let targets: Buffer<Double>
        private let weights: Buffer<Double>?

        /// nil for values that are not finite, and where no row has a weight.
        init?(_ all: TargetedRows, _ objective: LinearObjective, _ size: Int, in context: Context) throws(ApusError) {
            let allocator = context.allocator
            let p = all.x.columns
            x = try Buffer(size &* p, in: allocator)
            targets = try Buffer(size, in: allocator)
            weights = all.weights == nil ? nil : try Buffer(size, in: allocator)
            var weight = all.weights == nil ? Double(size) : 0
            var probe = 0.0
            for i in 0..<size {
                let from = i &* all.x.rows / size
                let values = all.x.row(from)
                (x.pointer + i &* p).update(from: values, count: p)
                for c in 0..<p { probe += values[c] * 0 }
                targets.pointer[i] = all.targets[from]
                if let weights, let given = all.weights {
                    weights.pointer[i] = given[from]
                    weight += given[from]
                }
            }
            rows = TargetedRows(
                x: Matrix(x, rows: size, columns: p), targets: targets.pointer,
                weights: weights.map { UnsafePointer($0.pointer) }, weight: weight)
            guard probe == 0, weight > 0 else { return nil }
        }

        /// The cost at scaled parameters; `raw` become those in the caller's units.
        func cost(
            _ point: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>?, _ objective: LinearObjective,
            _ coordinates: ScaledCoordinates, _ raw: Buffer<Double>
        ) throws(ApusError) -> Double {
            coordinates.raw(point, objective, to: raw.pointer)
            let cost = try objective.evaluate(raw.pointer, on: rows, gradient: gradient)
            if let gradient { coordinates.scaleGradient(gradient, objective) }
            return cost
        }
    }

    /// Factors the upper triangle into L in the lower one; false where it is not safely definite.
    private static func lower(_ a: Buffer<Double>, order d: Int) -> Bool {
        let l = a.pointer
        var largest = 0.0
        for i in 0..<d { largest = max(largest, l[i &* d + i]) }
        for i in 0..<d {
            for j in 0...i {
                let value = l[j &* d + i] - sumOfProducts(l + i &* d, l + j &* d, j)
                if i == j {
                    guard value > 1e-8 * largest else { return false }
                    l[i &* d + i] = value.squareRoot()
                } else {
                    l[i &* d + j] = value / l[j &* d + j]
                }
            }
        }
        return true
    }

    /// v with L' v = u.
    static func solveTransposed(
        _ l: UnsafePointer<Double>, _ d: Int, _ u: UnsafePointer<Double>, to v: UnsafeMutablePointer<Double>
    ) {
        v.update(from: u, count: d)
        for i in stride(from: d - 1, through: 0, by: -1) {
            v[i] /= l[i &* d + i]
            for j in 0..<i { v[j] -= l[i &* d + j] * v[i] }
        }
    }

    /// L^-1 g, in place.
    static func solve(_ l: UnsafePointer<Double>, _ d: Int, _ g: UnsafeMutablePointer<Double>) {
        for i in 0..<d { g[i] = (g[i] - sumOfProducts(l + i &* d, g, i)) / l[i &* d + i] }
    }

    /// The largest component of L g.
    static func largest(_ l: UnsafePointer<Double>, _ d: Int, _ g: UnsafePointer<Double>) -> Double {
        var most = 0.0
        for i in 0..<d { most = max(most, abs(sumOfProducts(l + i &* d, g, i + 1))) }
        return most
    }
}
