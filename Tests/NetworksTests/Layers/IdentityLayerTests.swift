extension LayerCase {
    static let identity: [LayerCase] = [LayerCase(kind: "Identity", inputs: [[2, 3]]) { $0.inputs }]
}
