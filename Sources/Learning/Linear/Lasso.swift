import Core

/// The lasso: least squares with a penalty on the coefficients' absolute values, which makes some exactly 0 (Tibshirani
/// 1996, doi:10.1111/j.2517-6161.1996.tb02080.x).
enum Lasso {
    static let entry = EstimatorEntry(
        kind: "lasso", type: "regressor",
        doc:
            "Lasso: minimises half the mean squared error + alpha |coef|_1, by coordinate descent; coefficients of no use are exactly 0.",
        parameters: PenalisedRegression.specs([]), fit: fit, load: PenalisedRegression.load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try PenalisedRegression.fit(input, l1Ratio: 1)
    }
}
