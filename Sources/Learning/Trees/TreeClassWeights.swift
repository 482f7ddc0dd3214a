import Core

/// class_weight of trees and their ensembles: factors of the rows by their classes, balanced by the number of rows, as
/// scikit-learn's trees do, where linear models balance by the sum of weights.
enum TreeClassWeights {
    static func spec(_ more: String = "") -> ParameterSpec {
        ParameterSpec(
            "class_weight", .nullable(.any("balanced or an object of weights >= 0 by label, or null")), default: .null,
            "Weights of the classes, multiplied with those of the rows: {\"0\": 1, \"1\": 5} (others 1), or balanced: rows / (classes x rows of the class)\(more)."
        )
    }

    /// One factor per class; nil for none. Throws `invalidArgument` for unknown labels and bad weights.
    static func factors(_ parameters: Parameters, _ labels: ClassLabels, _ numbers: Buffer<UInt16>)
        throws(ApusError) -> [Double]?
    {
        switch try ClassWeights.read(parameters, labels) {
        case .none: return nil
        case .balanced: return balanced(labels.count, numbers, nil)
        case .given(let factors):
            guard factors.contains(where: { $0 > 0 }) else {
                throw .invalid("The class_weight of \(parameters.kind) must not be 0 for every class of y.")
            }
            return factors
        }
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
