import Core
import Glibc
import Numerics

/// A fit's x and weights, checked.
struct TrainingData {
    let x: Matrix
    /// One non-negative, finite weight per row; nil when all are 1.
    let weights: Buffer<Double>?
    /// The sum of the weights.
    let weight: Double

    /// Checks shapes and weights; x is not yet looked at for NaN. Throws `shape`, `limit`, `dtype`, `invalidArgument`.
    init(_ input: FitInput) throws(ApusError) {
        try TrainingData.requireRows(input)
        x = try Matrix(input.x, name: "x", in: input.context.allocator)
        (weights, weight) = try TrainingData.weights(input)
    }

    /// Throws `shape` unless x has rows and columns, and as many names as columns where there are names.
    static func requireRows(_ input: FitInput) throws(ApusError) {
        let kind = input.parameters.kind
        let shape = input.x.shape
        guard shape.rank == 2 else {
            throw .shape("x of \(kind) must have two dimensions (rows, columns), got shape \(shape).")
        }
        guard shape[0] >= 1, shape[1] >= 1 else {
            throw .shape("x of \(kind) must have at least one row and one column, got shape \(shape).")
        }
        if let names = input.featureNames, names.count != shape[1] {
            throw .shape(
                "feature_names of \(kind) must have one name per column of x (\(shape[1])), got \(names.count).")
        }
    }

    /// The weights of the rows, nil when all are 1, and their sum. Throws `shape`, `invalidArgument`.
    static func weights(_ input: FitInput) throws(ApusError) -> (Buffer<Double>?, Double) {
        let rows = input.x.rows
        guard let given = input.sampleWeight else { return (nil, Double(rows)) }
        guard given.shape == Shape(rows) else {
            throw .shape("sample_weight must have shape (\(rows),), one value per row of x, got \(given.shape).")
        }
        let buffer = try Buffer<Double>(rows, in: input.context.allocator)
        try given.copy(to: buffer.pointer, name: "sample_weight")
        var sum = 0.0
        for row in 0..<rows {
            let value = buffer.pointer[row]
            guard value >= 0, value.isFinite else {
                throw .invalid("sample_weight must be finite and >= 0, got \(value) at row \(row) (counted from 0).")
            }
            sum += value
        }
        guard sum > 0, sum.isFinite else {
            throw .invalid("The sum of sample_weight must be positive and finite, got \(sum).")
        }
        return (buffer, sum)
    }

    private init(x: Matrix, weights: Buffer<Double>, weight: Double) {
        self.x = x
        self.weights = weights
        self.weight = weight
    }

    /// The same rows with other weights, finite and not negative. Throws `invalidArgument` when their sum is 0 or
    /// overflows.
    func with(_ weights: Buffer<Double>) throws(ApusError) -> TrainingData {
        var sum = 0.0
        for row in 0..<x.rows { sum += weights.pointer[row] }
        guard sum > 0, sum.isFinite else {
            throw .invalid("The sum of the rows' weights must be positive and finite, got \(sum).")
        }
        return TrainingData(x: x, weights: weights, weight: sum)
    }

    /// The square roots of the weights.
    func rootWeights(in allocator: Allocator) throws(ApusError) -> Buffer<Double>? {
        guard let weights else { return nil }
        let roots = try Buffer<Double>(weights.count, in: allocator)
        for row in 0..<weights.count { roots.pointer[row] = weights.pointer[row].squareRoot() }
        return roots
    }

    /// y, which must be there and have a row for each row of x. Throws `invalidArgument` without one, `shape`.
    static func target(_ input: FitInput, severalColumns: Bool) throws(ApusError) -> ArrayView {
        let kind = input.parameters.kind
        guard let y = input.y else { throw .invalid("\(kind) needs y: one value per row of x.") }
        let rows = input.x.rows
        let allowed = severalColumns ? "(\(rows),) or (\(rows), targets)" : "(\(rows),)"
        let single = y.shape.rank == 1 || (y.shape.rank == 2 && y.shape[1] == 1)
        let several = severalColumns && y.shape.rank == 2 && y.shape[1] >= 1
        guard single || several, y.rows == rows else {
            throw .shape("y of \(kind) must have shape \(allowed) for \(rows) rows of x, got \(y.shape).")
        }
        return y
    }

    /// Refuses sample weights for a kind that has no use for them.
    static func refuseWeights(_ input: FitInput) throws(ApusError) {
        if input.sampleWeight != nil { throw .invalid("\(input.parameters.kind) takes no sample_weight.") }
    }
}

extension FittedModel {
    /// Throws `shape` unless x has rows of `columns` values.
    func requireColumns(_ x: ArrayView, _ columns: Int) throws(ApusError) {
        guard x.shape.rank == 2, x.shape[1] == columns else {
            throw .shape("x must have shape (rows, \(columns)) for this \(parameters.kind), got \(x.shape).")
        }
    }

    /// Throws `shape` unless `out` has the shape that a prediction gives.
    func requireOutput(_ out: ArrayView, _ what: Prediction, rows: Int) throws(ApusError) {
        let shape = try outputShape(what, rows: rows).shape
        guard out.shape == shape else {
            throw .shape("out must have shape \(shape) for \(what.name), got \(out.shape).")
        }
    }

    func unsupported(_ what: Prediction) -> ApusError {
        .unsupported("\(parameters.kind) has no \(what.name).")
    }
}
