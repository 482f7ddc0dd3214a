extension LayerCase {
    static let globalAveragePooling1D: [LayerCase] = [
        ("", false, false), ("keepdims=true", false, false), ("", true, false), ("data_format=channels_first", false, true),
    ].map { parameters, masked, first in
        LayerCase(kind: "GlobalAveragePooling1D", inputs: [[4, 3]], parameters: parameters, masked: masked) { r in
            let (steps, features) = first ? (3, 4) : (4, 3)
            var y: [Double] = []
            for row in 0..<r.rows {
                for f in 0..<features {
                    var (sum, count) = (0.0, 0.0)
                    for t in 0..<steps {
                        let weight = r.masks?[0][row * steps + t] ?? 1
                        sum += weight * r.inputs[0][row * 12 + (first ? f * 3 + t : t * 3 + f)]
                        count += weight
                    }
                    y.append(count > 0 ? sum / count : 0)
                }
            }
            return [y]
        }
    }
}
