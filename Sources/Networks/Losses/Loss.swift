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
    /// Positions: rows times all axes but the last.
    package let positions: Int
    /// Extent of the last axis.
    package let width: Int
    package let isFused: Bool
}

/// A loss: values are means over the last axis for each position (or, for cross-entropies, one value a position), then
/// the mean (or sum) over all positions.
package protocol Loss: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    var targetKind: TargetKind { get }
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
    /// Whether positions are summed instead of averaged.
    package var sums: Bool { parameters.text("reduction") == "sum" }

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
            BinaryFocalCrossentropy.entry, CategoricalFocalCrossentropy.entry,
        ])

    static let reduction = ParameterSpec(
        "reduction", .choice(["sum_over_batch_size", "sum"]), default: "sum_over_batch_size",
        "mean or sum over the positions of the batch")
    static let fromLogits = ParameterSpec(
        "from_logits", .boolean, default: false, "whether outputs are before softmax or sigmoid")
    static let lastAxis = ParameterSpec(
        "axis", .integer(-1...(-1)), default: -1, "the axis that is compared: the last")
    static let labelSmoothing = ParameterSpec(
        "label_smoothing", .real(from: 0, to: 1), default: 0.0, "share of each target spread evenly, in [0, 1]")
}
