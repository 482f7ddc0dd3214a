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
