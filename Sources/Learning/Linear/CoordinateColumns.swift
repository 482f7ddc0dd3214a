import Core
import Numerics

/// What a coordinate descent asks of x: the products g = x'(y - x b) of its columns with the residual, kept up to date
/// while coefficients change. Either from the Gram matrix x'x, which makes a change cost p, or from the columns
/// themselves and the residual, which makes it cost n.
final class CoordinateColumns {
    let count: Int
    /// x_c'x_c
    let squares: Buffer<Double>
    /// x'y and y'y of the target begun with.
    let cross: Buffer<Double>
    private(set) var targetSquare = 0.0
    private let gram: Buffer<Double>?
    private let columns: CentredColumns?
    private let sums: CentredSums?
    /// g, or the residual.
    private let state: Buffer<Double>
    private let rows: Int
    private let problem: RegressionProblem?

    /// The widest Gram matrix.
    private static let widest = 8192

    /// Throws `invalidArgument` for values that are not finite.
    init(_ problem: RegressionProblem) throws(ApusError) {
        let allocator = problem.context.allocator
        let p = problem.x.columns
        self.problem = problem
        rows = problem.x.rows
        count = p
        squares = try Buffer(zeros: p, in: allocator)
        problem.context.holdBLAS()
        if p <= rows, p <= CoordinateColumns.widest, let sums = try CentredSums(problem) {
            let gram = sums.gram
            for i in 0..<p {
                for j in 0..<i { gram.pointer[i &* p + j] = gram.pointer[j &* p + i] }
                squares.pointer[i] = gram.pointer[i &* p + i]
            }
            self.gram = gram
            self.sums = sums
            columns = nil
            cross = try Buffer(p, in: allocator)
            state = try Buffer(p, in: allocator)
            return
        }
        let columns = try CentredColumns(problem, leading: rows)
        for c in 0..<p {
            let column = columns.a.pointer + c &* rows
            squares.pointer[c] = sumOfProducts(column, column, rows)
        }
        self.columns = columns
        gram = nil
        sums = nil
        cross = try Buffer(p, in: allocator)
        state = try Buffer(rows, in: allocator)
    }

    /// Of a quadratic model: b'gram b/2 - cross'b, the cross products being set by the caller before each `begin`, and
    /// the Gram matrix (order x order, all of it) read anew there.
    init(gram: Buffer<Double>, order: Int, in allocator: Allocator) throws(ApusError) {
        count = order
        rows = 0
        problem = nil
        columns = nil
        sums = nil
        self.gram = gram
        squares = try Buffer(zeros: order, in: allocator)
        cross = try Buffer(zeros: order, in: allocator)
        state = try Buffer(order, in: allocator)
    }

    /// Starts with a target at the coefficients `b`.
    func begin(_ target: Int, at b: UnsafePointer<Double>) throws(ApusError) {
        if let columns {
            let y = columns.sides.pointer + target &* rows
            for c in 0..<count { cross.pointer[c] = sumOfProducts(columns.a.pointer + c &* rows, y, rows) }
            targetSquare = sumOfProducts(y, y, rows)
        } else if let gram, problem == nil {
            for c in 0..<count { squares.pointer[c] = gram.pointer[c &* count + c] }
        } else if let sums, let problem {
            cross.pointer.update(from: sums.cross.pointer + target &* count, count: count)
            targetSquare = 0
            let mean = problem.intercept ? sums.targetMean.pointer[target] : 0
            for r in 0..<rows {
                let deviation = problem.y.row(r)[target] - mean
                targetSquare += (problem.weights.map { $0.pointer[r] } ?? 1) * deviation * deviation
            }
        }
        self.target = target
        place(b)
    }

    private var target = 0

    /// Moves to the coefficients `b`.
    func place(_ b: UnsafePointer<Double>) {
        if let columns {
            state.pointer.update(from: columns.sides.pointer + target &* rows, count: rows)
        } else {
            state.pointer.update(from: cross.pointer, count: count)
        }
        for c in 0..<count where b[c] != 0 { move(c, by: b[c]) }
    }

    /// g_c
    @inline(__always)
    func product(_ c: Int) -> Double {
        guard let columns else { return state.pointer[c] }
        return sumOfProducts(columns.a.pointer + c &* rows, state.pointer, rows)
    }

    /// Coefficient c changes by `step`.
    @inline(__always)
    func move(_ c: Int, by step: Double) {
        if let gram {
            let row = gram.pointer + c &* count
            for i in 0..<count { state.pointer[i] -= step * row[i] }
        } else if let columns {
            let column = columns.a.pointer + c &* rows
            for i in 0..<rows { state.pointer[i] -= step * column[i] }
        }
    }

    /// x_c'x_d
    func gram(_ c: Int, _ d: Int) -> Double {
        if let gram { return gram.pointer[c &* count + d] }
        guard let columns else { return 0 }
        return sumOfProducts(columns.a.pointer + c &* rows, columns.a.pointer + d &* rows, rows)
    }

    /// |y - x b|^2 and (y - x b)'y.
    func residual(_ b: UnsafePointer<Double>) -> (square: Double, withTarget: Double) {
        var withTarget = targetSquare
        for c in 0..<count { withTarget -= b[c] * cross.pointer[c] }
        if columns != nil { return (sumOfProducts(state.pointer, state.pointer, rows), withTarget) }
        var square = withTarget
        for c in 0..<count { square -= b[c] * state.pointer[c] }
        return (max(square, 0), withTarget)
    }

    /// mean(y) - mean(x) b' for each target.
    func intercepts(_ coefficients: UnsafePointer<Double>) throws(ApusError) -> Buffer<Double> {
        if let sums { return try sums.intercepts(coefficients) }
        guard let columns else { throw ApusError(.internal, "A quadratic model has no intercepts.") }
        return try columns.intercepts(coefficients)
    }
}

/// sum a_i b_i in a fixed order: eight running sums, then the rest.
func sumOfProducts(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    var i = 0
    while i + 8 <= count {
        sums +=
            UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Double>.self)
            * UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Double>.self)
        i += 8
    }
    var sum = ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
    while i < count {
        sum += a[i] * b[i]
        i += 1
    }
    return sum
}
