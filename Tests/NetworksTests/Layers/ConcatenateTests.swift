extension LayerCase {
    static let concatenate: [LayerCase] = [
        LayerCase(kind: "Concatenate", inputs: [[2], [3]]) { [interleaved($0, blocks: 1, [2, 3])] },
        LayerCase(kind: "Concatenate", inputs: [[2, 3], [4, 3]], parameters: "axis=1", masked: true) {
            [interleaved($0, blocks: 1, [6, 12])]
        },
        LayerCase(kind: "Concatenate", inputs: [[3, 2], [3, 1]], parameters: "axis=-1", masked: true) {
            [interleaved($0, blocks: 3, [2, 1])]
        },
    ]

    /// A block of the first input, one of the second, and so on; `blocks` of each in a row.
    private static func interleaved(_ r: LayerReference, blocks: Int, _ sizes: [Int]) -> [Double] {
        var y: [Double] = []
        for block in 0..<r.rows * blocks {
            for (place, size) in sizes.enumerated() { y += r.inputs[place][block * size..<(block + 1) * size] }
        }
        return y
    }
}
