import Core

/// l1 sum |w| + l2 sum w^2.
struct L1L2: Regularizer {
    static let entry = Entry<any Regularizer>(
        "L1L2", aliases: ["l1_l2"], doc: "l1 times the sum of the magnitudes and l2 times that of the squares",
        parameters: [
            RegularizerCatalog.factor("l1", default: 0.0, "factor of the magnitudes"),
            RegularizerCatalog.factor("l2", default: 0.0, "factor of the squares"),
        ]
    ) { L1L2(parameters: $0, l1: Float($0.real("l1")), l2: Float($0.real("l2"))) }
    let parameters: Parameters
    let l1: Float
    let l2: Float

    func penalty(_ values: UnsafePointer<Float>, _ shape: Shape) -> Double {
        Double(l1) * L1.sum(values, shape.count) + Double(l2) * L2.sum(values, shape.count)
    }

    func addGradient(
        _ values: UnsafePointer<Float>, _ shape: Shape, scale: Float, to gradient: UnsafeMutablePointer<Float>
    ) {
        L1.addSigns(values, shape.count, scale * l1, to: gradient)
        L2.add(values, shape.count, 2 * scale * l2, to: gradient)
    }
}
