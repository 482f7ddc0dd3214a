import Core
import Numerics

/// z = (x - mean) / scale for each column, scale being the population standard deviation and 1 for a constant column.
enum StandardScaler {
    static let entry = EstimatorEntry(
        kind: "standard_scaler", type: "transformer",
        doc: "Centres each column on its mean and divides it by its population standard deviation (constant: by 1).",
        parameters: [
            ParameterSpec("with_mean", .boolean, default: true, "Subtract the mean of each column."),
            ParameterSpec("with_std", .boolean, default: true, "Divide by the standard deviation of each column."),
        ],
        fit: fit, load: load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let data = try TrainingData(input)
        let allocator = input.context.allocator
        let moments = try ColumnMoments(
            of: data.x, named: "x", weights: data.weights.map { UnsafePointer($0.pointer) }, in: input.context)
        let features = data.x.columns
        for c in 0..<features where !moments.variance.pointer[c].isFinite {
            throw .invalid("The values of x in column \(c) are too large: their variance overflows float64.")
        }
        let mean = try Tensor(doubles: moments.mean.pointer, Shape(features), in: allocator)
        let variance = try Tensor(doubles: moments.variance.pointer, Shape(features), in: allocator)
        let notes = FeatureNotes(features: features, names: input.featureNames)
        return try model(input.parameters, notes, mean, variance, rows: data.x.rows, in: allocator)
    }

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let mean = try record.finite("mean_", shape: [notes.features])
        let variance = try record.finite("var_", shape: [notes.features])
        for c in 0..<notes.features where variance.doubles[c] < 0 {
            throw .corrupt("The array 'var_' of a \(record.kind) holds a negative value.")
        }
        let rows = try record.count("rows", atLeast: 1)
        return try model(parameters, notes, mean, variance, rows: rows, in: context.allocator)
    }

    private static func model(
        _ parameters: Parameters, _ notes: FeatureNotes, _ mean: Tensor, _ variance: Tensor, rows: Int,
        in allocator: Allocator
    ) throws(ApusError) -> any FittedModel {
        let withStd = parameters.boolean("with_std")
        let scale = try Tensor.perFeature(notes.features, in: allocator) { c in
            let deviation = variance.doubles[c].squareRoot()
            return withStd && deviation > 0 ? deviation : 1
        }
        let shift =
            parameters.boolean("with_mean")
            ? mean : try Tensor.perFeature(notes.features, in: allocator) { _ in 0 }
        return try ScalerModel(
            parameters, notes, ColumnScaling(shift: shift, divisor: scale, offset: 0, clip: nil), rows: rows,
            statistics: [
                (name: "mean_", value: mean), (name: "var_", value: variance), (name: "scale_", value: scale),
            ],
            in: allocator)
    }
}
