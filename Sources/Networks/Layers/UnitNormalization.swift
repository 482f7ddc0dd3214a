import Core

/// x / |x| with the Euclidean length over one axis, or over neighbouring axes together. Lengths below 1e-12 count as that;
/// what is all zeros stays, with no gradient.
final class UnitNormalization: Layer {
    static let entry = Entry<any Layer>(
        "UnitNormalization", doc: "length 1 over an axis, or over neighbouring axes together", parameters: [AxisRun.spec]
    ) { (parameters) throws(ApusError) in UnitNormalization(parameters: parameters, axes: try AxisRun(parameters)) }

    let parameters: Parameters
    private let axes: AxisRun

    init(parameters: Parameters, axes: AxisRun) {
        self.parameters = parameters
        self.axes = axes
    }

    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        _ = try axes.range(input)
        return [input]
    }

    /// The factor that gives a vector of that sum of squares length 1.
    static func inverse(ofSquares sum: Double) -> Double { sum > 0 ? min(1 / sum.squareRoot(), 1e12) : 0 }

    /// From dy by y = x inverse to dx, for a vector of `width` elements `inner` apart. dx may be dy.
    static func gradient(
        _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, inverse: Double,
        width: Int, inner: Int
    ) {
        // Where the length is clipped the factor is constant.
        var product = 0.0
        if inverse < 1e12 {
            for index in 0..<width { product += Double(y[index * inner]) * Double(dy[index * inner]) }
        }
        for index in 0..<width {
            dx[index * inner] = Float(inverse * (Double(dy[index * inner]) - Double(y[index * inner]) * product))
        }
    }

    /// Calls `body` with the first element of each vector.
    private func eachVector(
        _ step: LayerStep, in context: Context, _ body: (_ start: Int, _ width: Int, _ inner: Int) -> Void
    ) {
        let (width, inner) = axes.layout(step.inputShape)
        let vectors = step.rows * step.inputCount / width
        context.parallel(over: vectors, by: max(1, (1 << 14) / width)) { range in
            for vector in range { body(vector / inner * inner * width + vector % inner, width, inner) }
        }
    }

    private static func inverse(_ x: UnsafePointer<Float>, _ width: Int, _ inner: Int) -> Double {
        var sum = 0.0
        for index in 0..<width { sum += Double(x[index * inner]) * Double(x[index * inner]) }
        return inverse(ofSquares: sum)
    }

    func forward(_ step: LayerStep, in context: Context) {
        eachVector(step, in: context) { start, width, inner in
            let (x, y) = (step.input + start, step.output + start)
            let inverse = UnitNormalization.inverse(x, width, inner)
            for index in 0..<width { y[index * inner] = Float(Double(x[index * inner]) * inverse) }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        eachVector(step, in: context) { start, width, inner in
            UnitNormalization.gradient(
                step.output + start, dy + start, dx + start,
                inverse: UnitNormalization.inverse(step.input + start, width, inner), width: width, inner: inner)
        }
    }

    var config: [(key: String, value: JSON)] { [(key: "axis", value: axes.config)] }
}
