extension LayerCase {
    static let activation: [LayerCase] = [
        ([6], "relu"), ([6], "leaky_relu"), ([6], "elu"), ([6], "sigmoid"), ([6], "tanh"), ([6], "exponential"),
        ([6], "linear"), ([2, 6], "softmax"),
    ].map { shape, name in
        LayerCase(kind: "Activation", inputs: [shape], parameters: "activation=\(name)") { r in
            [ReferenceActivation.apply(name, r.inputs[0], width: 6)]
        }
    }
}
