extension LayerCase {
    static let activation: [LayerCase] = [
        ([6], "relu"), ([6], "leaky_relu"), ([6], "elu"), ([6], "sigmoid"), ([6], "tanh"), ([6], "exponential"),
        ([6], "linear"), ([2, 6], "softmax"), ([2, 6], "log_softmax"), ([20], "relu6"), ([20], "selu"), ([20], "celu"),
        ([20], "hard_sigmoid"), ([20], "hard_silu"), ([20], "hard_tanh"), ([20], "softplus"), ([20], "softsign"),
        ([20], "log_sigmoid"), ([20], "gelu"), ([20], "silu"), ([20], "mish"),
    ].map { shape, name in
        LayerCase(kind: "Activation", inputs: [shape], parameters: "activation=\(name)") { r in
            [ReferenceActivation.apply(name, r.inputs[0], width: 6)]
        }
    }
}
