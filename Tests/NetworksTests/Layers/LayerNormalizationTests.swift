import Networks
import Testing

extension LayerCase {
    static let layerNormalization: [LayerCase] = [
        ([6], ""), ([3, 20], "epsilon=0.1"), ([5], "center=false"), ([5], "scale=false"), ([2, 3, 4], "axis=[2,3]"),
    ].map { shape, parameters in
        LayerCase(kind: "LayerNormalization", inputs: [shape], parameters: parameters) { r in
            let width = parameters.contains("axis") ? 12 : shape[shape.count - 1]
            let epsilon = parameters.contains("epsilon") ? 0.1 : 0.001
            let gamma = parameters.contains("scale") ? nil : r.weights[0]
            let beta = parameters.contains("center") ? nil : r.weights[r.weights.count - 1]
            var y: [Double] = []
            for start in stride(from: 0, to: r.inputs[0].count, by: width) {
                let x = r.inputs[0][start..<start + width]
                let mean = x.reduce(0, +) / Double(width)
                let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for (index, value) in x.enumerated() {
                    let normal = (value - mean) / (variance + epsilon).squareRoot()
                    y.append((gamma?[index] ?? 1) * normal + (beta?[index] ?? 0))
                }
            }
            return [y]
        }
    }
}
