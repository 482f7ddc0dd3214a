import Networks
import Testing

extension LayerCase {
    static let layerNormalization: [LayerCase] = [
        ([6], "", 1), ([3, 20], "epsilon=0.1", 1), ([5], "center=false", 1), ([5], "scale=false", 1),
        ([2, 3, 4], "axis=[2,3]", 1), ([4, 3], "axis=1", 3), ([2, 3, 4], "axis=[1,2] center=false", 4),
        ([5, 17], "axis=-2 scale=false", 17), ([7], "rms_scaling=true", 1), ([4, 3], "rms_scaling=true axis=1", 3),
    ].map { (shape: [Int], parameters: String, inner: Int) in
        LayerCase(kind: "LayerNormalization", inputs: [shape], parameters: parameters) { r in
            let extents = [
                "axis=[2,3]": 12, "axis=1": 4, "axis=[1,2] center=false": 6, "axis=-2 scale=false": 5,
                "rms_scaling=true axis=1": 4,
            ]
            let width = extents[parameters] ?? shape[shape.count - 1]
            let epsilon = parameters.contains("epsilon") ? 0.1 : 0.001
            let keepsMean = parameters.contains("rms")
            let gamma = parameters.contains("scale=false") ? nil : r.weights[0]
            let beta = parameters.contains("center") || keepsMean ? nil : r.weights[r.weights.count - 1]
            var y = r.inputs[0]
            for place in 0..<(y.count / width) {
                let start = place / inner * inner * width + place % inner
                let x = (0..<width).map { r.inputs[0][start + $0 * inner] }
                let mean = x.reduce(0, +) / Double(width)
                let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for (index, value) in x.enumerated() {
                    let normal = (value - (keepsMean ? 0 : mean)) / (variance + epsilon).squareRoot()
                    y[start + index * inner] = (gamma?[index] ?? 1) * normal + (beta?[index] ?? 0)
                }
            }
            return [y]
        }
    }
}
