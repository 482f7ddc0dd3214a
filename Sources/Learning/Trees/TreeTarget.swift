import Core
import Glibc

/// What a tree learns to predict: a class number or a value for each row, with the weights of the rows.
final class TreeTarget: Sendable {
    /// 0 for regression.
    let classes: Int
    /// Classification: the class number of each row.
    let labels: Buffer<UInt16>?
    /// Regression: y.
    let values: Buffer<Double>?
    /// nil when all are 1.
    let weights: Buffer<Double>?
    let rows: Int

    init(labels: Buffer<UInt16>, classes: Int, weights: Buffer<Double>?) {
        self.classes = classes
        self.labels = labels
        self.values = nil
        self.weights = weights
        self.rows = labels.count
    }

    init(values: Buffer<Double>, weights: Buffer<Double>?) {
        classes = 0
        labels = nil
        self.values = values
        self.weights = weights
        rows = values.count
    }

    /// The same with other weights.
    func weighted(_ weights: Buffer<Double>?) -> TreeTarget {
        if let labels { return TreeTarget(labels: labels, classes: classes, weights: weights) }
        if let values { return TreeTarget(values: values, weights: weights) }
        return self
    }

    /// Doubles of one node's value: a fraction for each class, or one number.
    var width: Int { max(classes, 1) }

    /// The sum of the weights.
    var weight: Double {
        guard let weights else { return Double(rows) }
        return weights.elements.reduce(0, +)
    }

    /// Class numbers of a classifier's y. Throws as `ClassLabels.read`.
    static func classes(_ input: FitInput) throws(ApusError) -> (labels: ClassLabels, numbers: Buffer<UInt16>) {
        let y = try TrainingData.target(input, severalColumns: false)
        let (labels, numbers) = try ClassLabels.read(y, for: input.parameters.kind, in: input.context.allocator)
        let short = try Buffer<UInt16>(numbers.count, in: input.context.allocator)
        for row in 0..<numbers.count { short.pointer[row] = UInt16(numbers.pointer[row]) }
        return (labels, short)
    }

    private static let largest = 1e150

    /// A regressor's y. Throws `invalidArgument` for values that are not finite, or whose squares are not.
    static func values(_ input: FitInput) throws(ApusError) -> Buffer<Double> {
        let y = try TrainingData.target(input, severalColumns: false)
        let values = try Buffer<Double>(y.count, in: input.context.allocator)
        try y.copy(to: values.pointer, name: "y")
        for row in 0..<values.count where !values.pointer[row].isFinite {
            let name = values.pointer[row].isNaN ? "NaN" : "infinity"
            throw .invalid("y holds \(name) at row \(row) (counted from 0); every value must be finite.")
        }
        for row in 0..<values.count where values.pointer[row].magnitude > largest {
            throw .invalid(
                "y holds \(values.pointer[row]) at row \(row) (counted from 0); trees need values up to \(largest), whose squares are finite."
            )
        }
        return values
    }

    /// Throws `invalidArgument` unless y fits the Poisson loss: never negative, not all 0.
    static func requireCounts(_ values: Buffer<Double>, _ kind: String, _ parameter: String) throws(ApusError) {
        var sum = 0.0
        for row in 0..<values.count {
            guard values.pointer[row] >= 0 else {
                throw .invalid(
                    "y of \(kind) with \(parameter)=poisson must be >= 0, got \(values.pointer[row]) at row \(row) (counted from 0)."
                )
            }
            sum += values.pointer[row]
        }
        guard sum > 0 else { throw .invalid("y of \(kind) with \(parameter)=poisson must not be 0 in every row.") }
    }
}

/// The weight of each class: none, those that balance the classes, or given ones.
enum ClassWeights {
    static let expected = "balanced or an object of weights >= 0 by label, or null"

    static func spec(_ more: String = "") -> ParameterSpec {
        ParameterSpec(
            "class_weight", .nullable(.any(expected)), default: .null,
            "Weights of the classes, multiplied with those of the rows: {\"0\": 1, \"1\": 5} (others 1), or balanced: rows / (classes x rows of the class)\(more)."
        )
    }

    /// One factor per class; nil for none. Throws `invalidArgument` for unknown labels and bad weights.
    static func factors(_ parameters: Parameters, _ labels: ClassLabels, _ numbers: Buffer<UInt16>)
        throws(ApusError) -> [Double]?
    {
        let given = parameters["class_weight"]
        if given.isNull { return nil }
        if given.stringValue == "balanced" {
            return balanced(labels.count, numbers, nil)
        }
        guard let members = given.objectValue else {
            throw .parameter("class_weight", of: parameters.kind, mustBe: expected, got: given.text)
        }
        var factors = [Double](repeating: 1, count: labels.count)
        for (name, value) in members {
            guard let weight = value.doubleValue, weight >= 0, weight.isFinite else {
                throw .parameter("class_weight", of: parameters.kind, mustBe: expected, got: "\(name): \(value.text)")
            }
            guard let label = Double(name), let place = labels.number(of: label) else {
                throw .invalid("The class_weight of \(parameters.kind) names the label \(name), which y does not have.")
            }
            factors[place] = weight
        }
        guard factors.contains(where: { $0 > 0 }) else {
            throw .invalid("The class_weight of \(parameters.kind) must not be 0 for every class of y.")
        }
        return factors
    }

    /// rows / (classes x rows of the class), the rows counted `times` each; 0 for a class without rows.
    static func balanced(_ classes: Int, _ numbers: Buffer<UInt16>, _ times: UnsafePointer<Double>?) -> [Double] {
        var counts = [Double](repeating: 0, count: classes)
        for row in 0..<numbers.count { counts[Int(numbers.pointer[row])] += times.map { $0[row] } ?? 1 }
        let total = counts.reduce(0, +)
        return counts.map { $0 > 0 ? total / (Double(classes) * $0) : 0 }
    }

    /// The product of the rows' weights and their classes' factors.
    static func apply(
        _ factors: [Double]?, _ numbers: Buffer<UInt16>, _ weights: Buffer<Double>?, in allocator: Allocator
    ) throws(ApusError) -> Buffer<Double>? {
        guard let factors else { return weights }
        let product = try Buffer<Double>(numbers.count, in: allocator)
        for row in 0..<numbers.count {
            product.pointer[row] = factors[Int(numbers.pointer[row])] * (weights.map { $0.pointer[row] } ?? 1)
        }
        return product
    }
}
