import Core
import Numerics

/// The map that every scaler here is: z = (x - shift) / divisor + offset for each column, perhaps clipped, and back.
struct ColumnScaling: Sendable {
    let shift: Tensor
    let divisor: Tensor
    let offset: Double
    let clip: ClosedRange<Double>?

    var features: Int { divisor.count }

    /// Transforms rows of x. Throws as RowMap does.
    func transform(_ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        let features = features
        let shift = UnsafePointer(shift.doubles)
        let divisor = UnsafePointer(divisor.doubles)
        let offset = offset
        let clip = clip
        try RowMap.run(x, into: out, width: features, in: context) { values, result in
            for c in 0..<features { result[c] = (values[c] - shift[c]) / divisor[c] + offset }
            if let clip {
                // A NaN fails both comparisons and stays.
                for c in 0..<features {
                    let value = result[c]
                    if !values[c].isFinite { continue }
                    result[c] =
                        value < clip.lowerBound ? clip.lowerBound : value > clip.upperBound ? clip.upperBound : value
                }
            }
        }
    }

    /// The transform undone: x = (z - offset) divisor + shift.
    func inverse(_ z: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        let features = features
        let shift = UnsafePointer(shift.doubles)
        let divisor = UnsafePointer(divisor.doubles)
        let offset = offset
        try RowMap.run(z, into: out, width: features, in: context) { values, result in
            for c in 0..<features { result[c] = (values[c] - offset) * divisor[c] + shift[c] }
        }
    }
}

/// A fitted scaler: one map per column, and the statistics that it came from.
final class ScalerModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let scaling: ColumnScaling
    private let rows: Int
    let attributes: [(name: String, value: Tensor)]

    /// `statistics` are the learned arrays under scikit-learn's names, one value per feature each.
    init(
        _ parameters: Parameters, _ notes: FeatureNotes, _ scaling: ColumnScaling, rows: Int,
        statistics: [(name: String, value: Tensor)], in allocator: Allocator
    ) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        self.scaling = scaling
        self.rows = rows
        self.attributes = statistics + [(name: "n_samples_seen_", value: try Tensor.scalar(rows, in: allocator))]
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        guard what == .predict || what == .inverseTransform else { throw unsupported(what) }
        return (.float64, Shape(rows, features))
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        if what == .predict {
            try scaling.transform(x, into: out, in: context)
        } else {
            try scaling.inverse(x, into: out, in: context)
        }
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        record.set("rows", .integer(rows))
        for (name, value) in attributes where name != "n_samples_seen_" { record.set(name, .tensor(value)) }
        return record
    }
}

extension Tensor {
    /// A float64 vector of one value per feature, made by a rule.
    static func perFeature(_ count: Int, in allocator: Allocator, _ value: (Int) -> Double) throws(ApusError) -> Tensor
    {
        let tensor = try Tensor(.float64, Shape(count), in: allocator)
        for index in 0..<count { tensor.doubles[index] = value(index) }
        return tensor
    }
}
