import Core
import Numerics

/// z = (x - mean) / (max - min) for each column; a constant column gives 0.
enum MeanNormalizer {
    static let entry = EstimatorEntry(
        kind: "mean_normalizer", type: "transformer",
        doc: "Centres each column on its mean and divides it by its range, max - min (constant: gives 0).",
        parameters: [], fit: fit, load: load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.refuseWeights(input)
        let data = try TrainingData(input)
        let allocator = input.context.allocator
        let moments = try ColumnMoments(of: data.x, named: "x", in: input.context)
        let features = data.x.columns
        let mean = try Tensor(doubles: moments.mean.pointer, Shape(features), in: allocator)
        let least = try Tensor(doubles: moments.minimum.pointer, Shape(features), in: allocator)
        let greatest = try Tensor(doubles: moments.maximum.pointer, Shape(features), in: allocator)
        for c in 0..<features where !(greatest.doubles[c] - least.doubles[c]).isFinite {
            throw .invalid("The values of x in column \(c) are too large: their range overflows float64.")
        }
        let notes = FeatureNotes(features: features, names: input.featureNames)
        return try model(input.parameters, notes, mean, least, greatest, rows: data.x.rows, in: allocator)
    }

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let mean = try record.finite("mean_", shape: [notes.features])
        let least = try record.finite("data_min_", shape: [notes.features])
        let greatest = try record.finite("data_max_", shape: [notes.features])
        for c in 0..<notes.features {
            let spread = greatest.doubles[c] - least.doubles[c]
            guard spread >= 0, spread.isFinite else {
                throw .corrupt(
                    "'data_max_' of a \(record.kind) lies below 'data_min_', or too far above, in column \(c).")
            }
        }
        let rows = try record.count("rows", atLeast: 1)
        return try model(parameters, notes, mean, least, greatest, rows: rows, in: context.allocator)
    }

    private static func model(
        _ parameters: Parameters, _ notes: FeatureNotes, _ mean: Tensor, _ least: Tensor, _ greatest: Tensor, rows: Int,
        in allocator: Allocator
    ) throws(ApusError) -> any FittedModel {
        let spread = try Tensor.perFeature(notes.features, in: allocator) { greatest.doubles[$0] - least.doubles[$0] }
        let scale = try Tensor.perFeature(notes.features, in: allocator) {
            spread.doubles[$0].isNormal ? spread.doubles[$0] : 1
        }
        return try ScalerModel(
            parameters, notes, ColumnScaling(shift: mean, divisor: scale, offset: 0, clip: nil), rows: rows,
            statistics: [
                (name: "mean_", value: mean), (name: "data_min_", value: least), (name: "data_max_", value: greatest),
                (name: "data_range_", value: spread), (name: "scale_", value: scale),
            ], in: allocator)
    }
}
