import Core

/// Vectors of length 1: w / (epsilon + |w|).
struct UnitNorm: WeightConstraint {
    static let entry = Entry<any WeightConstraint>("UnitNorm", doc: "lengths of 1", parameters: [WeightNorms.axis]) {
        (parameters) throws(ApusError) in
        UnitNorm(parameters: parameters, norms: try WeightNorms(parameters))
    }
    let parameters: Parameters
    let norms: WeightNorms

    func check(_ shape: Shape) throws(ApusError) { try norms.check(shape, parameters.kind) }

    func apply(_ weight: UnsafeMutablePointer<Float>, _ shape: Shape) {
        norms.scale(weight, shape) { 1 / (WeightNorms.epsilon + $0) }
    }
}
