import CVector
import Core

/// What a loss compares an output with.
package enum TargetKind: Sendable {
    /// Floats of the output's shape.
    case values
    /// One class number for each position of the output, all axes but the last.
    case labels
}

/// One evaluation of a loss on some consecutive rows.
package struct LossCall {
    /// The output, or (for the fused forms) still the output: the gradient is then by the value before the activation.
    package let output: UnsafePointer<Float>
    /// For `values`.
    package let target: UnsafePointer<Float>
    /// For `labels`.
    package let labels: UnsafePointer<Int32>
    /// Receives scale * d loss / d output; nil when only the value is wanted.
    package let gradient: UnsafeMutablePointer<Float>?
    package let scale: Float
    /// Positions: rows times all axes but that of the classes.
    package let positions: Int
    /// Extent of the axis of the classes: the last, or as the loss's `layout` says.
    package let width: Int
    package let isFused: Bool
}

/// What one value of a loss is made of.
package enum LossLayout: Equatable, Sendable {
    /// The elements along an axis of a row, counted from 0 without that of the rows.
    case axis(Int)
    /// A whole row.
    case row
    /// The whole batch.
    case batch
}

/// How the values of a batch become one number.
package enum LossReduction: Sendable {
    case sum
    /// Divided by the number of positions, whatever their weights.
    case mean
    /// Divided by the sum of the weights.
    case weightedMean
}

/// A loss: values are means over the last axis for each position (or, for cross-entropies, one value a position), then
/// the mean (or sum) over all positions.
package protocol Loss: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    var targetKind: TargetKind { get }
    /// Positions with this label do not count; it may be no class of the output.
    var ignoredClass: Int? { get }
    /// What one value is made of, for rows of `rank` axes.
    func layout(rank: Int) throws(ApusError) -> LossLayout
    /// True when, behind this activation, the loss gives the gradient by the value before it: stable, and cheaper.
    func fuses(with activation: Activation?) -> Bool
    /// The number of labels for an output of this width.
    func checkWidth(_ width: Int) throws(ApusError)
    /// The sum over the positions of the loss of each.
    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double
}

extension Loss {
    package var targetKind: TargetKind { .values }
    package func fuses(with activation: Activation?) -> Bool { false }
    package func checkWidth(_ width: Int) throws(ApusError) {}
    package var ignoredClass: Int? { nil }
    package var reduction: LossReduction {
        switch parameters.text("reduction") {
        case "sum": .sum
        case "mean_with_sample_weight": .weightedMean
        default: .mean
        }
    }

    /// The axis that the parameter "axis" says, with the axis of the rows counted; the last without one.
    package func layout(rank: Int) throws(ApusError) -> LossLayout {
        // A row of no axes is compared as one of one element.
        let (rank, given) = (max(rank, 1), parameters["axis"].integerValue ?? -1)
        let axis = given < 0 ? given + rank : given - 1
        guard axis >= 0, axis < rank else {
            throw .parameter(
                "axis", of: parameters.kind, mustBe: "one of the \(rank) axes of the output after that of the rows",
                got: "\(given)")
        }
        return .axis(axis)
    }

    /// As Keras writes it.
    package var config: JSON {
        .object([
            (key: "class_name", value: .string(parameters.kind)),
            (
                key: "config",
                value: .object([(key: "name", value: .string(snakeCase(parameters.kind)))] + parameters.values)
            ),
        ])
    }
}

/// Every loss, one line each.
package enum LossCatalog {
    package static let family = Family<any Loss>(
        "loss",
        [
            MeanSquaredError.entry, MeanAbsoluteError.entry, Huber.entry, BinaryCrossentropy.entry,
            CategoricalCrossentropy.entry, SparseCategoricalCrossentropy.entry, MeanAbsolutePercentageError.entry,
            MeanSquaredLogarithmicError.entry, LogCosh.entry, Hinge.entry, SquaredHinge.entry,
            CategoricalHinge.entry, KLDivergence.entry, Poisson.entry, CosineSimilarity.entry,
            BinaryFocalCrossentropy.entry, CategoricalFocalCrossentropy.entry, Overlap.dice, Overlap.tversky,
        ])

    static let reduction = ParameterSpec(
        "reduction", .choice(["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"]),
        default: "sum_over_batch_size",
        "how the positions of a batch become one number: their mean, their sum, or their sum over that of the weights")
    static let fromLogits = ParameterSpec(
        "from_logits", .boolean, default: false, "whether outputs are before softmax or sigmoid")
    static let axis = ParameterSpec(
        "axis", .integer(-7...7), default: -1, "the axis of the classes, that of the rows counted; -1 is the last")
    static let ignoreClass = ParameterSpec(
        "ignore_class", .nullable(.integer(-Int(Int32.max)...Int(Int32.max))), default: JSON.null,
        "positions with this label do not count")
    static let labelSmoothing = ParameterSpec(
        "label_smoothing", .real(from: 0, to: 1), default: 0.0, "share of each target spread evenly, in [0, 1]")
}
