import Core

/// Every metric, one line each.
package enum MetricCatalog {
    package static let family = Family<any Metric>(
        "metric",
        [
            Accuracy.entry, BinaryAccuracy.entry, CategoricalAccuracy.entry, SparseCategoricalAccuracy.entry,
            TopKCategoricalAccuracy.entry, SparseTopKCategoricalAccuracy.entry,
            TruePositives.entry, FalsePositives.entry, TrueNegatives.entry, FalseNegatives.entry,
            Precision.entry, Recall.entry, FBetaScore.entry, FBetaScore.f1, AUC.entry,
            SensitivityAtSpecificity.entry, SpecificityAtSensitivity.entry, PrecisionAtRecall.entry,
            RecallAtPrecision.entry,
            LossMetric.entry("MeanSquaredError", aliases: ["mse", "MSE"], doc: "mean of (t - p)^2"),
            LossMetric.entry("MeanAbsoluteError", aliases: ["mae", "MAE"], doc: "mean of |t - p|"),
            LossMetric.entry(
                "MeanAbsolutePercentageError", aliases: ["mape", "MAPE"], doc: "mean of 100 |t - p| / |t|"),
            LossMetric.entry(
                "MeanSquaredLogarithmicError", aliases: ["msle", "MSLE"], doc: "mean of (ln(1 + t) - ln(1 + p))^2"),
            LossMetric.rootMeanSquaredError, R2Score.entry, LossMetric.cosineSimilarity,
            LossMetric.entry(
                "LogCoshError", loss: "LogCosh", aliases: ["logcosh", "log_cosh"], doc: "mean of ln cosh(p - t)"),
            LossMetric.entry("Hinge", doc: "mean of max(0, 1 - t p), t = -1 (or 0) and 1"),
            LossMetric.entry("SquaredHinge", doc: "mean of max(0, 1 - t p)^2, t = -1 (or 0) and 1"),
            LossMetric.entry("CategoricalHinge", doc: "max(0, 1 + largest wrong output - right output)"),
            LossMetric.entry(
                "KLDivergence", aliases: ["kl_divergence", "kld", "KLD", "kullback_leibler_divergence"],
                doc: "sum of t ln(t / p) over the last axis"),
            LossMetric.entry("Poisson", doc: "mean of p - t ln p"),
            LossMetric.entry(
                "BinaryCrossentropy", aliases: ["bce", "BCE"], doc: "-t ln p - (1 - t) ln(1 - p)",
                more: [LossCatalog.fromLogits, LossCatalog.labelSmoothing]),
            LossMetric.entry(
                "CategoricalCrossentropy", doc: "-sum of t ln p over the last axis",
                more: [LossCatalog.fromLogits, LossCatalog.labelSmoothing, MetricCatalog.lastAxis]),
            LossMetric.entry(
                "SparseCategoricalCrossentropy", doc: "-ln p[label] over the last axis",
                more: [LossCatalog.fromLogits, LossCatalog.ignoreClass, MetricCatalog.lastAxis]),
            Perplexity.entry, IntersectionOverUnion.entry, IntersectionOverUnion.mean, IntersectionOverUnion.binary,
            IntersectionOverUnion.oneHot, IntersectionOverUnion.oneHotMean, ConfusionMatrix.entry,
            Correlation.pearson, Correlation.concordance,
        ])

    static let named = [
        ParameterSpec("name", .nullable(.text), default: JSON.null, "the name in histories; null is the kind's"),
        ParameterSpec("dtype", .nullable(.text), default: JSON.null, "for Keras's sake: sums are double precision"),
    ]
    static let lastAxis = ParameterSpec("axis", .integer(-1...(-1)), default: -1, "the axis of the classes: the last")

    /// A metric from its description, and the name it goes by: a name alone is its own. A loss is a metric too.
    package static func make(_ json: JSON) throws(ApusError) -> (metric: any Metric, name: String) {
        guard let name = json.stringValue else {
            let metric = try family.make(json)
            return (metric, metric.name)
        }
        if !family.entries.contains(where: { $0.answers(to: name) }),
            LossCatalog.family.entries.contains(where: { $0.answers(to: name) })
        {
            return (LossMetric(parameters: Parameters(kind: name), loss: try LossCatalog.family.make(json)), name)
        }
        return (try family.make(json), name)
    }
}
