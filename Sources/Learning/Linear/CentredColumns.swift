import Core
import Numerics

/// A regression's columns in memory of their own: centred on their weighted means where there is an intercept, and
/// times the square roots of the weights. Constant columns are exactly 0.
struct CentredColumns {
    /// x: columns of n values, one after the other.
    let a: Buffer<Double>
    /// y: columns of `leading` values, of which the first n are set and the others 0.
    let sides: Buffer<Double>
    let moments: ColumnMoments
    let targets: ColumnMoments
    private let problem: RegressionProblem

    /// Throws `invalidArgument` for a value that is not finite, `limit`, `outOfMemory`.
    init(_ problem: RegressionProblem, leading: Int) throws(ApusError) {
        let x = problem.x
        let n = x.rows
        let p = x.columns
        let t = problem.y.columns
        let context = problem.context
        let weights = problem.weights.map { UnsafePointer($0.pointer) }
        let moments = try ColumnMoments(of: x, named: "x", weights: weights, in: context)
        try problem.y.requireFinite("y", vector: problem.vector)
        let targets = try ColumnMoments(of: problem.y, named: "y", weights: weights, in: context)
        let (cells, overflow) = n.multipliedReportingOverflow(by: p)
        let (sideCells, tooMany) = leading.multipliedReportingOverflow(by: t)
        if overflow || tooMany { throw .limit("The least-squares problem of \(n) x \(p) is too large.") }
        let a = try Buffer<Double>(cells, in: context.allocator)
        let sides = try Buffer<Double>(zeros: sideCells, in: context.allocator)
        let roots = problem.roots
        let intercept = problem.intercept
        // A band of columns at a time.
        context.parallel(over: p, by: 16) { columns in
            for r in 0..<n {
                let values = x.row(r)
                let root = roots.map { $0[r] } ?? 1
                for c in columns {
                    a.pointer[c &* n + r] = root * (values[c] - (intercept ? moments.mean.pointer[c] : 0))
                }
            }
            for c in columns where intercept && moments.isFlat(c) {
                for r in 0..<n { a.pointer[c &* n + r] = 0 }
            }
        }
        for k in 0..<t {
            let mean = intercept ? targets.mean.pointer[k] : 0
            for r in 0..<n {
                sides.pointer[k &* leading + r] = (roots.map { $0[r] } ?? 1) * (problem.y.row(r)[k] - mean)
            }
        }
        self.a = a
        self.sides = sides
        self.moments = moments
        self.targets = targets
        self.problem = problem
    }

    /// mean(y) - mean(x) b' for each target; 0 without an intercept.
    func intercepts(_ coefficients: UnsafePointer<Double>) throws(ApusError) -> Buffer<Double> {
        try problem.intercepts(coefficients, mean: moments.mean.pointer, targetMean: targets.mean.pointer)
    }
}

extension ColumnMoments {
    /// Whether a column varies by no more than the rounding of its values.
    func isFlat(_ column: Int) -> Bool {
        let greatest = max(abs(minimum.pointer[column]), abs(maximum.pointer[column]))
        return maximum.pointer[column] - minimum.pointer[column] <= 4 * greatest.ulp
    }
}
