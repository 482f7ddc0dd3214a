import Core

/// The weighted mean of two samples of the batch and of their targets, with a weight from Beta(alpha, alpha).
///
/// Zhang, Cisse, Dauphin and Lopez-Paz (2018), "mixup: beyond empirical risk minimization",
/// doi:10.48550/arXiv.1710.09412.
struct MixUp: BatchTransformation {
    static let entry = Entry<any Transformation>(
        "MixUp", doc: "weighted means of two samples and of their targets",
        parameters: [
            ParameterSpec(
                "alpha", .real(from: 0, to: 1e6), default: 0.2,
                "of the distribution Beta(alpha, alpha) of weights; 0 mixes nothing"),
            TransformationCatalog.probability,
        ]
    ) { MixUp(parameters: $0, alpha: $0.real("alpha")) }
    let parameters: Parameters
    let alpha: Double

    func mixture(_ shape: ImageShape, _ draws: Draws) -> Mixture {
        Mixture(own: Float(draws.beta(alpha, first: 8)), window: nil)
    }
}
