extension LayerCase {
    static let masking: [LayerCase] = [
        LayerCase(kind: "Masking", inputs: [[4, 3]], masked: true) { $0.inputs },
        LayerCase(kind: "Masking", inputs: [[4, 3]], parameters: "mask_value=0.5") { $0.inputs },
    ]
}
