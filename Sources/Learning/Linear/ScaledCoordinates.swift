import Core
import Numerics

/// Coordinates in which a linear model's cost is well conditioned: with m and s the columns' means and deviations,
/// v = s coef and c = intercept + m coef. The cost is the same function; only the minimiser sees other numbers.
struct ScaledCoordinates {
    let mean: Buffer<Double>
    let scale: Buffer<Double>

    /// Without an intercept nothing is centred, and s is the root mean square. Throws for values that are not finite.
    init(_ data: TrainingData, intercept: Bool, in context: Context) throws(ApusError) {
        try self.init(
            data.x, weights: data.weights.map { UnsafePointer($0.pointer) }, intercept: intercept, in: context)
    }

    /// The same of rows alone.
    init(_ x: Matrix, weights: UnsafePointer<Double>?, intercept: Bool, in context: Context) throws(ApusError) {
        let moments = try ColumnMoments(of: x, named: "x", weights: weights, in: context)
        let p = x.columns
        mean = try Buffer(zeros: p, in: context.allocator)
        scale = try Buffer(p, in: context.allocator)
        for c in 0..<p {
            let middle = moments.mean.pointer[c]
            if intercept { mean.pointer[c] = middle }
            let square = moments.variance.pointer[c] + (intercept ? 0 : middle * middle)
            scale.pointer[c] = square.isNormal ? square.squareRoot() : 1
        }
    }

    /// The caller's parameters (coefficients, then intercepts) of scaled ones.
    func raw(_ scaled: UnsafePointer<Double>, _ objective: LinearObjective, to raw: UnsafeMutablePointer<Double>) {
        let p = objective.features
        let weights = objective.outputs &* p
        for k in 0..<objective.outputs {
            var moved = 0.0
            for c in 0..<p {
                raw[k &* p + c] = scaled[k &* p + c] / scale.pointer[c]
                moved += raw[k &* p + c] * mean.pointer[c]
            }
            if objective.intercept { raw[weights + k] = scaled[weights + k] - moved }
        }
    }

    /// Turns the gradient by the caller's parameters into that by the scaled ones, in place.
    func scaleGradient(_ gradient: UnsafeMutablePointer<Double>, _ objective: LinearObjective) {
        let p = objective.features
        let weights = objective.outputs &* p
        for k in 0..<objective.outputs {
            let level = objective.intercept ? gradient[weights + k] : 0
            for c in 0..<p {
                gradient[k &* p + c] = (gradient[k &* p + c] - mean.pointer[c] * level) / scale.pointer[c]
            }
        }
    }

    /// Rows of x in scaled units, a 1 at the end where there is an intercept.
    func rows(_ x: Matrix, _ first: Int, _ count: Int, intercept: Bool, to out: UnsafeMutablePointer<Double>) {
        let p = x.columns
        let width = p + (intercept ? 1 : 0)
        for r in 0..<count {
            let values = x.row(first + r)
            let to = out + r &* width
            for c in 0..<p { to[c] = (values[c] - mean.pointer[c]) / scale.pointer[c] }
            if intercept { to[p] = 1 }
        }
    }
}
