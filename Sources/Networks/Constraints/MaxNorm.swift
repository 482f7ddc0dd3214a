import Core

/// Vectors longer than max_value are shortened to it: w clip(|w|, 0, max) / (epsilon + |w|).
///
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), JMLR 15, section 5.1.
struct MaxNorm: WeightConstraint {
    static let entry = Entry<any WeightConstraint>(
        "MaxNorm", doc: "lengths of at most max_value",
        parameters: [
            ParameterSpec("max_value", .real(from: 0, to: .infinity), default: 2.0, "the greatest length, >= 0"),
            WeightNorms.axis,
        ]
    ) { (parameters) throws(ApusError) in
        MaxNorm(parameters: parameters, norms: try WeightNorms(parameters), largest: Float(parameters.real("max_value")))
    }
    let parameters: Parameters
    let norms: WeightNorms
    let largest: Float

    func check(_ shape: Shape) throws(ApusError) { try norms.check(shape, parameters.kind) }

    func apply(_ weight: UnsafeMutablePointer<Float>, _ shape: Shape) {
        norms.scale(weight, shape) { min($0, largest) / (WeightNorms.epsilon + $0) }
    }
}
