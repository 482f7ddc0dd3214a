import Core
import Numerics

/// z = (x - data_min) / (data_max - data_min) (feature_max - feature_min) + feature_min for each column; a constant
/// column goes to feature_min.
enum MinMaxScaler {
    static let entry = EstimatorEntry(
        kind: "min_max_scaler", type: "transformer",
        doc: "Maps each column linearly onto the range from feature_min to feature_max (constant: to feature_min).",
        parameters: [
            ParameterSpec(
                "feature_min", .real(from: -.infinity, to: .infinity), default: 0,
                "Where the least value of a column goes."),
            ParameterSpec(
                "feature_max", .real(from: -.infinity, to: .infinity), default: 1,
                "Where the greatest value of a column goes; above feature_min."),
            ParameterSpec("clip", .boolean, default: false, "Bring transformed values into the range."),
        ],
        fit: fit, load: load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.refuseWeights(input)
        _ = try range(input.parameters)
        let data = try TrainingData(input)
        let allocator = input.context.allocator
        let moments = try ColumnMoments(of: data.x, named: "x", in: input.context)
        let features = data.x.columns
        let least = try Tensor(doubles: moments.minimum.pointer, Shape(features), in: allocator)
        let greatest = try Tensor(doubles: moments.maximum.pointer, Shape(features), in: allocator)
        for c in 0..<features where !(greatest.doubles[c] - least.doubles[c]).isFinite {
            throw .invalid("The values of x in column \(c) are too large: their range overflows float64.")
        }
        let notes = FeatureNotes(features: features, names: input.featureNames)
        return try model(input.parameters, notes, least, greatest, rows: data.x.rows, in: allocator)
    }

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
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
        return try model(parameters, notes, least, greatest, rows: rows, in: context.allocator)
    }

    private static func range(_ parameters: Parameters) throws(ApusError) -> ClosedRange<Double> {
        let low = parameters.real("feature_min")
        let high = parameters.real("feature_max")
        guard high > low, (high - low).isFinite else {
            throw .parameter(
                "feature_max", of: parameters.kind, mustBe: "a number > feature_min (\(low))", got: "\(high)")
        }
        return low...high
    }

    private static func model(
        _ parameters: Parameters, _ notes: FeatureNotes, _ least: Tensor, _ greatest: Tensor, rows: Int,
        in allocator: Allocator
    ) throws(ApusError) -> any FittedModel {
        let features = notes.features
        let range = try range(parameters)
        let width = range.upperBound - range.lowerBound
        let spread = try Tensor.perFeature(features, in: allocator) { greatest.doubles[$0] - least.doubles[$0] }
        // A spread so small that its share of the range vanishes counts as constant.
        let divisor = try Tensor.perFeature(features, in: allocator) { c in
            let value = spread.doubles[c] / width
            return value.isNormal ? value : 1 / width
        }
        let scale = try Tensor.perFeature(features, in: allocator) { 1 / divisor.doubles[$0] }
        let offset = try Tensor.perFeature(features, in: allocator) {
            range.lowerBound - least.doubles[$0] / divisor.doubles[$0]
        }
        return try ScalerModel(
            parameters, notes,
            ColumnScaling(
                shift: least, divisor: divisor, offset: range.lowerBound, clip: parameters.boolean("clip") ? range : nil
            ),
            rows: rows,
            statistics: [
                (name: "data_min_", value: least), (name: "data_max_", value: greatest),
                (name: "data_range_", value: spread), (name: "scale_", value: scale), (name: "min_", value: offset),
            ], in: allocator)
    }
}
