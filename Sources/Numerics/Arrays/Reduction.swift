import CVector
import Core

/// What an array can be reduced to along axes, by the names of the C API.
package enum Reduction: String, CaseIterable, Sendable {
    case sum
    case mean
    case product
    case min
    case max
    case argmin
    case argmax
    case any
    case all
    case countNonzero = "count_nonzero"
    case norm1 = "norm_1"
    case norm2 = "norm_2"
    case normInfinity = "norm_inf"
    case logSumExp = "logsumexp"

    /// One line for the catalog.
    package var doc: String {
        switch self {
        case .sum: "The sum, in float64."
        case .mean: "The sum over the number of elements."
        case .product: "The product, in float64."
        case .min: "The least element; NaN where there is one."
        case .max: "The greatest element; NaN where there is one."
        case .argmin: "The position of the first least element, or of the first NaN."
        case .argmax: "The position of the first greatest element, or of the first NaN."
        case .any: "Whether any element is not 0."
        case .all: "Whether no element is 0."
        case .countNonzero: "How many elements are not 0."
        case .norm1: "The sum of magnitudes."
        case .norm2: "The root of the sum of squares, without overflow or underflow on the way."
        case .normInfinity: "The greatest magnitude; NaN where there is one."
        case .logSumExp: "The logarithm of the sum of exponentials, without overflow."
        }
    }

    /// What kind of number comes out.
    package enum Result: String, Sendable { case real, position, truth }

    package var result: Result {
        switch self {
        case .argmin, .argmax, .countNonzero: .position
        case .any, .all: .truth
        default: .real
        }
    }

    /// The value of no elements; nil where there is none.
    package var ofNothing: Double? {
        switch self {
        case .sum, .any, .countNonzero, .norm1, .norm2: 0
        case .product, .all: 1
        case .mean, .min, .max, .argmin, .argmax, .normInfinity, .logSumExp: nil
        }
    }

    /// The kernels' code of the pass over the elements.
    var code: Int32 {
        switch self {
        case .sum, .mean: APUS_R_SUM
        case .product: APUS_R_PRODUCT
        case .min, .argmin: APUS_R_MIN
        case .max, .argmax, .logSumExp: APUS_R_MAX
        case .any, .all, .countNonzero: APUS_R_COUNT
        case .norm1: APUS_R_SUM_ABSOLUTE
        case .norm2: APUS_R_SUM_SQUARES
        case .normInfinity: APUS_R_MAX_ABSOLUTE
        }
    }

    /// The reduction of that name. Throws `invalidArgument` with the names that there are.
    package init(named name: String) throws(ApusError) {
        guard let found = Reduction(rawValue: name) else {
            let known = Reduction.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("operation must be one of \(known), got '\(name)'.")
        }
        self = found
    }

    /// For the catalog: name, result and one line of doc of each.
    package static var json: JSON {
        .array(
            allCases.map {
                ["name": .string($0.rawValue), "result": .string($0.result.rawValue), "doc": .string($0.doc)]
            })
    }
}
