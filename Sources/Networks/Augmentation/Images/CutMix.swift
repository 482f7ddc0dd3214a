import Core

/// A window of another sample of the batch laid on each, and the targets mixed by the areas. The window's share of the
/// area is from Beta(alpha, alpha), its middle anywhere, so that part of it may fall outside.
///
/// Yun, Han, Oh, Chun, Choe and Yoo (2019), "CutMix: regularization strategy to train strong classifiers with
/// localizable features", doi:10.1109/ICCV.2019.00612.
struct CutMix: BatchTransformation {
    static let entry = Entry<any Transformation>(
        "CutMix", doc: "lays a window of another sample on each and mixes the targets by area",
        parameters: [
            ParameterSpec(
                "alpha", .real(from: 0, to: 1e6), default: 1.0,
                "of the distribution Beta(alpha, alpha) of what stays; 0 mixes nothing"),
            TransformationCatalog.probability,
        ]
    ) { CutMix(parameters: $0, alpha: $0.real("alpha")) }
    let parameters: Parameters
    let alpha: Double

    func mixture(_ shape: ImageShape, _ draws: Draws) -> Mixture {
        let side = (1 - draws.beta(alpha, first: 8)).squareRoot()
        let rows = CutMix.range(draws.uniform(1), side, shape.height)
        let columns = CutMix.range(draws.uniform(2), side, shape.width)
        let area = Double(rows.count) * Double(columns.count) / (Double(shape.height) * Double(shape.width))
        return Mixture(own: Float(1 - area), window: (rows, columns))
    }

    private static func range(_ uniform: Double, _ side: Double, _ extent: Int) -> Range<Int> {
        let length = Int((side * Double(extent)).rounded(.down))
        let start = min(Int(uniform * Double(extent)), extent - 1) - length / 2
        let from = max(0, start)
        return from..<max(from, min(extent, start + length))
    }
}
