import Core
import Numerics

/// All products of up to `degree` features: 1, x_0, x_1, x_0^2, x_0 x_1, ... by degree, then in the features' order.
enum PolynomialFeatures {
    static let entry = EstimatorEntry(
        kind: "polynomial_features", type: "transformer",
        doc: "Products of the features up to a degree: 1, a, b, a^2, ab, b^2 for two features and degree 2.",
        parameters: [
            ParameterSpec("degree", .integer(0...64), default: 2, "The most factors of a product."),
            ParameterSpec(
                "min_degree", .integer(0...64), default: 0,
                "The fewest factors; the column of ones comes by include_bias whatever this is."),
            ParameterSpec(
                "interaction_only", .boolean, default: false, "Only products of different features, no powers."),
            ParameterSpec("include_bias", .boolean, default: true, "A column of ones, the product of no features."),
        ], fit: fit, load: load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.refuseWeights(input)
        let data = try TrainingData(input)
        try data.x.requireFinite("x")
        return try PolynomialModel(
            input.parameters, FeatureNotes(features: data.x.columns, names: input.featureNames),
            in: input.context.allocator)
    }

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        // What is stored bounds what is made of the parameters.
        let stored = try record.tensor("powers_", .int64, shape: [nil, notes.features])
        do throws(ApusError) {
            let outputs = try PolynomialModel.outputs(parameters, features: notes.features)
            guard outputs == stored.shape[0] else {
                throw ApusError.corrupt("It has \(stored.shape[0]) products where its parameters give \(outputs).")
            }
        } catch { throw ApusError.corrupt("The products of a \(record.kind): \(error.message)") }
        let model = try PolynomialModel(parameters, notes, in: context.allocator)
        guard model.hasPowers(stored) else {
            throw .corrupt("The array 'powers_' of a \(record.kind) is not that of its parameters.")
        }
        return model
    }
}

/// Products of features; what it knows follows from the parameters and the number of features.
final class PolynomialModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    /// The exponents of each product: outputs x features.
    private let powers: Tensor
    /// The features of each product, one after the other, and where each product's begin.
    private let factors: Buffer<Int32>
    private let starts: Buffer<Int>
    private let outputs: Int

    private static let most = 1 << 22

    /// Throws `invalidArgument` for degrees that leave nothing, `limit` for too many products.
    init(_ parameters: Parameters, _ notes: FeatureNotes, in allocator: Allocator) throws(ApusError) {
        self.parameters = parameters
        self.notes = notes
        let features = notes.features
        let (outputs, length) = try PolynomialModel.count(parameters, features: features)
        let cells = outputs &* features
        self.outputs = outputs
        powers = try Tensor(.int64, Shape(outputs, features), in: allocator)
        for i in 0..<cells { powers.int64s[i] = 0 }
        factors = try Buffer(length, in: allocator)
        starts = try Buffer(outputs + 1, in: allocator)
        fill(
            features, parameters.integer("min_degree")...parameters.integer("degree"),
            parameters.boolean("interaction_only"), bias: parameters.boolean("include_bias"))
    }

    /// Columns of the result. Throws as `init`.
    static func outputs(_ parameters: Parameters, features: Int) throws(ApusError) -> Int {
        try count(parameters, features: features).outputs
    }

    /// Whether another's exponents are this one's.
    func hasPowers(_ other: Tensor) -> Bool {
        other.count == powers.count && (0..<powers.count).allSatisfy { other.int64s[$0] == powers.int64s[$0] }
    }

    /// Products, and factors of all.
    private static func count(_ parameters: Parameters, features: Int) throws(ApusError) -> (
        outputs: Int, length: Int
    ) {
        let most = PolynomialModel.most
        let different = parameters.boolean("interaction_only")
        let highest = parameters.integer("degree")
        let least = parameters.integer("min_degree")
        guard least <= highest else {
            throw .parameter(
                "min_degree", of: parameters.kind, mustBe: "at most degree (\(highest))", got: "\(least)")
        }
        guard features <= most else { throw .limit("\(features) features are too many to multiply.") }
        var outputs = parameters.boolean("include_bias") ? 1 : 0
        var length = 0
        for degree in least...highest where degree > 0 {
            if different, degree > features { break }
            // Choose `degree` of n: one after the other, each a whole number.
            let n = different ? features : features + degree - 1
            var ways = 1
            for i in 0..<degree {
                let (product, overflow) = ways.multipliedReportingOverflow(by: n - i)
                guard !overflow, product / (i + 1) <= 1 << 40 else {
                    throw .limit("The products of \(features) features of degree \(degree) are too many.")
                }
                ways = product / (i + 1)
            }
            outputs += ways
            length += ways &* degree
            guard outputs <= most, length <= most &* 16 else {
                throw .limit("The products of \(features) features of degree \(degree) are too many.")
            }
        }
        guard outputs > 0 else {
            throw .invalid("The degree and include_bias of \(parameters.kind) leave no column.")
        }
        guard outputs &* features <= 1 << 28 else {
            throw .limit("\(outputs) products of \(features) features are too many.")
        }
        return (outputs, length)
    }

    private func fill(_ features: Int, _ degrees: ClosedRange<Int>, _ different: Bool, bias: Bool) {
        var output = 0
        var at = 0
        starts.pointer[0] = 0
        if bias {
            output = 1
            starts.pointer[1] = 0
        }
        for degree in degrees where degree > 0 {
            if different, degree > features { break }
            var chosen = (0..<degree).map { different ? $0 : 0 }
            while true {
                for feature in chosen {
                    factors.pointer[at] = Int32(truncatingIfNeeded: feature)
                    powers.int64s[output &* features + feature] += 1
                    at += 1
                }
                output += 1
                starts.pointer[output] = at
                // The last place that can go up does, those after it follow.
                var place = degree - 1
                while place >= 0, chosen[place] == (different ? features - degree + place : features - 1) { place -= 1 }
                if place < 0 { break }
                chosen[place] += 1
                for later in place + 1..<max(degree, place + 1) {
                    chosen[later] = different ? chosen[later - 1] + 1 : chosen[place]
                }
            }
        }
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        guard what == .predict else { throw unsupported(what) }
        return (.float64, Shape(rows, outputs))
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try requireColumns(x, features)
        try requireOutput(out, what, rows: x.rows)
        let factors = UnsafePointer(factors.pointer)
        let starts = UnsafePointer(starts.pointer)
        let outputs = outputs
        let features = features
        try RowMap.run(x, into: out, width: outputs, in: context) { row, result in
            var at = 0
            for output in 0..<outputs {
                let end = starts[output + 1]
                var product = 1.0
                while at < end {
                    product *= row[Int(factors[at])]
                    at += 1
                }
                result[output] = product
            }
            // A value that is not finite must show, whatever products hold it.
            var probe = 0.0
            for c in 0..<features { probe += row[c] * 0 }
            if probe != 0 { result[0] = .nan }
        }
    }

    var attributes: [(name: String, value: Tensor)] { [(name: "powers_", value: powers)] }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        record.set("powers_", .tensor(powers))
        return record
    }
}
