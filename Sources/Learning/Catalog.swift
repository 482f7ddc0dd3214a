import Core

/// Every estimator kind, one line each.
package enum EstimatorCatalog {
    package static let entries: [EstimatorEntry] = [
        AdaBoost.classifier,
        AdaBoost.regressor,
        DecisionTree.classifier,
        DecisionTree.regressor,
        RandomForest.extraClassifier,
        RandomForest.extraRegressor,
        HistGradientBoosting.classifier,
        HistGradientBoosting.regressor,
        ID3.entry,
        LinearRegression.entry,
        LogisticRegression.entry,
        MeanNormalizer.entry,
        MinMaxScaler.entry,
        Pipeline.entry,
        RandomForest.classifier,
        RandomForest.regressor,
        StandardScaler.entry,
    ]

    /// The entry of a kind. Throws `invalidArgument` with the kinds there are.
    package static func entry(_ kind: String) throws(ApusError) -> EstimatorEntry {
        guard let entry = entries.first(where: { $0.kind == kind }) else {
            throw .invalid("Unknown kind '\(kind)'; there are \(entries.map(\.kind).joined(separator: ", ")).")
        }
        return entry
    }
}
