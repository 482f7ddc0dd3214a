import Core

/// l2 sum w^2, without a half.
struct L2: Regularizer {
    static let entry = Entry<any Regularizer>(
        "L2", doc: "l2 times the sum of the squares",
        parameters: [RegularizerCatalog.factor("l2", default: 0.01, "factor of the penalty")]
    ) { L2(parameters: $0, factor: Float($0.real("l2"))) }
    let parameters: Parameters
    let factor: Float

    func penalty(_ values: UnsafePointer<Float>, _ shape: Shape) -> Double {
        Double(factor) * L2.sum(values, shape.count)
    }

    func addGradient(
        _ values: UnsafePointer<Float>, _ shape: Shape, scale: Float, to gradient: UnsafeMutablePointer<Float>
    ) {
        L2.add(values, shape.count, 2 * scale * factor, to: gradient)
    }

    static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        var sum = 0.0
        for index in 0..<count { sum += Double(values[index]) * Double(values[index]) }
        return sum
    }

    static func add(
        _ values: UnsafePointer<Float>, _ count: Int, _ factor: Float, to gradient: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count { gradient[index] += factor * values[index] }
    }
}
