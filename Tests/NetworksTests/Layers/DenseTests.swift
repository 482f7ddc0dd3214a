import Foundation

extension LayerCase {
    /// x kernel + bias, then the activation.
    static let dense: [LayerCase] = [
        ([6], "units=4"), ([6], "units=4 activation=tanh use_bias=false"), ([3, 6], "units=5 activation=sigmoid"),
        ([6], "units=4 activation=elu"), ([6], "units=4 activation=gelu"), ([120], "units=90 activation=mish"), ([6], "units=4 activation=softmax"), ([90], "units=70 activation=tanh"),
        // Products straight from the operand, and packed ones.
        ([3, 120], "units=90 activation=tanh"), ([30, 20], "units=40 activation=sigmoid"),
        ([20, 40], "units=33 activation=softmax"),
    ].map { shape, parameters in
        LayerCase(kind: "Dense", inputs: [shape], parameters: parameters) { r in
            let inner = shape.last ?? 1
            let units = r.weights[0].count / inner
            var y: [Double] = []
            for position in 0..<(r.inputs[0].count / inner) {
                for unit in 0..<units {
                    var sum = r.weights.count > 1 ? r.weights[1][unit] : 0
                    for k in 0..<inner { sum += r.inputs[0][position * inner + k] * r.weights[0][k * units + unit] }
                    y.append(sum)
                }
            }
            let name = parameters.split(separator: " ").first { $0.hasPrefix("activation=") }?.dropFirst(11)
            return [ReferenceActivation.apply(String(name ?? "linear"), y, width: units)]
        }
    }
}

/// Activations in double precision.
enum ReferenceActivation {
    static func apply(_ name: String, _ x: [Double], width: Int) -> [Double] {
        switch name {
        case "relu": return x.map { max($0, 0) }
        case "leaky_relu": return x.map { $0 >= 0 ? $0 : 0.2 * $0 }
        case "elu": return x.map { $0 > 0 ? $0 : expm1($0) }
        case "sigmoid": return x.map { 1 / (1 + exp(-$0)) }
        case "tanh": return x.map { tanh($0) }
        case "exponential": return x.map { exp($0) }
        case "gelu": return x.map { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) }
        case "silu": return x.map { $0 / (1 + exp(-$0)) }
        case "relu6": return x.map { min(max($0, 0), 6) }
        case "selu": return x.map { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) }
        case "celu": return x.map { $0 > 0 ? $0 : expm1($0) }
        case "hard_sigmoid": return x.map { min(max(($0 + 3) / 6, 0), 1) }
        case "hard_silu": return x.map { $0 * min(max(($0 + 3) / 6, 0), 1) }
        case "hard_tanh": return x.map { min(max($0, -1), 1) }
        case "softplus": return x.map { log1p(exp($0)) }
        case "softsign": return x.map { $0 / (1 + abs($0)) }
        case "log_sigmoid": return x.map { -log1p(exp(-$0)) }
        case "gelu_tanh":
            return x.map { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
        case "log_softmax": return apply("softmax", x, width: width).map { log($0) }
        case "mish": return x.map { $0 * tanh(log1p(exp($0))) }
        case "softmax":
            var y = x.map { exp($0) }
            for start in stride(from: 0, to: y.count, by: width) {
                let sum = y[start..<start + width].reduce(0, +)
                for index in start..<start + width { y[index] /= sum }
            }
            return y
        default: return x
        }
    }
}
