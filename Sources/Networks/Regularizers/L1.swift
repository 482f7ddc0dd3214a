import Core

/// l1 sum |w|. Its gradient at 0 is 0.
struct L1: Regularizer {
    static let entry = Entry<any Regularizer>(
        "L1", doc: "l1 times the sum of the magnitudes",
        parameters: [RegularizerCatalog.factor("l1", default: 0.01, "factor of the penalty")]
    ) { L1(parameters: $0, factor: Float($0.real("l1"))) }
    let parameters: Parameters
    let factor: Float

    func penalty(_ values: UnsafePointer<Float>, _ shape: Shape) -> Double {
        Double(factor) * L1.sum(values, shape.count)
    }

    func addGradient(
        _ values: UnsafePointer<Float>, _ shape: Shape, scale: Float, to gradient: UnsafeMutablePointer<Float>
    ) {
        L1.addSigns(values, shape.count, scale * factor, to: gradient)
    }

    static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        var sum = 0.0
        for index in 0..<count { sum += Double(abs(values[index])) }
        return sum
    }

    static func addSigns(
        _ values: UnsafePointer<Float>, _ count: Int, _ factor: Float, to gradient: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            let value = values[index]
            gradient[index] += value > 0 ? factor : value < 0 ? -factor : 0
        }
    }
}
