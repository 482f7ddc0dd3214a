import Core

/// max(0, 1 + max((1 - t) p) - sum t p) for one-hot targets.
struct CategoricalHinge: RowLoss {
    static let entry = Entry<any Loss>(
        "CategoricalHinge", doc: "max(0, 1 + largest wrong output - right output)", parameters: [LossCatalog.reduction]
    ) { CategoricalHinge(parameters: $0) }
    let parameters: Parameters

    func row(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, width: Int
    ) -> Double {
        var right = 0.0
        var (wrong, place) = (-Float.infinity, 0)
        for index in 0..<width {
            right += Double(t[index] * p[index])
            let value = (1 - t[index]) * p[index]
            if !(value <= wrong) { (wrong, place) = (value, index) }
        }
        let loss = 1 + Double(wrong) - right
        if let gradient {
            let counts: Float = loss <= 0 ? 0 : 1
            for index in 0..<width { gradient[index] = -counts * t[index] }
            gradient[place] += counts * (1 - t[place])
        }
        return loss <= 0 ? 0 : loss
    }
}
