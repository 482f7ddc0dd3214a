extension LayerCase {
    static let flatten: [LayerCase] = [
        LayerCase(kind: "Flatten", inputs: [[2, 3]]) { $0.inputs },
        LayerCase(kind: "Flatten", inputs: [[2, 3, 4]], parameters: "data_format=channels_first") { r in
            var y: [Double] = []
            for row in 0..<r.rows {
                for place in 0..<12 { for channel in 0..<2 { y.append(r.inputs[0][row * 24 + channel * 12 + place]) } }
            }
            return [y]
        },
    ]
}
