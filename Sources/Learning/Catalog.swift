import Core

/// Every estimator kind, one line each.
package enum EstimatorCatalog {
    package static let entries: [EstimatorEntry] = [
        BayesianRidge.entry,
        ElasticNet.entry,
        HuberRegressor.entry,
        Lasso.entry,
        LinearRegression.entry,
        LinearSVC.entry,
        LogisticRegression.entry,
        MeanNormalizer.entry,
        MinMaxScaler.entry,
        OrdinalLogistic.entry,
        Perceptron.entry,
        Pipeline.entry,
        PolynomialFeatures.entry,
        Ridge.entry,
        SGDClassifier.entry,
        SGDRegressor.entry,
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
