import Core

/// Elements below 0 become 0.
struct NonNeg: WeightConstraint {
    static let entry = Entry<any WeightConstraint>("NonNeg", doc: "elements of at least 0") { NonNeg(parameters: $0) }
    let parameters: Parameters

    func apply(_ weight: UnsafeMutablePointer<Float>, _ shape: Shape) {
        for index in 0..<shape.count where !(weight[index] >= 0) && !weight[index].isNaN { weight[index] = 0 }
    }
}
