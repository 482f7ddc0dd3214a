import CVector
import Core

/// A figure of merit over rows: a sum over positions, divided by their number at the end.
package protocol Metric: Sendable {
    /// The name in histories: "accuracy".
    var name: String { get }
    /// The sum over the positions; target or labels as the loss has them.
    func sum(_ call: LossCall, targets: TargetKind, _ kernels: borrowing apus_kernels) -> Double
}

/// Every metric, one line each.
package enum MetricCatalog {
    package static let family = Family<any Metric>(
        "metric",
        [
            Entry("Accuracy", aliases: ["acc"], doc: "share of rows that are right, of the kind that fits the loss") { _ in
                Accuracy(name: "accuracy", form: nil)
            },
            Entry("BinaryAccuracy", doc: "share of elements on the right side of 0.5") { _ in
                Accuracy(name: "binary_accuracy", form: .binary)
            },
            Entry("CategoricalAccuracy", doc: "share of rows whose largest output is the target's largest") { _ in
                Accuracy(name: "categorical_accuracy", form: .categorical)
            },
            Entry("SparseCategoricalAccuracy", doc: "share of rows whose largest output is the label") { _ in
                Accuracy(name: "sparse_categorical_accuracy", form: .sparse)
            },
            Entry("MeanSquaredError", aliases: ["mse", "MSE"], doc: "mean of (t - p)^2") { _ in
                ErrorMetric(name: "mse", isSquared: true)
            },
            Entry("MeanAbsoluteError", aliases: ["mae", "MAE"], doc: "mean of |t - p|") { _ in
                ErrorMetric(name: "mae", isSquared: false)
            },
        ])
}
