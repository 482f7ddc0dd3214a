import Core
import Numerics

/// An array that a kind may learn beside its coefficients.
struct LearnedArray: Sendable {
    let name: String
    let dtype: DType
    /// nil: a scalar for y of one dimension, else one value for each target.
    let rank: Int?

    init(_ name: String, _ dtype: DType, rank: Int?) {
        self.name = name
        self.dtype = dtype
        self.rank = rank
    }
}

/// A fitted linear regressor: coefficients, intercepts, and what else its kind learned.
final class LinearRegressionModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let coefficients: Tensor
    private let intercepts: Tensor
    private let learned: [(name: String, value: Tensor)]

    /// `targets` is nil for y of one dimension.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, coefficients: UnsafePointer<Double>,
        intercepts: UnsafePointer<Double>, targets: Int?, _ learned: [(name: String, value: Tensor)],
        in allocator: Allocator
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.learned = learned
        let shape = targets.map { Shape($0, notes.features) } ?? Shape(notes.features)
        self.coefficients = try Tensor(doubles: coefficients, shape, in: allocator)
        self.intercepts = try Tensor(doubles: intercepts, targets.map { Shape($0) } ?? Shape(), in: allocator)
    }

    /// Of a fit: coefficients are targets x features, intercepts one for each target.
    convenience init(
        _ input: FitInput, coefficients: Buffer<Double>, intercepts: Buffer<Double>, _ problem: RegressionProblem,
        _ learned: [(name: String, value: Tensor)]
    ) throws(ApusError) {
        try self.init(
            input.parameters, FeatureNotes(features: problem.x.columns, names: input.featureNames),
            coefficients: coefficients.pointer, intercepts: intercepts.pointer,
            targets: problem.vector ? nil : problem.y.columns, learned, in: input.context.allocator)
    }

    /// Reads the arrays of `learned` that are there. Throws `corrupt` for arrays that do not belong together.
    static func load(
        _ record: Record, _ parameters: Parameters, _ learned: [LearnedArray], _ context: Context
    ) throws(ApusError) -> any FittedModel {
        let notes = try FeatureNotes(record)
        guard case .tensor(let stored)? = record["coef_"] else {
            throw .corrupt("A \(record.kind) needs the array 'coef_'; the file lacks it.")
        }
        let targets = stored.shape.rank == 2 ? stored.shape[0] : nil
        if targets == 0 { throw .corrupt("A \(record.kind) must have at least one target, the file has none.") }
        let coefficients = try record.finite("coef_", shape: targets.map { [$0, notes.features] } ?? [notes.features])
        let intercepts = try record.finite("intercept_", shape: targets.map { [$0] } ?? [])
        return try LinearRegressionModel(
            parameters, notes, coefficients: coefficients.doubles, intercepts: intercepts.doubles, targets: targets,
            try record.optional(
                learned.map { (name: $0.name, dtype: $0.dtype, rank: $0.rank ?? (targets == nil ? 0 : 1)) }),
            in: context.allocator)
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        guard what == .predict else { throw unsupported(what) }
        return (.float64, coefficients.shape.rank == 1 ? Shape(rows) : Shape(rows, coefficients.shape[0]))
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        try LinearScores(coefficients, intercepts, features: features).run(x, into: out, in: context)
    }

    var attributes: [(name: String, value: Tensor)] {
        [(name: "coef_", value: coefficients), (name: "intercept_", value: intercepts)] + learned
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (name, value) in attributes { record.set(name, .tensor(value)) }
        return record
    }
}
