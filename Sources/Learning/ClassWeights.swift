import Core

/// class_weight: what the rows of each class count for, beside their sample weights.
enum ClassWeights {
    private static let expected = "null, \"balanced\", or an object with a number >= 0 for each label"

    /// The parameter that classifiers share.
    static let spec = ParameterSpec(
        "class_weight", .any(expected), default: .null,
        "Factors of the rows' weights by label, {\"0\": 1, \"1\": 5}; a label left out counts 1. balanced: sum of weights / (classes x sum of weights in the class)."
    )

    enum Choice {
        case none, balanced
        /// One factor for each class.
        case given([Double])
    }

    /// Reads the parameter. Throws `invalidArgument` for another form, a negative factor or a label that y lacks.
    static func read(_ parameters: Parameters, _ labels: ClassLabels) throws(ApusError) -> Choice {
        let value = parameters["class_weight"]
        if value.isNull { return .none }
        if value.stringValue == "balanced" { return .balanced }
        guard let items = value.objectValue, !items.isEmpty else { throw refused(value, parameters) }
        var factors = [Double](repeating: 1, count: labels.count)
        for (key, item) in items {
            guard let factor = item.doubleValue, factor >= 0, factor.isFinite, let label = Double(key) else {
                throw refused(value, parameters)
            }
            guard let place = (0..<labels.count).first(where: { labels.value($0) == label }) else {
                throw .invalid("The class_weight of \(parameters.kind) names the label \(key), which y does not have.")
            }
            factors[place] = factor
        }
        return .given(factors)
    }

    private static func refused(_ value: JSON, _ parameters: Parameters) -> ApusError {
        .parameter("class_weight", of: parameters.kind, mustBe: expected, got: value.text)
    }

    /// The factor of each class; nil for 1 each. `numbers` are the rows' class numbers.
    static func factors(
        _ choice: Choice, _ data: TrainingData, numbers: UnsafePointer<Double>, classes: Int
    ) -> [Double]? {
        switch choice {
        case .none: return nil
        case .given(let given): return given
        case .balanced:
            var sums = [Double](repeating: 0, count: classes)
            for r in 0..<data.x.rows { sums[Int(numbers[r])] += data.weights.map { $0.pointer[r] } ?? 1 }
            return sums.map { $0 > 0 ? data.weight / (Double(classes) * $0) : 0 }
        }
    }

    /// The data with the rows' weights times the factors of their classes.
    /// Throws `invalidArgument` when nothing is left.
    static func apply(
        _ choice: Choice, to data: TrainingData, numbers: UnsafePointer<Double>, classes: Int, in allocator: Allocator
    ) throws(ApusError) -> TrainingData {
        guard let factors = factors(choice, data, numbers: numbers, classes: classes) else { return data }
        let weights = try Buffer<Double>(data.x.rows, in: allocator)
        for r in 0..<data.x.rows {
            weights.pointer[r] = (data.weights.map { $0.pointer[r] } ?? 1) * factors[Int(numbers[r])]
        }
        return try data.with(weights)
    }

    /// The rows' weights in a fit of class `own` against the rest, as scikit-learn's and LIBLINEAR's: of more than two
    /// classes the factor of the class itself counts, the rest has 1; of two both count. nil when all are 1.
    static func oneAgainstRest(
        _ factors: [Double]?, _ data: TrainingData, numbers: UnsafePointer<Double>, own: Int, in allocator: Allocator
    ) throws(ApusError) -> Buffer<Double>? {
        guard let factors else { return data.weights }
        let weights = try Buffer<Double>(data.x.rows, in: allocator)
        for r in 0..<data.x.rows {
            let number = Int(numbers[r])
            let factor = factors.count == 2 || number == own ? factors[number] : 1
            weights.pointer[r] = (data.weights.map { $0.pointer[r] } ?? 1) * factor
        }
        return weights
    }
}
