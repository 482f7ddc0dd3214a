import Core

/// The perceptron (Rosenblatt 1958, doi:10.1037/h0042519): coefficients change by eta0 times each row told wrong. The
/// stochastic gradient descent of loss=perceptron with constant steps.
enum Perceptron {
    static let entry = EstimatorEntry(
        kind: "perceptron", type: "classifier",
        doc: "The perceptron: a linear classifier that changes by each row it tells wrong.",
        parameters: [
            ParameterSpec(
                "penalty", .choice(["none", "l2", "l1", "elasticnet"]), default: "none",
                "l2: half the squares of coef; l1: absolute values; elasticnet: both by l1_ratio."),
            ParameterSpec(
                "alpha", .real(from: 0, to: .infinity), default: 1e-4, "The penalty beside the mean loss."),
            ParameterSpec(
                "l1_ratio", .real(from: 0, to: 1), default: 0.15,
                "penalty=elasticnet: the share of the absolute values."),
        ] + SGDSettings.runSpecs(tolerance: 1e-3) + [
            ParameterSpec(
                "eta0", .real(from: 0, to: .infinity, open: true), default: 1, "What a change is multiplied by."),
            ClassWeights.spec, LinearClassifierModel.threshold,
        ], fit: SGDClassifier.fit, load: LinearClassifierModel.load)
}
