import Core

/// The elastic net: least squares with penalties on the coefficients' absolute values and squares (Zou and Hastie 2005,
/// doi:10.1111/j.1467-9868.2005.00503.x).
enum ElasticNet {
    static let entry = EstimatorEntry(
        kind: "elastic_net", type: "regressor",
        doc:
            "Elastic net: minimises half the mean squared error + alpha l1_ratio |coef|_1 + alpha (1 - l1_ratio)/2 |coef|^2, by coordinate descent.",
        parameters: PenalisedRegression.specs([
            ParameterSpec(
                "l1_ratio", .real(from: 0, to: 1), default: 0.5,
                "The share of the absolute values in the penalty, the rest is that of the squares: 1 is the lasso.")
        ]), fit: fit, load: PenalisedRegression.load)

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try PenalisedRegression.fit(input, l1Ratio: input.parameters.real("l1_ratio"))
    }
}
